"""Kyutai's voice as the service uses it: text that comes while it speaks, replies that are broken off."""

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from chassis.faults import InternalFault, NoSlot, NotReady, Unavailable, Unsupported
from engine_room.held_memory import held_bytes
from tts_service.engine import Speech, Voice
from tts_service.engines.moshi import MoshiEngine
from tts_service.engines.moshi_model import MoshiVoice
from tts_service.engines.moshi_slots import MOST_WAITING

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(180)]
SLOTS = 4
TEXT = "please speak slowly to me now"


@pytest.fixture(scope="module")
def engine(runner: asyncio.Runner, tts_checkpoint: Path) -> Iterator[MoshiEngine]:
    engine = MoshiEngine(str(tts_checkpoint), SLOTS)
    runner.run(engine.load())
    model = engine._board._model if engine._board else None
    assert isinstance(model, MoshiVoice)
    model.greedy()
    yield engine
    runner.run(engine.unload())


async def words(text: str = TEXT, pause_s: float = 0.0) -> AsyncIterator[str]:
    for word in text.split():
        yield word
        await asyncio.sleep(pause_s)


async def say(engine: MoshiEngine, text: str = TEXT, voice: Voice = Voice()) -> list[Speech]:  # noqa: B008
    return [speech async for speech in engine.speak(words(text), voice)]


def sound(speeches: list[Speech]) -> bytes:
    return b"".join(speech.pcm for speech in speeches)


