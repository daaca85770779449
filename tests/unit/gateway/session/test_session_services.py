"""A whole session whose services are late, full, dead or leaving."""

import pytest

from chassis.faults import Fault, InvalidArgument, NoSlot, TooSlow, Unavailable
from gateway.conversation.answering import APOLOGY, HEARING_APOLOGY
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.links.rigged import Peer, RiggedLink
from tests.unit.gateway.session.staged import Stage, staged
from tests.unit.gateway.session.wire_rules import check_last


def asked_of(link: RiggedLink) -> Peer:
    """The one replica that has a lane open."""
    (peer,) = [peer for peer in link.peers if peer.came]
    return peer


def dead(stage: Stage, link: RiggedLink) -> None:
    for replica, peer in zip(link.rigged, link.peers, strict=True):
        replica.ready = False
        peer.die()


def test_a_language_model_that_does_not_answer_is_apologised_for_and_the_floor_comes_back() -> None:
    async def main() -> None:
        async with staged() as stage:
            dead(stage, stage.llm)
            await stage.say("hello")
            await stage.later(5)
            assert stage.errors() == ["llm_failed"]
            assert stage.memory.turns[0].reply_text == APOLOGY
            assert stage.state == "listening"
        check_last(stage)

    run_virtual(main())


def test_a_late_language_model_is_left_for_another_replica() -> None:
    async def main() -> None:
        async with staged(slots=(5, 4), scripted=False) as stage:
            await stage.say("hello")
            late = asked_of(stage.llm)
            await stage.later(3.1)
            other = asked_of(stage.llm)
            assert other is not late
            stage.write(late, "too late ")
            stage.write(other, "Hello there. ", ends=True)
            stage.speak(asked_of(stage.tts), 4800, ends=True)
            await stage.later(2)
            assert stage.errors() == []
            assert stage.memory.turns[0].heard_text == "Hello there."
            stage.socket.tell("text", text="again")
            await stage.later(0.1)
            assert asked_of(stage.llm) is other, "who was late is asked again at once"
        check_last(stage)

    run_virtual(main())


def test_a_voice_that_dies_before_its_first_sound_is_replaced_and_nothing_is_lost() -> None:
    async def main() -> None:
        async with staged(slots=(4, 4), scripted=False) as stage:
            await stage.say("hello")
            stage.write(asked_of(stage.llm), "Hello there. ", ends=True)
            await stage.later(0.1)
            first = asked_of(stage.tts)
            first.fail(Unavailable("gone"))
            await stage.later(0.1)
            other = asked_of(stage.tts)
            assert other is not first
            (items,) = other.came.values()
            assert [item.text for item in items if item.HasField("text")] == ["Hello there. "]
            assert items[-1].HasField("end")
            stage.speak(other, 4800, ends=True)
            await stage.later(2)
            assert stage.errors() == []
            assert stage.audio_s == pytest.approx(0.2, abs=0.01)
        check_last(stage)

    run_virtual(main())


def test_a_voice_that_dies_in_its_sentence_leaves_what_came_and_the_rest_in_writing() -> None:
    async def main() -> None:
        async with staged(slots=(4, 4), scripted=False) as stage:
            await stage.say("hello")
            stage.write(asked_of(stage.llm), "Hello there, my friend. ", ends=True)
            stage.speak(asked_of(stage.tts), 12_000)
            await stage.later(0.2)
            for peer in stage.tts.peers:
                peer.die()
            await stage.later(4)
            assert stage.errors() == ["tts_failed"]
            assert stage.audio_s == pytest.approx(0.5, abs=0.01)
            (entry,) = stage.memory.turns
            assert entry.reply_text == "Hello there, my friend. "
            assert stage.state == "listening"
        check_last(stage)

    run_virtual(main())


