"""However a reply goes, every lane that was opened for it is ended, and its place given back."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.faults import Fault, InvalidArgument, NoSlot, TooSlow, Unavailable
from chassis.lane_items import MESSAGE_BYTES
from gateway.conversation import events as e
from gateway.conversation.items import ChatMessage
from gateway.links import tts
from protos.parley.v1 import llm_pb2, tts_pb2
from tests.support.leaks import run
from tests.unit.gateway.session.reply_rig import SOUND, SPOKEN, WRITTEN, Rig, passes, words

MOVES = st.sampled_from(
    (
        "words",
        "written",
        "sound",
        "spoken",
        "llm gone",
        "llm late",
        "llm full",
        "tts gone",
        "tts refuses",
        "ask again",
        "speak again",
        "cancel text",
        "speak",
        "wait",
    )
)
FAULTS: dict[str, Fault] = {
    "gone": Unavailable("gone"),
    "late": TooSlow("late"),
    "full": NoSlot("full"),
    "refuses": InvalidArgument("no"),
}


async def play(rig: Rig, group: asyncio.TaskGroup, move: str) -> None:
    service, _, what = move.partition(" ")
    link, event = (rig.llm, llm_pb2.ChatEvent) if service == "llm" else (rig.tts, tts_pb2.SpeechEvent)
    if what in FAULTS:
        for replica in link.rigged:
            replica.lanes.fail(event, FAULTS[what])
    for name, target, item in (
        ("words", rig.llm, words("hi ")),
        ("written", rig.llm, WRITTEN),
        ("sound", rig.tts, SOUND),
        ("spoken", rig.tts, SPOKEN),
    ):
        if move == name:
            for replica in target.rigged:
                replica.lanes.answer(item)
    match move:
        case "ask again":
            rig.run.ask_again(group, late=True)
        case "speak again":
            rig.run.speak_again(group, late=False)
        case "cancel text":
            rig.run.cancel_text()
        case "speak":
            rig.run.speak("hello ")
        case _:
            pass
    await passes()


@settings(deadline=None, max_examples=200)
@given(st.lists(MOVES, max_size=14))
def test_what_was_opened_and_has_not_ended_is_alive_and_nothing_is_after_the_end(moves: list[str]) -> None:
    async def main() -> None:
        rig = Rig((4, 4), (4, 4))
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            await passes()
            for move in moves:
                await play(rig, group, move)
                assert rig.llm.alive <= 1, "two questions at once"
                assert rig.tts.alive <= 1, "two voices at once"
            rig.run.cancel()
            assert rig.alive == 0
            told = len(rig.posted)
            await passes()
            assert len(rig.posted) == told, "something was told after the end"
        assert rig.alive == 0

    run(main())


def test_a_prompt_that_no_message_can_carry_takes_no_place() -> None:
    async def main() -> None:
        rig = Rig()
        for _ in range(20):
            async with asyncio.TaskGroup() as group:
                rig.start(group, (ChatMessage("user", "x" * MESSAGE_BYTES),))
                await passes()
                rig.run.cancel()
        assert rig.alive == 0
        failed = [event for event in rig.posted if isinstance(event, e.ReplyTextFailed)]
        assert [event.failure for event in failed] == [e.Failure.FINAL] * 20

    run(main())


def test_a_late_replica_is_left_for_another_and_passed_over_by_all() -> None:
    async def main() -> None:
        rig = Rig((4, 3))
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            await passes()
            assert rig.run.home == "a"
            rig.run.ask_again(group, late=True)
            await passes()
            assert (rig.run.home, rig.llm.alive) == ("b", 1)
            assert [replica.late for replica in rig.llm.rigged] == [True, False]
            rig.llm.rigged[0].lanes.answer(words("too late"))
            rig.llm.rigged[1].lanes.answer(words("hello"))
            await passes()
            rig.run.cancel()
        assert [event.text for event in rig.posted if isinstance(event, e.ReplyTextArrived)] == ["hello"]

    run(main())


def test_a_failure_says_which_attempt_it_ended() -> None:
    async def main() -> None:
        rig = Rig((4, 3), (4, 3))
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            await passes()
            for attempt in range(2):
                for link, event in ((rig.llm, llm_pb2.ChatEvent), (rig.tts, tts_pb2.SpeechEvent)):
                    for replica in link.rigged:
                        replica.lanes.fail(event, Unavailable("gone"))
                await passes()
                if attempt == 0:
                    rig.run.ask_again(group, late=False)
                    rig.run.speak_again(group, late=False)
                    await passes()
            rig.run.cancel()
        for kind in (e.ReplyTextFailed, e.SpeechFailed):
            assert [event.attempt for event in rig.posted if isinstance(event, kind)] == [1, 2]

    run(main())


def test_words_that_are_under_way_already_are_not_asked_for_again() -> None:
    async def main() -> None:
        rig = Rig((4, 3))
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            await passes()
            rig.llm.rigged[0].lanes.answer(words("hello"))
            await passes()
            rig.run.ask_again(group, late=True)
            await passes()
            assert rig.llm.opened == 1
            rig.run.cancel()

    run(main())


def test_another_voice_begins_with_all_of_the_text() -> None:
    async def main() -> None:
        rig = Rig(tts_slots=(4, 3))
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            rig.run.speak("Good ")
            await passes()
            rig.run.speak("morning. ")
            assert rig.sent_to(rig.tts, "a") == ["Good ", "morning. "]
            rig.run.speak_again(group, late=True)
            await passes()
            rig.run.speak("How are you?")
            assert rig.sent_to(rig.tts, "b") == ["Good ", "morning. ", "How are you?"]
            rig.run.cancel()

    run(main())


def test_a_turn_waits_a_moment_for_a_place() -> None:
    async def main() -> None:
        rig = Rig(tts_slots=(1,))
        taken = rig.tts.open(tts.config(9, "", ""), "another")
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            rig.run.speak("Hello.")
            await asyncio.sleep(0.05)
            assert not rig.posted
            taken.cancel()
            await asyncio.sleep(0.05)
            assert rig.sent_to(rig.tts, "a") == ["Hello."]
            rig.run.cancel()

    run(main())


@pytest.mark.parametrize("in_band", [False, True], ids=["counted", "told by the service"])
def test_a_place_that_does_not_come_free_is_given_up(monkeypatch: pytest.MonkeyPatch, in_band: bool) -> None:
    monkeypatch.setattr("gateway.links.place.PLACE_S", 0.05)
    monkeypatch.setattr("gateway.links.link.PLACE_S", 0.05)

    async def main() -> None:
        rig = Rig(tts_slots=(4,) if in_band else (0,))
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            for _ in range(20):
                await asyncio.sleep(0.01)
                for replica in rig.tts.rigged:
                    replica.lanes.fail(tts_pb2.SpeechEvent, NoSlot("full"))
            rig.run.cancel()
        (failed,) = [event for event in rig.posted if isinstance(event, e.SpeechFailed)]
        assert failed.failure is e.Failure.FINAL
        assert rig.alive == 0

    run(main())


@pytest.mark.parametrize("full", [("a",), ("a", "b")])
def test_where_one_replica_is_full_after_all_another_is_asked(full: tuple[str, ...]) -> None:
    async def main() -> None:
        rig = Rig(tts_slots=(4, 3, 2))
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            rig.run.speak("Hello.")
            async with asyncio.timeout(2):
                while not rig.sent_to(rig.tts, "abc"[len(full)]):
                    await asyncio.sleep(0.005)
                    for replica in rig.tts.rigged:
                        if replica.address in full:
                            replica.lanes.fail(tts_pb2.SpeechEvent, NoSlot("full"))
            assert [replica.lanes.opened for replica in rig.tts.rigged[: len(full)]] == [1] * len(full)
            rig.run.cancel()
        assert rig.alive == 0

    run(main())


def test_a_conversation_goes_back_to_the_replica_that_has_its_prefix() -> None:
    async def main() -> None:
        rig = Rig((4, 4, 4), home="c")
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            await passes()
            assert rig.run.home == "c"
            rig.run.cancel()

    run(main())


def test_words_that_have_come_are_not_asked_for_again_by_a_refusal_behind_them() -> None:
    async def main() -> None:
        rig = Rig((4, 3))
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            await passes()
            rig.llm.rigged[0].lanes.answer(words("hello"))
            await passes()
            rig.llm.rigged[0].lanes.fail(llm_pb2.ChatEvent, NoSlot("busy"))
            await passes()
            assert (rig.llm.opened, rig.llm.alive) == (1, 0)
            assert isinstance(rig.posted[-1], e.ReplyTextFailed)
            rig.run.cancel()

    run(main())


def test_a_voice_that_was_given_up_is_not_heard_and_the_text_goes_on() -> None:
    async def main() -> None:
        rig = Rig()
        async with asyncio.TaskGroup() as group:
            rig.start(group)
            await passes()
            rig.run.cancel_speech()
            rig.tts.rigged[0].lanes.answer(SOUND)
            rig.llm.rigged[0].lanes.answer(words("hello"))
            await passes()
            assert (rig.tts.alive, rig.llm.alive) == (0, 1)
            assert [type(event) for event in rig.posted] == [e.ReplyTextArrived]
            rig.run.cancel()

    run(main())
