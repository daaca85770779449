"""More speakers than slots: each has one while it speaks, in turn, and nothing that was said is lost."""

import asyncio

import pytest

from chassis.faults import NoSlot, NotReady
from stt_service.engine import PAUSES, ListenOptions, SttStream
from stt_service.engines import moshi_stream
from stt_service.engines.moshi_options import MoshiOptions
from stt_service.engines.moshi_stream import MoshiStream
from tests.unit.stt_service.moshi_rig import Ear, tone, until, use

ENGLISH = ListenOptions()


def ear(slots: int = 1, streams_per_slot: int = 3, **more: bool) -> Ear:
    return Ear(MoshiOptions("tiny", slots, streams_per_slot=streams_per_slot, tick_ms=5), **more)


def test_more_streams_may_be_open_than_there_are_slots_and_no_more_than_was_said() -> None:
    async def work(ear: Ear) -> None:
        assert ear.info.slots == 6
        streams = [ear.open(ENGLISH) for _ in range(6)]
        with pytest.raises(NoSlot, match="all 6 places"):
            ear.open(ENGLISH)
        await streams[0].close()
        await ear.open(ENGLISH).close()

    use(ear(slots=2), work)


def test_who_finds_no_slot_is_heard_whole_when_one_is_free() -> None:
    async def work(ear: Ear) -> None:
        first, second = ear.open(ENGLISH), ear.open(ENGLISH)
        await first.feed(tone(5))
        before = moshi_stream.WAITED._value.get()
        assert await second.feed(tone(4)) == []
        assert moshi_stream.WAITED._value.get() == before + 1
        alone = await first.finish()
        await second.feed(tone(4))
        waited = await second.finish()
        assert len(alone.words) == 5
        assert [word.sample // 1280 for word in waited.words] == [0, 0, 0, 1, 2, 3, 4, 5]

    use(ear(), work)


def test_those_who_wait_are_served_in_the_order_in_which_they_came() -> None:
    async def work(ear: Ear) -> None:
        streams = [ear.open(ENGLISH) for _ in range(3)]
        order: list[int] = []

        async def speak(number: int, stream: SttStream) -> None:
            await stream.feed(tone(3))
            await asyncio.sleep(0.02)
            assert (await stream.finish()).text
            order.append(number)

        async with asyncio.TaskGroup() as group:
            for number, stream in enumerate(streams):
                group.create_task(speak(number, stream))
                await asyncio.sleep(0.001)
        assert order == [0, 1, 2]

    use(ear(), work)


def test_who_waits_too_long_is_told_and_may_speak_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moshi_stream, "WAIT_S", 0.05)

    async def work(ear: Ear) -> None:
        first, second = ear.open(ENGLISH), ear.open(ENGLISH)
        await first.feed(tone(2))
        await second.feed(tone(2))
        with pytest.raises(NoSlot, match=r"no place of the recogniser was free for 0\.05 s"):
            await second.finish()
        await second.reset()
        await first.finish()
        await second.feed(tone(2))
        assert len((await second.finish()).words) == 2

    use(ear(), work)


def test_who_leaves_the_queue_leaves_it_to_the_others() -> None:
    async def work(ear: Ear) -> None:
        first, second, third = (ear.open(ENGLISH) for _ in range(3))
        for stream in (first, second, third):
            await stream.feed(tone(2))
        await second.close()
        await first.reset()
        assert len((await third.finish()).words) == 2
        await first.feed(tone(3))
        assert len((await first.finish()).words) == 3

    use(ear(), work)


def test_an_answer_to_the_one_before_is_not_told_to_the_next() -> None:
    async def work(ear: Ear) -> None:
        first, second = ear.open(ENGLISH), ear.open(ENGLISH)
        for _ in range(20):
            await first.feed(tone(2))
            await second.feed(tone(1))
            await first.reset()
            assert len((await second.finish()).words) == 1

    use(ear(), work)


@pytest.mark.parametrize("prefix", [0, 13])
def test_a_slot_that_fell_silent_begins_anew_with_its_prefix_and_keeps_the_time(
    monkeypatch: pytest.MonkeyPatch, prefix: int
) -> None:
    monkeypatch.setattr(moshi_stream, "MUTE_FRAMES", 4)

    async def work(ear: Ear) -> None:
        stream = ear.open(ENGLISH)
        assert isinstance(stream, MoshiStream)
        ear.model.mute = True
        before = moshi_stream.STARTED_ANEW._value.get()
        await stream.feed(tone(10))
        await until(lambda: moshi_stream.STARTED_ANEW._value.get() > before)
        await until(lambda: stream._slot is not None and not stream._slot.frames)
        ear.model.mute = False
        await stream.feed(tone(4))
        words = (await stream.finish()).words
        # Frame 10 on, each written in its own frame: the delay is taken off, the prefix counts for nothing.
        assert [word.sample // 1280 for word in words] == [8, 9, 10, 11]

    use(Ear(MoshiOptions("tiny", 1, tick_ms=5), prefix), work)


def test_a_model_without_pauses_is_refused_where_pauses_were_asked_for() -> None:
    wanting = Ear(MoshiOptions("tiny", 1, needs_pauses=True), has_pauses=False)

    async def work(_: Ear) -> None: ...

    with pytest.raises(NotReady, match=r"'tiny' does not: say STT_END_OF_TURN=silence, or ASR_MODEL_NAME="):
        use(wanting, work)


@pytest.mark.parametrize("has_pauses", [True, False])
def test_it_says_whether_it_predicts_pauses(has_pauses: bool) -> None:
    async def work(ear: Ear) -> tuple[str, ...]:
        return ear.info.abilities

    assert use(Ear(MoshiOptions("tiny", 1), has_pauses=has_pauses), work) == ((PAUSES,) if has_pauses else ())