@pytest.mark.parametrize(
    "fault", [NoSlot("full"), TooSlow("late"), InvalidArgument("no"), Unavailable("gone")], ids=str
)
def test_no_voice_at_all_leaves_the_reply_in_writing(fault: Fault) -> None:
    async def main() -> None:
        async with staged(scripted=True) as stage:
            stage.tts.peers[0].script = lambda peer, *_: peer.fail(fault)
            await stage.say("hello")
            await stage.later(6)
            assert stage.errors() == ["tts_failed"]
            assert stage.audio == []
            assert stage.memory.turns[0].heard_text == "Hello there."
        check_last(stage)

    run_virtual(main())


def test_a_recogniser_that_is_lost_is_told_of_once_and_opened_again_when_it_is_back() -> None:
    async def main() -> None:
        async with staged() as stage:
            dead(stage, stage.stt)
            await stage.later(5)
            assert stage.errors() == ["stt_unavailable"]
            stage.stt.rigged[0].ready = True
            await stage.later(0.5)
            assert stage.stt.alive == 1
            await stage.say("hello")
            await stage.later(3)
            assert stage.memory.turns[0].user_text == "hello"
        check_last(stage)

    run_virtual(main())


def test_a_recogniser_that_is_lost_in_a_sentence_is_apologised_for() -> None:
    async def main() -> None:
        async with staged() as stage:
            stage.begin_speech()
            await stage.sound(0.3)
            dead(stage, stage.stt)
            await stage.later(8)
            assert stage.memory.turns[0].reply_text == HEARING_APOLOGY
            assert stage.state == "listening"
        check_last(stage)

    run_virtual(main())


def test_hearing_moves_to_another_replica_before_its_own_leaves() -> None:
    async def main() -> None:
        async with staged(slots=(4, 4)) as stage:
            at = stage.stt.peers.index(asked_of(stage.stt))
            stage.stt.rigged[at].watch.leaving = True
            stage.stt.rigged[at].ready = False
            await stage.later(0.5)
            assert asked_of(stage.stt) is stage.stt.peers[1 - at]
            assert stage.errors() == []

    run_virtual(main())


def test_a_sentence_under_way_is_not_cut_off_by_the_move() -> None:
    async def main() -> None:
        async with staged(slots=(4, 4)) as stage:
            here = asked_of(stage.stt)
            stage.begin_speech()
            await stage.sound(0.1)
            replica = stage.stt.rigged[stage.stt.peers.index(here)]
            replica.watch.leaving, replica.ready = True, False
            await stage.sound(0.6)
            assert asked_of(stage.stt) is here
            stage.end_speech()
            stage.understand("hello")
            await stage.later(4)
            assert asked_of(stage.stt) is not here
            assert stage.memory.turns[0].user_text == "hello"
        check_last(stage)

    run_virtual(main())


def test_an_analysis_that_fails_is_told_and_the_talk_goes_on() -> None:
    async def main() -> None:
        async with staged() as stage:
            stage.analysis.answer = Unavailable("gone")
            stage.socket.tell("end_conversation")
            await stage.later(1)
            assert stage.errors() == ["analysis_failed"]
            await stage.say("hello")
            await stage.later(3)
            assert len(stage.memory.turns) == 1

    run_virtual(main())


def test_an_analysis_that_never_comes_dies_with_the_session() -> None:
    async def main() -> None:
        async with staged() as stage:
            stage.analysis.answer = None
            stage.socket.tell("end_conversation")
            await stage.later(1)
            assert stage.analysis.asked == 1

    run_virtual(main())


def test_a_voice_that_begins_again_elsewhere_is_played_to_its_end_like_any_other() -> None:
    async def main() -> None:
        async with staged(slots=(5, 4), scripted=False) as stage:
            await stage.say("hello")
            stage.write(asked_of(stage.llm), "Hello there. ", ends=True)
            await stage.settle()
            first = asked_of(stage.tts)
            first.fail(Unavailable("gone"))
            await stage.settle()
            assert asked_of(stage.tts) is not first
            stage.speak(asked_of(stage.tts), 4800, ends=True)
            await stage.later(2)
            (end,) = stage.messages("ai_audio_end")
            assert end.fields["duration_ms"] == 200
            assert stage.errors() == []
        check_last(stage)

    run_virtual(main())
