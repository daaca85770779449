"""What was heard of a reply, as a client tells it and as a whole session remembers it."""

import pytest

from chassis.faults import Unavailable
from gateway.conversation.limits import Limits
from gateway.dialects.ai_talk import AiTalkDialect
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.session.staged import Stage, staged
from tests.unit.gateway.session.wire_rules import check_last

LONG = "One two three four five six seven eight nine ten."
LETTER_MS = 60


async def interrupted(stage: Stage) -> None:
    """Of the reply some 1.2 s were heard; the user speaks."""
    await stage.say("count for me")
    await stage.later(1.2)
    stage.interrupt()
    await stage.later(0.1)


def test_a_clients_last_word_on_a_stopped_reply_is_remembered() -> None:
    """Be it less or more than the pacer's clock would have it."""

    async def main(letters: int) -> None:
        async with staged(reply=LONG) as stage:
            await interrupted(stage)
            assert stage.memory.turns == [], "it is waited for"
            sent = len(stage.audio)
            stage.socket.tell("playback", turn=1, played_ms=letters * LETTER_MS)
            await stage.later(0.3)
            (entry,) = stage.memory.turns
            assert len(entry.heard_text) == pytest.approx(letters, abs=4)
            assert LONG.startswith(entry.heard_text)
            assert len(stage.audio) == sent
        check_last(stage)

    for letters in (3, 13, 25):
        run_virtual(main(letters))


def test_a_client_cannot_have_heard_what_was_not_sent() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            await interrupted(stage)
            sent_s = stage.audio_s
            stage.socket.tell("playback", turn=1, played_ms=60_000)
            await stage.later(0.3)
            (entry,) = stage.memory.turns
            assert len(entry.heard_text) <= sent_s * 1000 / LETTER_MS + 4
            assert entry.heard_text != LONG

    run_virtual(main())


def test_its_word_on_another_turn_changes_nothing() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            await interrupted(stage)
            for turn in (0, 2, 7):
                stage.socket.tell("playback", turn=turn, played_ms=0)
            await stage.later(0.3)
            (entry,) = stage.memory.turns
            assert 15 <= len(entry.heard_text) <= 25

    run_virtual(main())


def test_on_a_wire_without_reports_nobody_waits_for_one() -> None:
    async def main() -> None:
        async with staged(AiTalkDialect(), reply=LONG) as stage:
            await interrupted(stage)
            assert len(stage.memory.turns) == 1

    run_virtual(main())


def test_where_the_text_comes_first_no_sound_leaves_before_its_end_and_none_counts_as_heard() -> None:
    async def main() -> None:
        async with staged(AiTalkDialect(text_first=True), scripted=False) as stage:
            await stage.say("count for me")
            stage.write(stage.llm.peers[0], "One two. ")
            stage.speak(stage.tts.peers[0], 24_000)
            await stage.later(1.5)
            assert stage.audio == []
            assert stage.messages("ai_audio_start") == []
            stage.write(stage.llm.peers[0], "Three.", ends=True)
            stage.speak(stage.tts.peers[0], 24_000, ends=True)
            await stage.later(0.5)
            kinds = [sent.fields.get("type", "sound") for sent in stage.socket.sent]
            whole = kinds.index("ai_audio_start")
            assert stage.socket.sent[whole - 1].fields["full_text"] == "One two. Three."
            assert kinds[whole + 1] == "sound"
            begun, sent_s = stage.audio[0].at, 0.0
            for frame in stage.audio:
                sent_s += len(frame.message) / 2 / 24_000
                assert sent_s <= frame.at - begun + 0.3 + 0.2, "no burst"
            await stage.later(3)
            assert stage.memory.turns[0].heard_text == "One two. Three."

    run_virtual(main())


def test_a_reply_that_is_stopped_before_its_text_was_whole_was_not_heard() -> None:
    async def main() -> None:
        async with staged(AiTalkDialect(text_first=True), scripted=False) as stage:
            await stage.say("count for me")
            stage.write(stage.llm.peers[0], "One two. ")
            stage.speak(stage.tts.peers[0], 24_000)
            await stage.later(1.5)
            stage.interrupt()
            await stage.later(0.1)
            (entry,) = stage.memory.turns
            assert (entry.heard_text, stage.audio) == ("", [])

    run_virtual(main())


def test_where_the_text_comes_first_however_long_it_takes_all_of_the_sound_is_heard() -> None:
    async def main() -> None:
        unhurried = Limits(idle_s=60.0)
        async with staged(AiTalkDialect(text_first=True), scripted=False, limits=unhurried) as stage:
            await stage.say("tell me a story")
            for number in range(8):
                stage.write(stage.llm.peers[0], f"This is sentence number {number}. ")
                await stage.later(0.3)
                stage.speak(stage.tts.peers[0], 48_000)
                await stage.later(0.7)
            assert stage.audio == []
            stage.write(stage.llm.peers[0], "The end.", ends=True)
            stage.speak(stage.tts.peers[0], 24_000, ends=True)
            await stage.later(18)
            assert stage.audio_s == 17
            assert stage.memory.turns[0].heard_text.endswith("The end.")

    run_virtual(main())


def test_where_the_text_comes_first_the_sound_of_a_voice_that_broke_off_is_heard_when_it_is_whole() -> None:
    async def main() -> None:
        async with staged(AiTalkDialect(text_first=True), scripted=False) as stage:
            await stage.say("tell me a story")
            stage.write(stage.llm.peers[0], "Once upon a time. ")
            stage.speak(stage.tts.peers[0], 24_000)
            await stage.later(0.1)
            stage.tts.peers[0].fail(Unavailable("gone"))
            for number in range(9):
                stage.write(stage.llm.peers[0], f"Sentence {number}. ")
                await stage.later(1)
            stage.write(stage.llm.peers[0], "The end.", ends=True)
            await stage.later(2)
            assert stage.audio_s == 1
            assert not stage.memory.turns[0].interrupted

    run_virtual(main())


def test_where_the_text_comes_first_and_breaks_off_what_there_is_of_both_is_given() -> None:
    async def main() -> None:
        async with staged(AiTalkDialect(text_first=True), scripted=False) as stage:
            await stage.say("tell me a story")
            stage.write(stage.llm.peers[0], "Once upon a time. There was")
            stage.speak(stage.tts.peers[0], 24_000)
            await stage.later(6)
            assert stage.messages("ai_text")[-1].fields["full_text"] == "Once upon a time. There was"
            stage.speak(stage.tts.peers[0], 24_000, ends=True)
            await stage.later(3)
            assert stage.audio_s == 2
            assert stage.memory.turns[0].heard_text == "Once upon a time. There was"

    run_virtual(main())


def test_when_all_of_the_sound_was_heard_before_the_voice_ended_its_end_is_told_nevertheless() -> None:
    async def main(breaks_off: bool) -> None:
        async with staged(scripted=False) as stage:
            await stage.say("hello")
            stage.write(stage.llm.peers[0], "Hello there.", ends=True)
            stage.speak(stage.tts.peers[0], 12_000)
            await stage.later(0.7)
            if breaks_off:
                stage.tts.peers[0].fail(Unavailable("gone"))
            else:
                stage.speak(stage.tts.peers[0], 0, ends=True)
            await stage.later(1)
            kinds = [sent.fields.get("type") for sent in stage.socket.sent]
            assert kinds.index("ai_audio_end") < kinds.index("turn_complete")

    for breaks_off in (False, True):
        run_virtual(main(breaks_off))
