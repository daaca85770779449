"""A whole session in which somebody speaks over a reply: it waits at once, and goes on or ends."""

import pytest

from gateway.dialects.ai_talk import AiTalkDialect
from gateway.dialects.dialect import Dialect
from gateway.dialects.parley import ParleyDialect
from protos.parley.v1 import tts_pb2
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.session.staged import Stage, staged
from tests.unit.gateway.session.standins import RATE
from tests.unit.gateway.session.wire_rules import check_last

LONG = "One two three four five six seven eight nine ten."


async def cough(stage: Stage) -> None:
    """Noticed, and nothing after 0.1 s."""
    stage.notice_voice()
    await stage.later(0.1)
    stage.dismiss_voice()


async def listen(stage: Stage, words: str = "Mm-hmm.") -> None:
    """A backchannel of 0.4 s that is understood 0.6 s later."""
    stage.notice_voice()
    await stage.later(0.15)
    stage.begin_speech()
    await stage.later(0.25)
    stage.understand(words, final=False)
    await stage.later(0.6)
    stage.end_speech()
    stage.understand(words)


def test_nothing_leaves_between_the_first_of_a_voice_and_the_end_of_the_cough() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            await stage.say("count for me")
            await stage.later(1.0)
            await cough(stage)
            await stage.later(8)
            (hold,), (resume,) = stage.messages("hold"), stage.messages("resume")
            assert resume.at - hold.at == pytest.approx(0.1, abs=0.06)
            assert stage.messages("flush") == []
            (entry,) = stage.memory.turns
            assert (entry.heard_text, entry.interrupted) == (LONG, False)
            assert stage.state == "listening"
        check_last(stage)

    run_virtual(main())


def test_who_listens_is_shown_and_the_reply_goes_on() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            await stage.say("count for me")
            await stage.later(1.0)
            await listen(stage)
            await stage.later(8)
            (shown,) = stage.messages("backchannel")
            assert (shown.fields["text"], shown.fields["turn"]) == ("Mm-hmm.", 1)
            (entry,) = stage.memory.turns
            assert (entry.user_text, entry.heard_text) == ("count for me", LONG)
        check_last(stage)

    run_virtual(main())


@pytest.mark.parametrize("make", [ParleyDialect, AiTalkDialect])
def test_every_sample_is_sent_once_however_often_it_is_held(make: type[Dialect]) -> None:
    async def main() -> None:
        async with staged(make(), scripted=False) as stage:
            await stage.say("count for me")
            samples = range(1, 3 * RATE + 1)
            pcm = b"".join((sample % 32_768).to_bytes(2, "little") for sample in samples)
            stage.write(stage.llm.peers[0], LONG, ends=True)
            (tts,) = stage.tts.peers
            for start in range(0, len(pcm), RATE // 2):
                tts.say(tts_pb2.SpeechEvent(audio=tts_pb2.SpeechAudio(pcm=pcm[start : start + RATE // 2])))
                await stage.later(0.02)
            tts.say(tts_pb2.SpeechEvent(finished=tts_pb2.SpeechFinished(samples=3 * RATE)))
            for _ in range(4):
                await stage.later(0.3)
                await cough(stage)
            await listen(stage)
            await stage.later(8)
            sent = b"".join(bytes(frame.message) for frame in stage.audio if isinstance(frame.message, bytes))
            if make is ParleyDialect:
                assert sent == pcm
            assert len(sent) >= len(pcm), "frames of an exact size are filled up"
            (entry,) = stage.memory.turns
            assert (entry.heard_text, entry.interrupted) == (LONG, False)
        check_last(stage)

    run_virtual(main())


def test_an_interruption_keeps_what_was_heard_until_it_was_held() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            await stage.say("count for me")
            await stage.later(1.2)
            stage.notice_voice()
            await stage.later(0.15)
            stage.begin_speech()
            await stage.later(0.6)
            stage.understand("but what", final=False)
            await stage.later(1)
            (hold,), (flush,) = stage.messages("hold"), stage.messages("flush")
            assert flush.at - hold.at == pytest.approx(0.75, abs=0.1)
            (entry,) = stage.memory.turns
            assert entry.interrupted
            assert 15 <= len(entry.heard_text) <= 25, "a letter takes 60 ms, and 1.2 s were heard"
            stage.end_speech()
            stage.understand("but what about eleven")
            await stage.later(10)
            assert [turn.user_text for turn in stage.memory.turns] == [
                "count for me",
                "but what about eleven",
            ]
        check_last(stage)

    run_virtual(main())


def test_the_end_of_the_sound_does_not_overtake_what_is_held() -> None:
    async def main() -> None:
        async with staged(scripted=False) as stage:
            await stage.say("count for me")
            stage.write(stage.llm.peers[0], LONG, ends=True)
            stage.speak(stage.tts.peers[0], RATE // 2)
            await stage.later(0.3)
            stage.socket.flows.clear()
            stage.speak(stage.tts.peers[0], RATE // 10, ends=True)
            await stage.later(0.5)
            stage.notice_voice()
            await stage.settle()
            stage.socket.flows.set()
            await stage.later(0.3)
            assert stage.messages("ai_audio_end") == []
            stage.dismiss_voice()
            await stage.later(3)
            (end,) = stage.messages("ai_audio_end")
            assert stage.audio_s == pytest.approx(0.6)
            assert stage.audio[-1].at <= end.at
        check_last(stage)

    run_virtual(main())


@pytest.mark.parametrize(
    ("language", "word"), [("fr", "Arrête"), ("zh", "我想问一个完全不同的问题"), ("pl", "Przestań")]
)
def test_who_speaks_another_language_interrupts_in_it(language: str, word: str) -> None:
    async def main() -> None:
        async with staged(reply=LONG, query={"language": language}) as stage:
            await stage.say("count for me")
            await stage.later(1.0)
            stage.notice_voice()
            stage.begin_speech()
            await stage.later(0.6)
            stage.end_speech()
            stage.understand(word)
            await stage.settle()
            assert stage.messages("resume") == []
            assert stage.messages("transcript")[-1].fields["text"] == word
        check_last(stage)

    run_virtual(main())
