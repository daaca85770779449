"""A whole session, from hello to goodbye, on virtual time: what the user does, and what is heard of it."""

import pytest

from gateway.conversation.effects import CloseReason
from gateway.dialects.ai_talk import AiTalkDialect
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.session.staged import staged
from tests.unit.gateway.session.wire_rules import check_last

LONG = "One two three four five six seven eight nine ten."


def test_from_hello_to_goodbye() -> None:
    async def main() -> None:
        async with staged() as stage:
            assert [sent.fields["type"] for sent in stage.socket.sent] == ["connected", "state"]
            await stage.say("how are you")
            await stage.later(3)
            assert stage.state == "listening"
            assert stage.audio_s == pytest.approx(0.06 * len("Hello there. "), abs=0.01)
            (entry,) = stage.memory.turns
            assert (entry.user_text, entry.heard_text) == ("how are you", "Hello there.")
            assert not entry.interrupted
            stage.socket.tell("end_conversation")
            await stage.later(1)
            assert stage.messages("analysis")[0].fields["data"]["final_score"] == 75
        check_last(stage)
        assert stage.running.result() is CloseReason.DONE

    run_virtual(main())


def test_sound_leaves_at_the_pace_of_a_speaker_and_little_ahead_of_it() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            stage.socket.tell("text", text="count")
            await stage.later(10)
            begun, sent_s = stage.audio[0].at, 0.0
            for frame in stage.audio:
                sent_s += len(frame.message) / 2 / 24_000
                assert sent_s <= frame.at - begun + 0.3 + 0.05
            assert stage.audio[-1].at - begun == pytest.approx(sent_s - 0.3, abs=0.1)

    run_virtual(main())


def test_a_barge_in_silences_the_reply_at_that_moment_and_keeps_what_was_heard() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            await stage.say("count for me")
            await stage.later(1.2)
            assert stage.state == "speaking"
            spoken_at = stage.audio[0].at
            stage.interrupt()
            await stage.later(2)
            (flush,) = stage.messages("flush")
            assert flush.at - spoken_at == pytest.approx(1.2, abs=0.05)
            assert all(frame.at <= flush.at for frame in stage.audio)
            (entry,) = stage.memory.turns
            assert entry.interrupted
            assert LONG.startswith(entry.heard_text)
            assert 15 <= len(entry.heard_text) <= 25, "a letter takes 60 ms"
            stage.end_speech()
            stage.understand("stop it")
            await stage.later(10)
            assert [turn.user_text for turn in stage.memory.turns] == ["count for me", "stop it"]
        check_last(stage)

    run_virtual(main())


def test_a_cough_during_a_reply_that_nobody_heard_yet_loses_no_question() -> None:
    async def main() -> None:
        async with staged(scripted=False) as stage:
            await stage.say("what is tea")
            stage.begin_speech()
            await stage.later(0.3)
            stage.end_speech()
            stage.understand("")
            await stage.later(0.3)
            (asked,) = [items[0] for items in stage.llm.peers[0].came.values()]
            assert asked.prompt.messages[-1].content == "what is tea"
            assert asked.prompt.turn == 1

    run_virtual(main())


def test_a_cough_in_silence_is_nothing() -> None:
    async def main() -> None:
        async with staged() as stage:
            await stage.say("")
            await stage.later(1)
            assert stage.state == "listening"
            assert stage.memory.turns == []
            assert stage.llm.opened == 0

    run_virtual(main())


def test_what_is_typed_while_a_reply_sounds_takes_its_place() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            stage.socket.tell("text", text="first")
            await stage.later(1)
            stage.socket.tell("text", text="second")
            await stage.later(8)
            assert [(t.user_text, t.interrupted) for t in stage.memory.turns] == [
                ("first", True),
                ("second", False),
            ]
        check_last(stage)

    run_virtual(main())


def test_a_reply_that_is_stopped_leaves_no_lane_open() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            stage.socket.tell("text", text="first")
            await stage.later(1)
            assert stage.tts.alive == 1
            stage.socket.tell("cancel")
            await stage.later(0.1)
            assert (stage.llm.alive, stage.tts.alive) == (0, 0)
            assert stage.state == "listening"
        check_last(stage)

    run_virtual(main())


def test_a_voice_and_a_writer_that_have_more_to_say_are_told_to_stop() -> None:
    async def main() -> None:
        async with staged(scripted=False) as stage:
            await stage.say("tell me a story")
            (llm,), (tts,) = stage.llm.peers, stage.tts.peers
            stage.write(llm, "Once upon a time ")
            stage.speak(tts, 4800)
            await stage.later(0.1)
            assert (len(llm.came), len(tts.came)) == (1, 1)
            stage.interrupt()
            await stage.settle()
            assert (len(llm.came), len(tts.came)) == (0, 0)
        check_last(stage)

    run_virtual(main())


def test_a_microphone_that_falls_silent_in_a_sentence_ends_it() -> None:
    async def main() -> None:
        async with staged() as stage:
            stage.begin_speech()
            await stage.sound(0.5)
            await stage.later(1.0)
            (items,) = stage.stt.peers[0].came.values()
            assert [item.HasField("flush") for item in items][-1], "the recogniser was not told"
            stage.end_speech()
            stage.understand("half a sentence")
            await stage.later(3)
            assert stage.memory.turns[0].user_text == "half a sentence"

    run_virtual(main())


def test_a_client_whose_playback_reports_stop_has_heard_no_more_than_it_said() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            stage.socket.tell("text", text="count")
            await stage.later(0.7)
            stage.socket.tell("playback", turn=1, played_ms=600)
            await stage.later(12)
            (entry,) = stage.memory.turns
            assert entry.interrupted, "a client that plays nothing has not heard the reply to its end"
            assert 0 < len(entry.heard_text) <= 0.6 / 0.06 + 1.0 / 0.06 + 5
            assert stage.state == "listening"
        check_last(stage)

    run_virtual(main())


def test_a_voice_that_stops_in_the_middle_of_a_wires_frame_is_waited_for_in_peace() -> None:
    async def main() -> None:
        async with staged(AiTalkDialect(), scripted=False) as stage:
            await stage.say("hello")
            (llm,), (tts,) = stage.llm.peers, stage.tts.peers
            stage.write(llm, "Hello there. ", ends=True)
            stage.speak(tts, 5000)
            await stage.later(1)  # a loop that never sleeps fails here
            assert len(stage.audio) == 1
            stage.speak(tts, 5000, ends=True)
            await stage.later(2)
            assert sum(len(frame.message) for frame in stage.audio) == 2 * 10_000
        check_last(stage)

    run_virtual(main())


def test_sound_that_comes_before_any_words_leaves_nobody() -> None:
    async def main() -> None:
        async with staged(scripted=False) as stage:
            await stage.say("what is tea")
            stage.speak(stage.tts.peers[0], 2400)
            await stage.later(0.3)
            assert stage.audio == []
            assert stage.messages("ai_audio_start") == []
            stage.write(stage.llm.peers[0], "A drink.")
            await stage.later(0.1)
            stage.speak(stage.tts.peers[0], 2400)
            await stage.later(0.3)
            assert stage.audio_s == 0.1

    run_virtual(main())
