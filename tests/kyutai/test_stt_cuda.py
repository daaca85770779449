"""Kyutai's recogniser loads on a card: rehearsed on the CPU, through the engine's own `load()`."""

import asyncio
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.gpu_slice import Grant
from engine_room.torch_device import may_compile
from protos.sound import HEARD_RATE
from stt_service.engine import ListenOptions
from stt_service.engines import moshi_model as ear_model
from stt_service.engines.moshi import MoshiEngine
from stt_service.engines.moshi_options import MoshiOptions
from tests.kyutai.cuda_rehearsal import rehearse_cuda
from tests.kyutai.ears import make_ear
from tts_service.engines import moshi_model as voice_model

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
SLICE = Grant(8 * GB, 24 * GB)


async def load_and_hear(engine: MoshiEngine) -> str:
    await engine.load()
    try:
        stream = engine.open(ListenOptions())
        voice = np.random.default_rng(0).standard_normal(2 * HEARD_RATE) * 4000
        await stream.feed(voice.astype("<i2").tobytes())
        heard = await stream.finish()
        await stream.close()
        return heard.text
    finally:
        await engine.unload()


@pytest.mark.parametrize("device", ["", "cuda", "cuda:0"])
def test_it_loads_on_the_card_and_hears(runner: asyncio.Runner, stt_checkpoint: Path, device: str) -> None:
    engine = make_ear(stt_checkpoint, 2, device)
    engine.keep_to(SLICE)
    with rehearse_cuda() as cuda:
        assert runner.run(load_and_hear(engine))
        assert engine.info.device == "cuda:0"
    assert cuda.shares == {0: pytest.approx(SLICE.allocator_share)}
    assert set(cuda.devices) == {0}
    assert cuda.graphs


@pytest.mark.parametrize("dtype", ["auto", "bfloat16", "float16", "float32"])
def test_it_hears_in_each_number_format(runner: asyncio.Runner, stt_checkpoint: Path, dtype: str) -> None:
    with rehearse_cuda():
        assert runner.run(load_and_hear(make_ear(stt_checkpoint, 2, dtype=dtype)))


def test_many_utterances_hear_the_same_by_recorded_graphs(
    runner: asyncio.Runner, stt_checkpoint: Path
) -> None:
    """As without: what a graph writes is where it is read, and a reset that was recorded resets."""

    async def hear(device: str) -> list[str]:
        engine = make_ear(stt_checkpoint, 2, device, dtype="float32")
        await engine.load()
        stream = engine.open(ListenOptions())
        heard = []
        for number in range(4):
            voice = np.random.default_rng(number % 2).standard_normal(2 * HEARD_RATE) * 4000
            await stream.feed(voice.astype("<i2").tobytes())
            heard.append((await stream.finish()).text)
        await stream.close()
        await engine.unload()
        return heard

    with rehearse_cuda() as cuda:
        recorded = runner.run(hear("cuda"))
    assert cuda.graphs
    assert recorded == runner.run(hear("cpu"))
    assert recorded[:2] == recorded[2:]


def test_a_card_that_is_not_seen_is_refused_in_words(runner: asyncio.Runner, stt_checkpoint: Path) -> None:
    with rehearse_cuda(), pytest.raises(NotReady, match=r"cuda:1 is not there: .* sees 1 GPU, .*GPU_INDEX"):
        runner.run(make_ear(stt_checkpoint, 2, "cuda:1").load())


def test_of_two_cards_the_second_is_the_second(runner: asyncio.Runner, stt_checkpoint: Path) -> None:
    engine = make_ear(stt_checkpoint, 2, "cuda:1")
    with rehearse_cuda(cards=2) as cuda:
        assert runner.run(load_and_hear(engine))
        assert engine.info.device == "cuda:1"
    assert set(cuda.devices) == {1}


@pytest.mark.parametrize("device", ["", "cuda"])
def test_a_slice_on_an_old_driver_is_no_silent_run_on_the_cpu(
    runner: asyncio.Runner, stt_checkpoint: Path, device: str
) -> None:
    engine = make_ear(stt_checkpoint, 2, device)
    engine.keep_to(SLICE)
    with (
        rehearse_cuda(cards=0),
        pytest.raises(NotReady, match=r"driver too old: needs driver 580 .*CUDA 13\.0"),
    ):
        runner.run(engine.load())


def test_a_slice_without_cuda_in_torch_is_refused(runner: asyncio.Runner, stt_checkpoint: Path) -> None:
    engine = make_ear(stt_checkpoint, 2)
    engine.keep_to(SLICE)
    with pytest.raises(NotReady, match="built for the CPU alone"):
        runner.run(engine.load())


def test_no_slice_and_no_cuda_is_the_cpu(runner: asyncio.Runner, stt_checkpoint: Path) -> None:
    engine = make_ear(stt_checkpoint, 2)
    runner.run(engine.load())
    assert engine.info.device == "cpu"
    runner.run(engine.unload())


def test_nothing_is_compiled_where_triton_finds_no_compiler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would end the load of a model that runs without."""
    programs, headers = {"gcc"}, tmp_path / "Python.h"
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    monkeypatch.setattr(shutil, "which", lambda name: name if name in programs else None)
    card = torch.device("cuda", 0)
    assert not may_compile(card)
    headers.touch()
    assert may_compile(card)
    assert not may_compile(torch.device("cpu"))
    programs.clear()
    assert not may_compile(card)


@pytest.mark.parametrize("may", [False, True])
def test_a_step_compiles_where_it_may(
    monkeypatch: pytest.MonkeyPatch, stt_checkpoint: Path, tts_checkpoint: Path, may: bool
) -> None:
    compiled: list[str] = []

    def compile_it(function: Callable[..., Any]) -> Callable[..., Any]:
        compiled.append(function.__name__)
        return function

    monkeypatch.setattr(torch, "compile", compile_it)
    for module in (ear_model, voice_model):
        monkeypatch.setattr(module, "may_compile", lambda _: may)
    ear_model.load(MoshiOptions(str(stt_checkpoint), 1, "cpu")).model.warm()
    assert bool(compiled) is may
    if not may:  # what the one has compiled the other takes as it is
        voice_model.load(str(tts_checkpoint), 1, "cpu", "auto", 0)[0].warm()
        assert not compiled


def test_what_is_no_device_is_named(runner: asyncio.Runner, stt_checkpoint: Path) -> None:
    with pytest.raises(NotReady, match="'gpu' is no device"):
        runner.run(make_ear(stt_checkpoint, 2, "gpu").load())


def test_the_rehearsal_refuses_what_cuda_refuses() -> None:
    with rehearse_cuda():
        with pytest.raises(ValueError, match="specified index"):
            torch.cuda.set_device("cuda")
        with pytest.raises(ValueError, match="specified index"):
            torch.cuda.set_per_process_memory_fraction(0.5, "cuda")
        with pytest.raises(TypeError, match="float"):
            torch.cuda.set_per_process_memory_fraction(1, 0)
        with pytest.raises(RuntimeError, match="ordinal"):
            torch.cuda.set_device(1)
        with pytest.raises(RuntimeError, match="ordinal"):
            torch.zeros(2, device="cuda:1")
        here, there = torch.ones(2), torch.ones(2, device="cuda")
        assert there.device == torch.device("cuda", 0)
        with pytest.raises(RuntimeError, match="same device"):
            here + there
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        assert (here.to("cuda") + there).cpu().tolist() == [2, 2]
        assert here.device.type == "cpu"
