"""Kyutai's voice loads on a card: rehearsed on the CPU, through the engine's own `load()`."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.gpu_slice import Grant
from tests.kyutai.cuda_rehearsal import rehearse_cuda
from tts_service.engine import Voice
from tts_service.engines.moshi import MoshiEngine

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(180)]
SLICE = Grant(7 * GB, 24 * GB)
VOICES = ("anna", "bert", "anna")


async def words() -> AsyncIterator[str]:
    for word in ("please", "speak", "slowly", "to", "me"):
        yield word


async def say(engine: MoshiEngine, voice: str) -> bytes:
    return b"".join([speech.pcm async for speech in engine.speak(words(), Voice(name=voice, speed=1.2))])


async def load_and_speak(engine: MoshiEngine) -> list[bytes]:
    """Replies in turn and side by side, so that slots are reset and take voices."""
    await engine.load()
    try:
        first = await say(engine, VOICES[0])
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(say(engine, voice)) for voice in VOICES[1:]]
        return [first, *(other.result() for other in others)]
    finally:
        await engine.unload()


@pytest.mark.parametrize("device", ["", "cuda", "cuda:0"])
def test_it_loads_on_the_card_and_speaks(runner: asyncio.Runner, tts_checkpoint: Path, device: str) -> None:
    engine = MoshiEngine(str(tts_checkpoint), 2, device)
    engine.keep_to(SLICE)
    with rehearse_cuda() as cuda:
        assert all(runner.run(load_and_speak(engine)))
        assert engine.info.device == "cuda:0"
    assert cuda.shares == {0: pytest.approx(SLICE.allocator_share)}
    assert set(cuda.devices) == {0}


def test_all_that_is_recorded_is_recorded_before_the_first_reply(
    runner: asyncio.Runner, tts_checkpoint: Path
) -> None:
    """Recording takes a while, and no reply is to wait for it; the resets of slots are a graph too."""
    engine = MoshiEngine(str(tts_checkpoint), 2)

    async def main() -> tuple[int, int]:
        await engine.load()
        before = cuda.graphs
        await say(engine, "anna")
        await say(engine, "bert")
        after = cuda.graphs
        assert engine._board is not None
        assert engine._board._model._reset.graph._args is not None  # type: ignore[attr-defined]
        await engine.unload()
        return before, after

    with rehearse_cuda() as cuda:
        before, after = runner.run(main())
    assert before == after > 4


def test_a_card_that_is_not_seen_is_refused_in_words(runner: asyncio.Runner, tts_checkpoint: Path) -> None:
    with rehearse_cuda(), pytest.raises(NotReady, match=r"cuda:1 is not there: .* sees 1 GPU, .*GPU_INDEX"):
        runner.run(MoshiEngine(str(tts_checkpoint), 2, "cuda:1").load())


@pytest.mark.parametrize("device", ["", "cuda"])
def test_a_slice_on_an_old_driver_is_no_silent_run_on_the_cpu(
    runner: asyncio.Runner, tts_checkpoint: Path, device: str
) -> None:
    engine = MoshiEngine(str(tts_checkpoint), 2, device)
    engine.keep_to(SLICE)
    with (
        rehearse_cuda(cards=0),
        pytest.raises(NotReady, match=r"driver too old: needs driver 580 .*CUDA 13\.0"),
    ):
        runner.run(engine.load())


def test_no_slice_and_no_cuda_is_the_cpu(runner: asyncio.Runner, tts_checkpoint: Path) -> None:
    engine = MoshiEngine(str(tts_checkpoint), 2)
    runner.run(engine.load())
    assert engine.info.device == "cpu"
    runner.run(engine.unload())
