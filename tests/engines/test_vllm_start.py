"""vLLM's start on a GPU, rehearsed without one: what Parley hands it is held against the installed package.

The package for the CPU has the parser, the variables and the guards of the one for GPUs.
"""

import os
from argparse import ArgumentError
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from llm_service.engines.local_model import LocalModel
from llm_service.engines.vllm_start import arguments, environment

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
AWQ = LocalModel("Qwen/Qwen2.5-7B-Instruct-AWQ", quantization="awq", dtype="float16", cache="/models")
CROWDED = replace(AWQ, slots=4096)
MODELS = (
    AWQ,
    LocalModel("somebody/model", tensor_parallel_size=2, enforce_eager=True, trust_remote_code=True),
)
ROOT = Path(__file__).parents[2]
each_model = pytest.mark.parametrize("model", MODELS, ids=["an AWQ model", "one on two cards"])


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM takes this machine for one with a new card."""
    from vllm.platforms import current_platform
    from vllm.platforms.interface import DeviceCapability

    monkeypatch.setattr(type(current_platform), "is_cuda", lambda _: True)
    monkeypatch.setattr(
        type(current_platform), "get_device_capability", lambda *_: DeviceCapability(major=9, minor=0)
    )


@pytest.fixture
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The operator says nothing of vLLM."""
    for name in [name for name in os.environ if name.startswith("VLLM_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def take_over(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("cuda")
def test_no_kernel_is_compiled_with_a_compiler_that_no_image_has(nothing_said: pytest.MonkeyPatch) -> None:
    """FlashInfer's sampler is built by nvcc at the first reply; vLLM looks at the card, not for nvcc."""
    from vllm.v1.sample.ops.topk_topp_sampler import flashinfer_sampler_supported

    take_over(nothing_said, environment(AWQ, {}))
    assert not flashinfer_sampler_supported()


@pytest.mark.usefixtures("cuda")
def test_the_variable_is_what_keeps_vllm_from_that_sampler(nothing_said: pytest.MonkeyPatch) -> None:
    """Without it the guard goes on to the library, which this package lacks."""
    from vllm import envs
    from vllm.v1.sample.ops.topk_topp_sampler import flashinfer_sampler_supported

    take_over(nothing_said, {**environment(AWQ, {}), "VLLM_USE_FLASHINFER_SAMPLER": "1"})
    assert envs.VLLM_USE_FLASHINFER_SAMPLER is True
    with pytest.raises(ImportError, match="flashinfer"):
        flashinfer_sampler_supported()


def test_every_variable_is_one_that_vllm_reads_and_its_value_is_possible(
    nothing_said: pytest.MonkeyPatch,
) -> None:
    from vllm.envs import environment_variables

    given = {name: value for name, value in environment(AWQ, {}).items() if name.startswith("VLLM_")}
    assert given.keys() <= environment_variables.keys()
    take_over(nothing_said, given)
    for name in given:
        environment_variables[name]()
    assert environment_variables["VLLM_USE_FLASHINFER_SAMPLER"]() is False
    assert environment_variables["VLLM_WORKER_MULTIPROC_METHOD"]() == "spawn"
    assert environment_variables["VLLM_NO_USAGE_STATS"]() is True
    assert environment_variables["VLLM_DO_NOT_TRACK"]() is True


def test_what_the_operator_says_wins_and_an_empty_word_says_nothing() -> None:
    said = {"VLLM_USE_FLASHINFER_SAMPLER": "1", "VLLM_LOGGING_LEVEL": "", "HF_HUB_CACHE": "/elsewhere"}
    given = environment(AWQ, said)
    assert given["VLLM_USE_FLASHINFER_SAMPLER"] == "1"
    assert given["VLLM_LOGGING_LEVEL"] == "WARNING"
    assert given["HF_HUB_CACHE"] == "/models", "MODELS_CACHE_DIR is Parley's own setting"


def test_every_variable_that_compose_hands_on_is_one_that_vllm_reads() -> None:
    from vllm.envs import environment_variables

    compose = yaml.safe_load((ROOT / "deploy/compose/gpu.yaml").read_text())
    handed_on = {name for name in compose["services"]["llm"]["environment"] if name.startswith("VLLM_")}
    assert "VLLM_USE_FLASHINFER_SAMPLER" in handed_on
    assert handed_on <= environment_variables.keys()


def parsed(given: dict[str, Any]) -> Any:
    """The arguments as vLLM's own command line reads them; argparse ends the process for one it does not."""
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = AsyncEngineArgs.add_cli_args(FlexibleArgumentParser(exit_on_error=False))
    return AsyncEngineArgs.from_cli_args(parser.parse_args(command_line(given)))


def command_line(given: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in given.items():
        option = name.replace("_", "-")
        match value:
            case None:
                continue
            case bool():
                words.append(f"--{option}" if value else f"--no-{option}")
            case dict():
                words += [f"--{option}.{key}={str(item).lower()}" for key, item in value.items()]
            case _:
                words.append(f"--{option}={value}")
    return words


@each_model
def test_every_argument_is_one_that_vllm_takes_with_a_value_that_it_takes(
    model: LocalModel, tiny_model: Path
) -> None:
    from vllm.config import StructuredOutputsConfig
    from vllm.engine.arg_utils import AsyncEngineArgs

    given = arguments(replace(model, name=str(tiny_model)))
    read, built = parsed(given), AsyncEngineArgs(**given)
    for name in given:
        if name != "structured_outputs_config":
            assert getattr(read, name) == getattr(built, name) == given[name], name
    bound = StructuredOutputsConfig(**given["structured_outputs_config"])
    assert read.structured_outputs_config == bound
    assert (bound.backend, bound.disable_any_whitespace) == ("guidance", True)


def test_a_name_or_a_value_that_vllm_does_not_take_is_noticed_here(tiny_model: Path) -> None:
    given = arguments(replace(AWQ, name=str(tiny_model)))
    with pytest.raises(ArgumentError, match="--dtype: invalid choice"):
        parsed({**given, "dtype": "float15"})
    with pytest.raises(SystemExit, match="2"):
        parsed({**given, "wibble": 1})


@pytest.mark.parametrize("model", [AWQ, CROWDED], ids=["usual", "crowded"])
def test_a_step_is_short_and_has_a_token_for_every_reply(model: LocalModel, tiny_model: Path) -> None:
    """vLLM refuses fewer tokens than replies, and a longer window unless it may be read in pieces."""
    given = arguments(replace(model, name=str(tiny_model), quantization="", dtype="auto"))
    scheduler = parsed(given).create_engine_config().scheduler_config
    assert scheduler.max_num_batched_tokens == max(512, model.slots)
    assert scheduler.max_num_seqs == model.slots
    assert scheduler.enable_chunked_prefill is True
    assert scheduler.policy == "priority"


def test_the_quantization_is_one_that_vllm_has_kernels_for() -> None:
    from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS, get_quantization_config

    assert arguments(AWQ)["quantization"] == "awq"
    assert {"awq", "awq_marlin"} <= set(QUANTIZATION_METHODS)
    get_quantization_config("awq_marlin")
