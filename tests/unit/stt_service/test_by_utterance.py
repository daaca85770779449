"""Who may transcribe when, and what becomes of results that nobody waits for; the model is scripted."""

import asyncio

import pytest

from chassis.faults import InternalFault, NoSlot, TooSlow, Unsupported
from stt_service.engine import Hypothesis
from stt_service.engines import by_utterance
from stt_service.engines.by_utterance import choose_language
from stt_service.engines.whisper import WhisperEngine
from tests.unit.stt_service.scripted_ear import ENGLISH, SECOND, Scripted, until, use


def test_a_partial_is_made_after_each_second_and_told_with_the_next_audio() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> list[object]:
        stream = engine.open(ENGLISH)
        told: list[object] = []
        for count in range(1, 4):
            told += await stream.feed(SECOND)
            await until(lambda wanted=count: len(weights.cancelled) == wanted)  # type: ignore[misc]
            await asyncio.sleep(0.01)
        return [*told, *await stream.feed(b"\0\0")]

    told, weights = use(work)
    assert weights.heard_s == [1, 2, 3]
    assert weights.drafts == ["", "1 seconds", "2 seconds"]
    assert told == [Hypothesis("1 seconds"), Hypothesis("2 seconds"), Hypothesis("3 seconds")]


def test_partials_never_queue_and_a_thread_is_kept_for_finals() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> Hypothesis:
        one, other, done = (engine.open(ENGLISH) for _ in range(3))
        weights.gate.clear()
        await done.feed(SECOND[: len(SECOND) // 2])
        for _ in range(5):
            assert await one.feed(SECOND) == []
            assert await other.feed(SECOND) == []
        await until(lambda: len(weights.heard_s) == 1)
        finishing = asyncio.create_task(done.finish())
        await until(lambda: len(weights.heard_s) == 2)
        weights.gate.set()
        return await finishing

    final, weights = use(work, slots=3)
    assert weights.heard_s == [1, 0.5]
    assert final == Hypothesis("0.5 seconds")


def test_a_stream_closed_while_it_is_transcribed_frees_its_slot_at_once() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> None:
        weights.gate.clear()
        for _ in range(3):
            stream = engine.open(ENGLISH)
            await stream.feed(SECOND)
            await until(lambda: len(weights.heard_s) == 1)
            with pytest.raises(NoSlot):
                engine.open(ENGLISH)
            await stream.close()
        stream = engine.open(ENGLISH)
        weights.gate.set()

    _, weights = use(work, slots=1)
    assert weights.cancelled == [True]


def test_the_result_of_what_was_reset_is_not_told() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> list[object]:
        stream = engine.open(ENGLISH)
        weights.gate.clear()
        await stream.feed(SECOND)
        await until(lambda: len(weights.heard_s) == 1)
        await stream.reset()
        weights.gate.set()
        await until(lambda: len(weights.cancelled) == 1)
        await asyncio.sleep(0.01)
        told: list[object] = list(await stream.feed(SECOND[:640]))
        return [*told, await stream.finish()]

    told, _ = use(work)
    assert told == [Hypothesis("0.02 seconds")]


def test_a_final_that_was_given_up_before_it_began_never_runs() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> None:
        weights.gate.clear()
        streams = [engine.open(ENGLISH) for _ in range(2)]
        for stream in streams:
            await stream.feed(SECOND[:640])
        first = asyncio.create_task(streams[0].finish())
        await until(lambda: len(weights.heard_s) == 1)
        given_up = asyncio.create_task(streams[1].finish())
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        weights.gate.set()
        assert (await first).text

    _, weights = use(work, workers=1)
    assert len(weights.heard_s) == 1


def test_a_final_that_is_given_up_midway_is_not_made_to_its_end() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> None:
        weights.gate.clear()
        stream = engine.open(ENGLISH)
        await stream.feed(SECOND[:640])
        finishing = asyncio.create_task(stream.finish())
        await until(lambda: len(weights.heard_s) == 1)
        finishing.cancel()
        await asyncio.wait([finishing])
        weights.gate.set()

    _, weights = use(work)
    assert weights.cancelled == [True]


def test_a_final_that_takes_too_long_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> None:
        monkeypatch.setattr(by_utterance, "FINAL_S", 0.02)
        stream = engine.open(ENGLISH)
        await stream.feed(SECOND[:640])
        weights.gate.clear()
        with pytest.raises(TooSlow):
            await stream.finish()

    use(work)


def test_a_failure_is_ours_and_the_next_utterance_may_be_well() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> Hypothesis:
        stream = engine.open(ENGLISH)
        weights.failure = RuntimeError("what was said")
        await stream.feed(SECOND)
        with pytest.raises(InternalFault) as failure:
            await stream.finish()
        assert "what was said" not in str(failure.value)
        weights.failure = None
        await stream.feed(SECOND)
        return await stream.finish()

    final, _ = use(work)
    assert final == Hypothesis("1 seconds")


def test_unloading_lets_go_of_the_weights() -> None:
    async def work(engine: WhisperEngine, weights: Scripted) -> None:
        assert not weights.unloaded

    _, weights = use(work)
    assert weights.unloaded


@pytest.mark.parametrize(
    ("wanted", "known", "chosen"),
    [
        ("en", ("en",), "en"),
        ("en-US", ("en", "fr"), "en"),
        ("FR_ca", ("en", "fr"), "fr"),
        ("auto", ("en",), "en"),
        ("", ("en", "fr"), None),
    ],
)
def test_a_language_is_chosen_as_clients_write_it(
    wanted: str, known: tuple[str, ...], chosen: str | None
) -> None:
    assert choose_language(wanted, known, "…") == chosen


@pytest.mark.parametrize(
    ("known", "hint"), [(("en",), "understands en, not 'tlh'; ask another"), (("en", "fr"), "en, fr")]
)
def test_a_foreign_language_is_refused_with_what_there_is(known: tuple[str, ...], hint: str) -> None:
    with pytest.raises(Unsupported, match=hint):
        choose_language("tlh", known, "ask another")
