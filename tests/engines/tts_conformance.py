"""What every text-to-speech engine keeps to. An engine's tests inherit these and say how it is made.

class TestFake(TtsConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> TtsEngine: ...
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import uvloop

from chassis.faults import InvalidArgument, NoSlot, NotReady, Unsupported
from protos.sound import SPOKEN_RATE
from tests.engines.stt_conformance import BUSY_S, longest_turn
from tests.support.leaks import check_clean
from tts_service.engine import Speech, TtsEngine, Voice
from tts_service.text.gather import gather_clauses, gather_words

TEXT = "Hello there, my friend. How are you today? I have bought three red apples."
USUAL = Voice()
SOON_S = 20.0
ROUNDING = 2
"""Sums of floats depend on how many frames a library takes at once."""


async def as_written(text: str) -> AsyncIterator[str]:
    for word in text.split():
        yield f"{word} "


def pieces(engine: TtsEngine, text: str = TEXT) -> AsyncIterator[str]:
    """The text as the service would hand it to this engine."""
    return (gather_words if engine.gathers == "word" else gather_clauses)(as_written(text))


async def said(engine: TtsEngine, text: str = TEXT, voice: Voice = USUAL) -> list[Speech]:
    return [speech async for speech in engine.speak(pieces(engine, text), voice)]


def samples(spoken: list[Speech]) -> int:
    return sum(len(speech.pcm) for speech in spoken) // 2


def difference(one: list[Speech], other: list[Speech]) -> int:
    """The largest of two samples at the same place; replies must be equally long."""
    here, there = (memoryview(b"".join(s.pcm for s in spoken)).cast("h") for spoken in (one, other))
    assert len(here) == len(there)
    return max((abs(a - b) for a, b in zip(here, there, strict=True)), default=0)


def loudest(spoken: list[Speech]) -> int:
    pcm = memoryview(b"".join(speech.pcm for speech in spoken)).cast("h")
    return max((abs(sample) for sample in pcm), default=0)


class TtsConformance:
    """`made` must be an engine of two slots that is not loaded."""

    refuses = True
    """Whether it knows which voices, speeds and volumes there are."""
    follows_speed = True
    same_again = True
    """Whether the same text makes the same samples, but for rounding."""

    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls) -> Iterator[asyncio.Runner]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            yield runner

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, runner: asyncio.Runner, made: TtsEngine) -> Iterator[TtsEngine]:
        with pytest.raises(NotReady):
            runner.run(said(made))
        runner.run(made.load())
        yield made
        runner.run(made.unload())

    @pytest.fixture(autouse=True)
    def no_task_is_left(
        self,
        runner: asyncio.Runner,
        engine: TtsEngine,  # noqa: ARG002  # loaded before
    ) -> Iterator[None]:
        async def check(before: set["asyncio.Task[object]"]) -> None:
            this = asyncio.current_task()
            assert this is not None
            await check_clean({*before, this})

        before = asyncio.all_tasks(runner.get_loop())
        yield
        runner.run(check(before))

    def test_it_says_what_it_is(self, engine: TtsEngine) -> None:
        info = engine.info
        assert info.name
        assert info.model
        assert (info.slots, info.sample_rate) == (2, SPOKEN_RATE)
        assert "default" in info.voices

    def test_every_word_comes_in_order_with_the_piece_it_begins_in(
        self, runner: asyncio.Runner, engine: TtsEngine
    ) -> None:
        spoken = runner.run(said(engine))
        words = [word for speech in spoken for word in speech.words]
        assert [word.text for word in words] == TEXT.split()
        assert [word.start_sample for word in words] == sorted(word.start_sample for word in words)
        position = 0
        for speech in spoken:
            end = position + len(speech.pcm) // 2
            assert all(position <= word.start_sample < end for word in speech.words)
            position = end

    def test_pieces_are_whole_samples_and_not_silence(
        self, runner: asyncio.Runner, engine: TtsEngine
    ) -> None:
        spoken = runner.run(said(engine))
        assert all(speech.pcm and len(speech.pcm) % 2 == 0 for speech in spoken)
        assert samples(spoken) > SPOKEN_RATE
        assert loudest(spoken) > 0

    def test_the_first_piece_comes_before_the_rest_of_the_text(
        self, runner: asyncio.Runner, engine: TtsEngine
    ) -> None:
        async def stalled() -> AsyncIterator[str]:
            given = pieces(engine)
            for _ in range(10 if engine.gathers == "word" else 1):
                yield await anext(given)
            await asyncio.Event().wait()

        async def use() -> Speech:
            spoken = engine.speak(stalled(), USUAL)
            async with asyncio.timeout(SOON_S):
                first = await anext(spoken)
            await spoken.aclose()
            return first

        assert runner.run(use()).pcm

    def test_a_full_engine_refuses_and_a_closed_reply_frees_its_slot_at_once(
        self, runner: asyncio.Runner, engine: TtsEngine
    ) -> None:
        async def use() -> None:
            replies = [engine.speak(pieces(engine), USUAL) for _ in range(2)]
            for reply in replies:
                await anext(reply)
            with pytest.raises(NoSlot):
                await anext(engine.speak(pieces(engine), USUAL))
            await replies[0].aclose()
            again = engine.speak(pieces(engine), USUAL)
            assert (await anext(again)).pcm
            for reply in (again, replies[1]):
                await reply.aclose()

        runner.run(use())

    def test_cancelling_in_the_middle_of_a_clause_frees_the_slot(
        self, runner: asyncio.Runner, engine: TtsEngine
    ) -> None:
        async def use() -> None:
            for _ in range(4):
                reply = asyncio.create_task(said(engine, "a lot of words " * 100))
                await asyncio.sleep(0.02)
                reply.cancel()
                await asyncio.wait([reply])
            assert await said(engine)

        runner.run(use())

    def test_replies_side_by_side_do_not_mix(self, runner: asyncio.Runner, engine: TtsEngine) -> None:
        texts = ("One two three four five six.", "Yesterday I went to the market with my mother.")

        async def use() -> tuple[list[list[Speech]], list[list[Speech]]]:
            alone = [await said(engine, text) for text in texts]
            async with asyncio.TaskGroup() as group:
                both = [group.create_task(said(engine, text)) for text in texts]
            return alone, [task.result() for task in both]

        alone, together = runner.run(use())
        for one, other, text in zip(alone, together, texts, strict=True):
            assert [word.text for speech in other for word in speech.words] == text.split()
            if self.same_again:
                assert difference(one, other) <= ROUNDING

    def test_a_text_that_fails_midway_fails_the_reply_and_frees_the_slot(
        self, runner: asyncio.Runner, engine: TtsEngine
    ) -> None:
        async def broken() -> AsyncIterator[str]:
            yield "Hello"
            raise LookupError

        async def use() -> None:
            for _ in range(3):
                with pytest.raises(LookupError):
                    async for _ in engine.speak(broken(), USUAL):
                        pass
            assert await said(engine)

        runner.run(use())

    def test_nothing_to_say_is_no_sound_and_odd_texts_do_no_harm(
        self, runner: asyncio.Runner, engine: TtsEngine
    ) -> None:
        async def use() -> list[Speech]:
            for odd in ("…", "— !", "naïve café", "<speak>hi</speak>", "你好", "3.5"):
                await said(engine, odd)
            return await said(engine, "")

        assert samples(runner.run(use())) == 0

    def test_speed_and_volume_do_what_they_say(self, runner: asyncio.Runner, engine: TtsEngine) -> None:
        async def use() -> list[list[Speech]]:
            voices = (USUAL, Voice(speed=2.0), Voice(speed=0.5), Voice(volume=0.0))
            return [await said(engine, "One two three four five six.", voice) for voice in voices]

        usual, fast, slow, mute = runner.run(use())
        if self.follows_speed:
            assert samples(fast) < 0.7 * samples(usual)
            assert samples(slow) > 1.4 * samples(usual)
        if self.refuses:
            assert loudest(mute) == 0

    @pytest.mark.parametrize(
        "voice", [Voice("nobody at all"), Voice(speed=0.4), Voice(speed=float("nan")), Voice(volume=2.1)]
    )
    def test_what_it_cannot_do_is_refused_with_what_it_can(self, engine: TtsEngine, voice: Voice) -> None:
        if self.refuses:
            with pytest.raises((Unsupported, InvalidArgument)) as refusal:
                engine.check(voice)
            assert any(word in str(refusal.value) for word in ("must be", *engine.info.voices))

    def test_the_event_loop_is_not_kept_waiting(self, runner: asyncio.Runner, engine: TtsEngine) -> None:
        async def speak() -> None:
            await said(engine)

        assert runner.run(longest_turn(speak)) < BUSY_S

    def test_it_is_unloaded_and_loaded_again(self, runner: asyncio.Runner, engine: TtsEngine) -> None:
        async def use() -> list[Speech]:
            await engine.unload()
            await engine.unload()
            with pytest.raises(NotReady):
                await said(engine)
            await engine.load()
            return await said(engine)

        assert samples(runner.run(use())) > 0
