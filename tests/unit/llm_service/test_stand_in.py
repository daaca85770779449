"""Which model stands in for vLLM's: one that transformers can load wherever it runs."""

import pytest

from cli.setup.plan import make_plan
from llm_service.engines.local import substitute
from llm_service.settings import MODELS, LlmSettings

AWQ = "Qwen/Qwen2.5-3B-Instruct-AWQ"


def settings(**given: str) -> LlmSettings:
    return LlmSettings(llm_engine="vllm", llm_model_name=AWQ, llm_quantization="awq", **given)  # type: ignore[arg-type]


def test_the_stand_in_is_the_small_model_whatever_vllm_was_to_load() -> None:
    """transformers has no kernels for AWQ."""
    assert settings().fallback_model == MODELS["transformers"]
    model = substitute(settings())
    assert (model.name, model.quantization) == (MODELS["transformers"], "")


def test_the_operator_may_name_another() -> None:
    assert substitute(settings(llm_fallback_model_name="some/model")).name == "some/model"


@pytest.mark.parametrize("named", ["", "some/model"])
def test_what_is_downloaded_for_it_is_what_it_loads(named: str) -> None:
    plan = make_plan("gpu", {"LLM_MODEL_NAME": AWQ, "LLM_FALLBACK_MODEL_NAME": named})
    wanted = [model.repo for model in plan.wanted if model.service == "llm"]
    assert wanted == [AWQ, settings(llm_fallback_model_name=named).fallback_model]
