"""Engines with a model on a GPU declare the share of their settings, and load with what was granted."""

from pathlib import Path
from typing import Any

import pytest

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.engines import GpuBound
from engine_room.gpu_slice import CONTEXT_BYTES, Amount, GpuNeed, Grant
from llm_service.engines.local_model import LocalModel
from tests.kyutai.cuda_rehearsal import rehearse_cuda
from tests.support.leaks import run

pytestmark = pytest.mark.filterwarnings("ignore")
MODEL = LocalModel("tiny", gpu_memory_utilization=0.35, tensor_parallel_size=2)
SHARE = "LLM_GPU_MEMORY_UTILIZATION"
GRANT = Grant(6 * GB, 24 * GB)


def test_vllm_declares_its_share_of_each_gpu_and_loads_with_what_was_granted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from llm_service.engines import transformers, vllm

    started: list[LocalModel] = []

    async def start(model: LocalModel) -> Any:
        started.append(model)
        raise RuntimeError("no library here")

    monkeypatch.setattr(vllm, "start", start)
    engine = vllm.VllmEngine(MODEL)
    assert isinstance(engine, GpuBound)
    assert engine.gpu_need == GpuNeed(Amount(share=0.35), gpus=2)
    for shares in ([0.35], [0.35, 0.25]):
        with pytest.raises(NotReady, match="no library here"):
            run(engine.load())
        assert [model.gpu_memory_utilization for model in started] == shares
        engine.keep_to(GRANT)
    assert engine.gpu_need == GpuNeed(Amount(share=0.35), gpus=2), "what it wants is not what it got"
    assert engine.gpu_need.lower == transformers.TransformersEngine(MODEL).gpu_need.lower == SHARE


def test_vllm_refuses_a_share_that_does_not_hold_its_model() -> None:
    from llm_service.engines import vllm

    engine = vllm.VllmEngine(LocalModel("Qwen/Qwen2.5-7B-Instruct-AWQ", gpu_memory_utilization=0.35))
    with pytest.raises(NotReady, match=r"needs 7\.2 GB.*5\.6 GB of 16\.0 GB; set .*LLM_MODEL_NAME="):
        engine.keep_to(Grant(int(5.6 * GB), 16 * GB))
    engine.keep_to(Grant(int(0.4 * 24 * GB), 24 * GB))


def test_transformers_leaves_cuda_its_part_of_what_was_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    from llm_service.engines import transformers

    shares: list[float] = []

    def fail(model: LocalModel, share: float) -> Any:
        assert model is MODEL
        shares.append(share)
        raise NotReady("no library here")

    monkeypatch.setattr(transformers, "_read", fail)
    engine = transformers.TransformersEngine(MODEL)
    assert isinstance(engine, GpuBound)
    assert engine.gpu_need == GpuNeed(Amount(share=0.35))
    engine.keep_to(GRANT)
    with pytest.raises(NotReady, match="no library here"):
        run(engine.load())
    assert shares[0] * 24 * GB == pytest.approx(6 * GB - CONTEXT_BYTES)


def test_transformers_loads_on_the_card_that_was_granted(tiny_model: Path) -> None:
    from llm_service.engines.transformers import TransformersEngine

    engine = TransformersEngine(LocalModel(str(tiny_model), max_model_len=512, slots=1))
    engine.keep_to(GRANT)

    async def main() -> str:
        await engine.load()
        device = engine.info.device
        await engine.unload()
        return device

    with rehearse_cuda() as cuda:
        assert run(main()) == "cuda:0"
    assert cuda.shares == {0: pytest.approx(GRANT.allocator_share)}


def test_transformers_says_that_the_driver_is_too_old(tiny_model: Path) -> None:
    """And does not answer from the CPU, too late for everybody, where a GPU was granted."""
    from llm_service.engines.transformers import TransformersEngine

    engine = TransformersEngine(LocalModel(str(tiny_model)))
    engine.keep_to(GRANT)
    with rehearse_cuda(cards=0), pytest.raises(NotReady, match="driver too old: needs driver 580"):
        run(engine.load())
