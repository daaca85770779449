"""`/gpu` says what the cards have, what the services declared and what they hold; `/status` too."""

from pathlib import Path
from typing import Any

import pytest

from chassis.gpu_cards import GB, Gpu
from gateway.apis.ai_talk.gpu import describe_gpu, gpu_body, slices_of
from gateway.apis.ai_talk.status import model
from protos.parley.v1.control_pb2 import ModelStatus
from tests.support.nvidia_smi import card, put_nvidia_smi

STT = ModelStatus(engine="moshi", slice_bytes=8 * GB, gpu_bytes=6 * GB)
LLM = ModelStatus(engine="vllm", slice_bytes=round(8.4 * GB), gpu_bytes=8 * GB)
TTS = ModelStatus(engine="moshi", slice_bytes=5 * GB)


def gpu(free_gb: float, total_gb: float = 24) -> Gpu:
    return Gpu(0, "GPU-0", "NVIDIA L4", round(total_gb * GB), round(free_gb * GB))


def body(free_gb: float, *statuses: ModelStatus, required_gb: float = 0) -> dict[str, Any]:
    named = {f"s{number}": status for number, status in enumerate(statuses)}
    return gpu_body([gpu(free_gb)], slices_of(named), 2, required_gb)


def test_each_service_that_declared_a_slice_is_listed() -> None:
    statuses = {"stt": STT, "llm": None, "tts": TTS, "analysis": ModelStatus(engine="rules")}
    assert slices_of(statuses) == [
        {"service": "stt", "engine": "moshi", "slice_bytes": 8 * GB, "held_bytes": 6 * GB},
        {"service": "tts", "engine": "moshi", "slice_bytes": 5 * GB, "held_bytes": 0},
    ]


def test_what_is_required_is_what_was_declared_and_the_reserve() -> None:
    assert body(24, STT, LLM, TTS)["required_memory_gb"] == 23.4


def test_until_anything_was_declared_it_is_the_figure_of_the_profile() -> None:
    answer = body(10, required_gb=16.5)
    assert (answer["required_memory_gb"], answer["sufficient_memory"]) == (16.5, False)
    assert answer["warnings"] == ["16.5 GB are needed; 10.0 GB are free."]


def test_what_the_services_hold_already_is_not_missing() -> None:
    enough = body(9.4, STT, LLM, TTS)
    assert (enough["sufficient_memory"], enough["warnings"]) == (True, [])
    short = body(9.3, STT, LLM, TTS)
    assert short["sufficient_memory"] is False
    assert short["warnings"] == ["23.4 GB are needed; 9.3 GB are free and 14.0 GB are the services' own."]


def test_the_use_of_the_card_is_told() -> None:
    answer = body(6, STT)
    assert (answer["gpu_name"], answer["total_memory_gb"], answer["free_memory_gb"]) == ("NVIDIA L4", 24, 6)
    assert (answer["memory_allocated_gb"], answer["memory_utilization_percent"]) == (18, 75)


@pytest.mark.parametrize(("required", "warnings"), [(16.5, ["No CUDA device was found."]), (0.0, [])])
def test_a_machine_without_a_card_warns_where_one_is_needed(required: float, warnings: list[str]) -> None:
    answer = gpu_body([], [], 2, required)
    assert (answer["cuda_available"], answer["gpu_name"], answer["warnings"]) == (False, None, warnings)
    assert "memory_allocated_gb" not in answer
    assert answer["sufficient_memory"] is (required == 0)


async def test_the_cards_are_those_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", put_nvidia_smi(tmp_path, [card(0, 24, 20, "NVIDIA A"), card(1, 48, 30)]))
    answer = await describe_gpu("gpu", {"stt": STT}, 2)
    assert answer["gpu_name"] == "NVIDIA A, NVIDIA Test"
    assert answer["total_memory_gb"] == pytest.approx(72, abs=0.01)
    assert answer["required_memory_gb"] == 10


def test_each_model_of_the_status_has_its_slice_and_what_it_holds() -> None:
    assert {key: model(LLM)[key] for key in ("slice_gb", "gpu_gb")} == {"slice_gb": 8.4, "gpu_gb": 8.0}
