"""Kyutai's recogniser as the service uses it: utterances, finals ahead of time, slots that come and go."""

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from chassis.faults import NoSlot, NotReady, Unavailable
from engine_room.held_memory import held_bytes
from protos.sound import HEARD_RATE
from stt_service.engine import Hypothesis, ListenOptions, Pause, SttStream
from stt_service.engines import moshi_slots, moshi_stream
from stt_service.engines.moshi import MoshiEngine
from stt_service.engines.moshi_model import MoshiModel
from stt_service.engines.moshi_words import WordWriter
from tests.kyutai.ears import make_ear

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
SLOTS = 4
CHUNK = 512 * 2


def voice(seconds: float, seed: int = 0) -> bytes:
    samples = np.random.default_rng(seed).standard_normal(int(seconds * HEARD_RATE)) * 4000
    return samples.astype("<i2").tobytes()


async def hear(stream: SttStream, pcm: bytes) -> list[Hypothesis | Pause]:
    outputs: list[Hypothesis | Pause] = []
    for start in range(0, len(pcm), CHUNK):
        outputs += await stream.feed(pcm[start : start + CHUNK])
        await asyncio.sleep(0)
    return outputs


@pytest.fixture(scope="module")
def engine(runner: asyncio.Runner, stt_checkpoint: Path) -> Iterator[MoshiEngine]:
    engine = make_ear(stt_checkpoint, SLOTS)
    runner.run(engine.load())
    yield engine
    runner.run(engine.unload())


def test_an_utterance_is_written_with_times_and_again_the_same(
    runner: asyncio.Runner, engine: MoshiEngine
) -> None:
    async def main() -> list[Hypothesis]:
        stream = engine.open(ListenOptions())
        heard = []
        for _ in range(2):
            await hear(stream, voice(3))
            heard.append(await stream.finish())
        await stream.close()
        return heard

    first, second = runner.run(main())
    assert first == second
    assert first.text
    assert " ".join(word.text for word in first.words) == first.text
    samples = [word.sample for word in first.words]
    assert samples == sorted(samples)
    assert samples[-1] <= 3 * HEARD_RATE