def test_a_reply_is_spoken_whole_with_its_words(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    speeches = runner.run(say(engine))
    assert [word.text for speech in speeches for word in speech.words] == TEXT.split()
    begins = 0
    for speech in speeches:
        for word in speech.words:
            assert begins <= word.start_sample < begins + len(speech.pcm) // 2
        begins += len(speech.pcm) // 2
    assert any(speech.pcm.strip(b"\0") for speech in speeches)


def test_the_first_sound_leaves_before_the_last_word_is_known(
    runner: asyncio.Runner, engine: MoshiEngine
) -> None:
    given: list[str] = []
    heard = asyncio.Event()

    async def slowly() -> AsyncIterator[str]:
        for word in TEXT.split():
            if word == TEXT.split()[-1]:
                await heard.wait()  # the last word is given only once something was heard
            given.append(word)
            yield word

    async def main() -> int:
        count = 0
        async for _ in engine.speak(slowly(), Voice()):
            heard.set()
            count = count or len(given)
        return count

    assert 3 <= runner.run(main()) < len(TEXT.split())


def test_a_reply_given_slowly_sounds_as_one_given_at_once(
    runner: asyncio.Runner, engine: MoshiEngine
) -> None:
    async def slowly() -> list[Speech]:
        return [speech async for speech in engine.speak(words(pause_s=0.05), Voice())]

    assert sound(runner.run(slowly())) == sound(runner.run(say(engine)))


def test_replies_side_by_side_sound_as_each_alone(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    texts = [" ".join(TEXT.split()[number:]) for number in range(SLOTS)]
    voices = [Voice(name=name) for name in ("anna", "bert", "anna", "bert")]

    async def together() -> list[list[Speech]]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(say(engine, text, voice)) for text, voice in zip(texts, voices, strict=True)
            ]
        return [task.result() for task in tasks]

    alone = [sound(runner.run(say(engine, text, voice))) for text, voice in zip(texts, voices, strict=True)]
    assert [sound(speeches) for speeches in runner.run(together())] == alone
    assert len(set(alone)) == SLOTS


def test_a_reply_that_is_broken_off_frees_its_slot(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def main() -> bytes:
        for _ in range(3):
            replies = [engine.speak(words(), Voice(name="bert")) for _ in range(SLOTS)]
            for reply in replies:
                await anext(reply)
            with pytest.raises(NoSlot, match=f"all {SLOTS} places"):
                await anext(engine.speak(words(), Voice()))
            for reply in replies:
                await reply.aclose()
        return sound(await say(engine))

    wanted = sound(runner.run(say(engine)))
    assert runner.run(main()) == wanted


def test_a_cancelled_reply_frees_its_slot(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def never() -> AsyncIterator[str]:
        yield "hello"
        await asyncio.Event().wait()

    async def take() -> None:
        async for _ in engine.speak(never(), Voice()):
            pass

    async def main() -> None:
        tasks = [asyncio.create_task(take()) for _ in range(SLOTS)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert sound(await say(engine))

    runner.run(main())


def test_sound_that_nobody_takes_does_not_pile_up(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def main() -> int:
        reply: AsyncGenerator[Speech, None] = engine.speak(words(), Voice())
        await anext(reply)
        await asyncio.sleep(1)
        waiting = max(slot.waiting for slot in engine._board.slots) if engine._board else 0
        await reply.aclose()
        return waiting

    assert 0 < runner.run(main()) <= MOST_WAITING


def test_a_louder_voice_is_louder_and_nothing_else(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    plain, silent = (sound(runner.run(say(engine, voice=Voice(volume=volume)))) for volume in (1.0, 0.0))
    assert len(plain) == len(silent)
    assert not silent.strip(b"\0")


def test_an_empty_reply_says_nothing(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    assert not runner.run(say(engine, ""))


def test_voices_are_listed_and_unknown_ones_refused(engine: MoshiEngine) -> None:
    assert engine.info.voices == ("default", "anna", "bert")
    engine.check(Voice(name="bert"))
    engine.check(Voice(name="default"))
    with pytest.raises(Unsupported, match="no voice 'carl'; there are anna, bert"):
        engine.check(Voice(name="carl"))


def test_a_voice_that_does_not_fit_fails_alone(
    runner: asyncio.Runner, engine: MoshiEngine, tts_checkpoint: Path
) -> None:
    odd = tts_checkpoint / "odd.tiny@1.safetensors"
    save_file({"speaker_wavs": torch.randn(1, 16, 9)}, odd)

    async def main() -> list[Speech]:
        assert engine._voices is not None
        engine._voices._paths |= {"odd": odd, "gone": tts_checkpoint / "gone"}
        async with asyncio.TaskGroup() as group:
            neighbour = group.create_task(say(engine))
            for name in ("odd", "gone"):
                with pytest.raises(InternalFault, match="try another voice"):
                    await say(engine, voice=Voice(name=name))
        for name in ("odd", "gone"):
            del engine._voices._paths[name]
        return neighbour.result()

    try:
        assert sound(runner.run(main())) == sound(runner.run(say(engine)))
        assert engine.healthy
    finally:
        odd.unlink()


def test_200_replies_that_come_and_go_leave_nothing(runner: asyncio.Runner, engine: MoshiEngine) -> None:
    async def cycles(count: int) -> None:
        for number in range(count):
            reply = engine.speak(words("one two three four"), Voice(name=("anna", "bert")[number % 2]))
            if number % 4 == 0:
                await anext(reply)
            await reply.aclose()

    runner.run(cycles(20))
    gc.collect()
    before, threads = held_bytes(), threading.active_count()
    runner.run(cycles(200))
    gc.collect()
    assert threading.active_count() == threads
    assert held_bytes() < before + 20_000_000
    assert engine._board is not None
    assert len(engine._free) == SLOTS


def test_a_model_that_breaks_is_told_and_loads_again(runner: asyncio.Runner, tts_checkpoint: Path) -> None:
    async def main() -> None:
        engine = MoshiEngine(str(tts_checkpoint), 2)
        await engine.load()
        assert engine._board is not None
        engine._board._model.step = None  # type: ignore[method-assign, assignment]
        with pytest.raises(Unavailable, match="this reply is lost"):
            await say(engine)
        assert not engine.healthy
        with pytest.raises(NotReady):
            await say(engine)
        await engine.load()
        assert sound(await say(engine, "one two three"))
        await engine.unload()
        assert not engine.healthy

    runner.run(main())


def test_a_checkpoint_without_voices_is_refused(runner: asyncio.Runner, tmp_path: Path) -> None:
    from tests.kyutai.tiny_kyutai import make_tts

    folder = make_tts(tmp_path)
    for voice in folder.glob("*.tiny@1.safetensors"):
        voice.unlink()
    with pytest.raises(NotReady, match="has no voices"):
        runner.run(MoshiEngine(str(folder), 1).load())
