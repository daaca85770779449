"""Engines with a model on a GPU declare the share of their settings, and load with what was granted."""

from typing import Any

import pytest

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.engines import GpuBound
from engine_room.gpu_slice import CONTEXT_BYTES, Amount, GpuNeed, Grant
from llm_service.engines.local_model import LocalModel
from tests.support.leaks import run

MODEL = LocalModel("tiny", gpu_memory_utilization=0.35, tensor_parallel_size=2)
GRANT = Grant(6 * GB, 24 * GB)


def test_vllm_declares_its_share_of_each_gpu_and_loads_with_what_was_granted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from llm_service.engines import vllm

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


def test_vllm_refuses_a_share_that_does_not_hold_its_model() -> None:
    from llm_service.engines import vllm

    engine = vllm.VllmEngine(LocalModel("Qwen/Qwen2.5-7B-Instruct-AWQ", gpu_memory_utilization=0.35))
    with pytest.raises(NotReady, match=r"needs 7\.2 GB.*5\.6 GB of 16\.0 GB; set .*LLM_MODEL_NAME="):
        engine.keep_to(Grant(int(5.6 * GB), 16 * GB))
    engine.keep_to(Grant(int(0.4 * 24 * GB), 24 * GB))


def test_transformers_leaves_cuda_its_part_of_what_was_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    from llm_service.engines import transformers

    read: list[LocalModel] = []

    def fail(model: LocalModel) -> Any:
        read.append(model)
        raise NotReady("no library here")

    monkeypatch.setattr(transformers, "_read", fail)
    engine = transformers.TransformersEngine(MODEL)
    assert isinstance(engine, GpuBound)
    assert engine.gpu_need == GpuNeed(Amount(share=0.35))
    engine.keep_to(GRANT)
    with pytest.raises(NotReady, match="no library here"):
        run(engine.load())
    assert read[0].gpu_memory_utilization * 24 * GB == pytest.approx(6 * GB - CONTEXT_BYTES)
