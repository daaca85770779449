"""What every speech-to-text engine keeps to. An engine's tests inherit these and say how it is made.

class TestFake(SttConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> SttEngine: ...
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise

import pytest
import uvloop

from chassis.faults import NoSlot, NotReady, Unsupported
from protos.sound import HEARD_RATE
from stt_service.engine import Hypothesis, ListenOptions, Pause, SttEngine, SttStream
from tests.support.leaks import check_clean
from tests.support.spoken import silence, speech

FRAME_BYTES = 640
BUSY_S = 0.1
ENGLISH = ListenOptions("en")


def first_words() -> bytes:
    return silence(0.3) + speech("I want to go home") + silence(0.5)


def other_words() -> bytes:
    return silence(0.3) + speech("the weather is very good today") + silence(0.5)


async def hear(stream: SttStream, audio: bytes, pause_s: float = 0.0) -> list[str]:
    """Feed as a microphone does; the partials that came meanwhile."""
    partials: list[str] = []
    for begin in range(0, len(audio), FRAME_BYTES):
        for output in await stream.feed(audio[begin : begin + FRAME_BYTES]):
            assert isinstance(output, Hypothesis | Pause)
            if isinstance(output, Hypothesis):
                partials.append(output.text)
        await asyncio.sleep(pause_s)
    return partials


class SttConformance:
    """`made` must be an engine of two slots that is not loaded."""

    foreign_language = "tlh"
    """One that the engine refuses; empty for engines that take any."""
    tells_words_apart = True
    """Whether other speech gives other text."""

    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls) -> Iterator[asyncio.Runner]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            yield runner

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, runner: asyncio.Runner, made: SttEngine) -> Iterator[SttEngine]:
        for speak in (first_words, other_words):
            speak()  # before anything is timed
        with pytest.raises(NotReady):
            made.open(ENGLISH)
        runner.run(made.load())
        yield made
        runner.run(made.unload())

    @pytest.fixture(autouse=True)
    def no_task_is_left(
        self,
        runner: asyncio.Runner,
        engine: SttEngine,  # noqa: ARG002  # loaded before
    ) -> Iterator[None]:
        async def check(before: set["asyncio.Task[object]"]) -> None:
            this = asyncio.current_task()
            assert this is not None
            await check_clean({*before, this})

        before = asyncio.all_tasks(runner.get_loop())
        yield
        runner.run(check(before))

    def test_it_says_what_it_is(self, engine: SttEngine) -> None:
        info = engine.info
        assert info.name
        assert info.model
        assert (info.slots, info.sample_rate) == (2, HEARD_RATE)
        assert info.languages

    def test_an_utterance_has_a_final_and_the_stream_is_ready_for_the_next(
        self, runner: asyncio.Runner, engine: SttEngine
    ) -> None:
        async def use() -> tuple[Hypothesis, Hypothesis, Hypothesis]:
            stream = engine.open(ENGLISH)
            await hear(stream, first_words())
            first = await stream.finish()
            await hear(stream, other_words())
            other = await stream.finish()
            await hear(stream, first_words())
            again = await stream.finish()
            await stream.close()
            return first, other, again

        first, other, again = runner.run(use())
        assert first.text
        assert again.text == first.text, "an utterance leaves no trace in the next"
        assert not self.tells_words_apart or other.text != first.text

    def test_words_have_times_in_order_within_the_utterance(
        self, runner: asyncio.Runner, engine: SttEngine
    ) -> None:
        async def use() -> Hypothesis:
            stream = engine.open(ENGLISH)
            await hear(stream, first_words())
            final = await stream.finish()
            await stream.close()
            return final

        starts = [word.sample for word in runner.run(use()).words]
        assert all(one <= other for one, other in pairwise(starts))
        assert all(0 <= start <= len(first_words()) // 2 for start in starts)

    def test_nothing_heard_is_nothing_said(self, runner: asyncio.Runner, engine: SttEngine) -> None:
        async def use() -> tuple[Hypothesis, Hypothesis]:
            stream = engine.open(ENGLISH)
            before = await stream.finish()
            await hear(stream, first_words())
            await stream.reset()
            after = await stream.finish()
            await stream.close()
            return before, after

        assert runner.run(use()) == (Hypothesis(""), Hypothesis(""))

    def test_streams_side_by_side_do_not_mix(self, runner: asyncio.Runner, engine: SttEngine) -> None:
        async def final(audio: bytes) -> str:
            stream = engine.open(ENGLISH)
            try:
                await hear(stream, audio)
                return (await stream.finish()).text
            finally:
                await stream.close()

        async def use() -> tuple[list[str], list[str]]:
            alone = [await final(first_words()), await final(other_words())]
            async with asyncio.TaskGroup() as group:
                both = [group.create_task(final(audio())) for audio in (first_words, other_words)]
            return alone, [task.result() for task in both]

        alone, together = runner.run(use())
        assert together == alone

    def test_a_full_engine_refuses_and_a_closed_stream_frees_its_slot_once(
        self, runner: asyncio.Runner, engine: SttEngine
    ) -> None:
        async def use() -> None:
            one, two = engine.open(ENGLISH), engine.open(ENGLISH)
            with pytest.raises(NoSlot):
                engine.open(ENGLISH)
            await hear(one, first_words())
            await one.close()
            await one.close()
            with pytest.raises(NotReady):
                await one.feed(silence(0.02))
            three = engine.open(ENGLISH)
            with pytest.raises(NoSlot):
                engine.open(ENGLISH)
            assert await three.finish() == Hypothesis("")
            await two.close()
            await three.close()

        runner.run(use())

    def test_a_stream_closed_while_it_finishes_frees_its_slot_at_once(
        self, runner: asyncio.Runner, engine: SttEngine
    ) -> None:
        async def use() -> None:
            streams = [engine.open(ENGLISH), engine.open(ENGLISH)]
            await hear(streams[0], first_words())
            finishing = asyncio.create_task(streams[0].finish())
            await asyncio.sleep(0)
            finishing.cancel()
            await asyncio.wait([finishing])
            await streams[0].close()
            again = engine.open(ENGLISH)
            for stream in (streams[1], again):
                await stream.close()

        runner.run(use())

    def test_a_cancelled_finish_does_not_answer_the_next_utterance(
        self, runner: asyncio.Runner, engine: SttEngine
    ) -> None:
        async def use() -> tuple[str, str]:
            stream = engine.open(ENGLISH)
            await hear(stream, first_words())
            wanted = await stream.finish()
            await hear(stream, other_words())
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await stream.finish()
            await stream.reset()
            await hear(stream, first_words())
            got = await stream.finish()
            await stream.close()
            return wanted.text, got.text

        wanted, got = runner.run(use())
        assert got == wanted

    def test_a_foreign_language_is_refused_and_the_known_ones_named(self, engine: SttEngine) -> None:
        if self.foreign_language:
            with pytest.raises(Unsupported) as refusal:
                engine.open(ListenOptions(self.foreign_language))
            assert any(language in str(refusal.value) for language in engine.info.languages)

    def test_the_event_loop_is_not_kept_waiting(self, runner: asyncio.Runner, engine: SttEngine) -> None:
        async def use() -> float:
            stream = engine.open(ENGLISH)
            worst = await longest_turn(lambda: understand(stream))
            await stream.close()
            return worst

        async def understand(stream: SttStream) -> None:
            await hear(stream, first_words(), pause_s=0.002)
            await stream.finish()

        assert runner.run(use()) < BUSY_S

    def test_it_is_unloaded_and_loaded_again(self, runner: asyncio.Runner, engine: SttEngine) -> None:
        async def use() -> Hypothesis:
            await engine.unload()
            await engine.unload()
            with pytest.raises(NotReady):
                engine.open(ENGLISH)
            await engine.load()
            stream = engine.open(ENGLISH)
            await hear(stream, first_words())
            final = await stream.finish()
            await stream.close()
            return final

        assert runner.run(use()).text


async def longest_turn(work: Callable[[], Awaitable[None]]) -> float:
    """The longest that the loop's thread computed between two of its turns, in seconds of its own time."""
    worst, over = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal worst
        while not over.is_set():
            began = time.thread_time()
            await asyncio.sleep(0.0005)
            worst = max(worst, time.thread_time() - began)

    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        try:
            await work()
        finally:
            over.set()
    return worst