def test_a_final_comes_faster_than_the_speech_took(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def main() -> float:
        stream = engine.open(ListenOptions())
        began = time.monotonic()
        await hear(stream, voice(8))
        await stream.finish()
        await stream.close()
        return time.monotonic() - began

    assert runner.run(main()) < 8


def test_words_and_pauses_come_while_somebody_speaks(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def main() -> list[Hypothesis | Pause]:
        stream = engine.open(ListenOptions())
        outputs = []
        for second in range(4):
            outputs += await hear(stream, voice(1, second))
            await asyncio.sleep(0.3)
        await stream.close()
        return outputs

    outputs = runner.run(main())
    assert any(isinstance(output, Hypothesis) for output in outputs)
    assert any(isinstance(output, Pause) for output in outputs)


def test_streams_side_by_side_hear_only_themselves(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def one(seed: int, seconds: float) -> Hypothesis:
        stream = engine.open(ListenOptions())
        await hear(stream, voice(seconds, seed))
        heard = await stream.finish()
        await stream.close()
        return heard

    async def together() -> list[Hypothesis]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(seed, 1 + seed * 0.7)) for seed in range(SLOTS)]
        return [task.result() for task in tasks]

    wanted = [runner.run(one(seed, 1 + seed * 0.7)) for seed in range(SLOTS)]
    assert runner.run(together()) == wanted
    assert len({heard.text for heard in wanted}) > 1


def test_nothing_heard_is_nothing_said(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def main() -> Hypothesis:
        stream = engine.open(ListenOptions())
        heard = await stream.finish()
        await stream.close()
        return heard

    assert runner.run(main()) == Hypothesis("")


def test_a_reset_forgets_the_utterance_under_way(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def main() -> tuple[Hypothesis, Hypothesis]:
        stream = engine.open(ListenOptions())
        await hear(stream, voice(1, 5))
        wanted = await stream.finish()
        await hear(stream, voice(2, 6))
        await stream.reset()
        await hear(stream, voice(1, 5))
        heard = await stream.finish()
        await stream.close()
        return wanted, heard

    wanted, heard = runner.run(main())
    assert heard == wanted


def test_slots_are_counted_and_given_back(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def main() -> None:
        streams = [engine.open(ListenOptions()) for _ in range(SLOTS)]
        with pytest.raises(NoSlot, match=f"all {SLOTS} places"):
            engine.open(ListenOptions())
        for stream in streams:
            await stream.close()
            await stream.close()
        with pytest.raises(NotReady, match="closed"):
            await streams[0].feed(voice(0.1))
        await engine.open(ListenOptions()).close()

    runner.run(main())


def test_200_streams_that_come_and_go_leave_nothing(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def cycles(count: int) -> None:
        for number in range(count):
            stream = engine.open(ListenOptions())
            await hear(stream, voice(0.3, number))
            if number % 3 == 0:
                await stream.finish()
            await stream.close()

    runner.run(cycles(20))
    gc.collect()
    before, threads = held_bytes(), threading.active_count()
    runner.run(cycles(200))
    gc.collect()
    assert threading.active_count() == threads
    assert held_bytes() < before + 20_000_000
    runner.run(take_all_slots(engine))


async def take_all_slots(engine: MoshiEngine) -> None:
    streams = [engine.open(ListenOptions()) for _ in range(SLOTS)]
    for stream in streams:
        await stream.close()


def test_a_slot_that_hears_speech_and_writes_nothing_begins_anew(
    runner: asyncio.Runner, engine: MoshiEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moshi_stream, "MUTE_FRAMES", 3)
    monkeypatch.setattr(WordWriter, "take", lambda *_: False)

    async def main() -> None:
        stream = engine.open(ListenOptions())
        await hear(stream, voice(3))
        await asyncio.sleep(0.5)
        await stream.close()

    before = moshi_stream.STARTED_ANEW._value.get()
    runner.run(main())
    assert moshi_stream.STARTED_ANEW._value.get() > before


def test_a_step_slower_than_speech_is_counted(
    runner: asyncio.Runner, engine: MoshiEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moshi_slots, "FRAME_S", 0.0)

    async def main() -> None:
        stream = engine.open(ListenOptions())
        await hear(stream, voice(1))
        await stream.finish()
        await stream.close()

    before = moshi_slots.LATE._value.get()
    runner.run(main())
    assert moshi_slots.LATE._value.get() > before


def test_a_model_that_breaks_is_told_and_loads_again(runner: asyncio.Runner, stt_checkpoint: Path) -> None:
    async def main() -> None:
        engine = make_ear(stt_checkpoint, 2)
        await engine.load()
        stream = engine.open(ListenOptions())
        assert engine.healthy
        assert engine._board is not None
        engine._board._model.step = None  # type: ignore[method-assign, assignment]
        await stream.feed(voice(1))
        with pytest.raises(Unavailable):
            await stream.finish()
        assert not engine.healthy
        with pytest.raises(NotReady):
            engine.open(ListenOptions())
        await engine.load()
        with pytest.raises(Unavailable):  # what was open before has no place in the new model
            await stream.feed(voice(1))
        await stream.close()
        stream = engine.open(ListenOptions("en-US"))
        await stream.feed(voice(1))
        assert (await stream.finish()).text
        await engine.unload()
        assert not engine.healthy

    runner.run(main())


def test_a_model_that_cannot_be_warmed_is_not_ready_and_leaves_no_thread(
    runner: asyncio.Runner, stt_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_: object) -> None:
        raise MemoryError("the card is full")

    monkeypatch.setattr(MoshiModel, "warm", break_down)
    engine = make_ear(stt_checkpoint, 2)
    with pytest.raises(NotReady, match="the card is full"):
        runner.run(engine.load())
    assert not engine.healthy


def test_a_checkpoint_that_is_not_there_is_named(runner: asyncio.Runner, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"no config\.json"):
        runner.run(make_ear(tmp_path, 1).load())
