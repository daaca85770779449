"""AI-Talk's frontend, as its protocol describes it, against the whole cluster."""

import asyncio
import time
from typing import Any

import pytest

from tests.journeys.ai_talk import TURN_S, check_turn, visiting
from tests.journeys.recorder import record, webm
from tests.support.cluster import Cluster
from tests.support.spoken import silence, utterance

pytestmark = pytest.mark.timeout(120)
SAID = "hello there"
REPLY = "This is the fake reply to turn 1."
NOTHING_SAID = {
    "grammar_score": 0,
    "final_score": 0,
    "mistakes": [],
    "strengths": [],
    "suggestions": ["Try to speak more during the conversation!"],
}


def check_analysis(data: dict[str, Any]) -> None:
    assert data.keys() == NOTHING_SAID.keys()
    for score in ("grammar_score", "final_score"):
        assert type(data[score]) is int
        assert 0 <= data[score] <= 100
    for mistake in data["mistakes"]:
        assert mistake.keys() == {"original", "correction", "explanation"}
        assert all(isinstance(value, str) for value in mistake.values())
    for points in ("strengths", "suggestions"):
        assert len(data[points]) <= 5
        assert all(isinstance(point, str) for point in data[points])


async def test_a_pcm_utterance_gets_one_whole_turn_in_order(fake: Cluster) -> None:
    speech = utterance(after_s=1)
    async with visiting(fake) as client:
        await client.speak(speech)
        await client.wait_type("turn_complete", TURN_S)
        turn = check_turn(client, after=1)
        assert (turn["transcript"], turn["full_text"]) == (SAID, REPLY)


async def test_the_audio_of_a_long_reply_comes_in_frames_of_8192_bytes(embedded: Cluster) -> None:
    speech = utterance(after_s=1)
    async with visiting(embedded) as client:
        await client.speak(speech)
        await client.wait_type("turn_complete", TURN_S)
        assert check_turn(client, after=1)["audio_s"] > 1


async def test_a_recorder_that_falls_silent_by_sending_nothing_gets_its_turn(embedded: Cluster) -> None:
    recording = webm(utterance())
    async with visiting(embedded) as client:
        await record(client.socket, recording)
        await client.wait_type("turn_complete", TURN_S)
        first = check_turn(client, after=1)
        seen = len(client.messages)
        # A new recording on the same socket has a header of its own.
        await record(client.socket, recording)
        await client.wait_type("turn_complete", TURN_S, after=seen)
        second = check_turn(client, after=seen)
        assert first["audio_s"] > 0.5
        assert second["audio_s"] > 0.5


async def test_a_recording_that_goes_on_after_a_turn_needs_no_second_header(fake: Cluster) -> None:
    phrase = utterance(after_s=1)
    recording = webm(phrase + silence(4) + phrase)
    async with visiting(fake) as client:
        await record(client.socket, recording)
        await client.wait_type("turn_complete", TURN_S)
        first = next(
            number
            for number, received in enumerate(client.messages)
            if received.message == {"type": "turn_complete"}
        )
        await client.wait_type("turn_complete", TURN_S, after=first + 1)
        assert check_turn(client, after=first + 1)["transcript"] == SAID


async def test_process_audio_ends_the_turn_without_waiting_for_silence(fake: Cluster) -> None:
    speech = utterance()
    async with visiting(fake) as client:
        await client.speak(speech)
        asked = time.monotonic()
        await client.send(type="process_audio")
        transcript = await client.wait(lambda m: m["type"] == "transcript")
        assert transcript.at - asked < 0.5, "it waited for the silence that ends a turn"
        await client.wait_type("turn_complete", TURN_S)
        check_turn(client, after=1)


async def test_speech_over_a_reply_interrupts_it_and_is_answered_itself(embedded: Cluster) -> None:
    speech = utterance(before_s=0.1, after_s=1)

    before = embedded.metric("gateway", "parley_barge_in_seconds_count")
    async with visiting(embedded) as client:
        await client.speak(speech)
        await client.wait_audio(TURN_S)
        await asyncio.sleep(0.3)
        await client.speak(speech)
        interrupted = await client.wait_type("turn_complete", TURN_S)
        assert interrupted == {"type": "turn_complete", "interrupted": True}
        await client.wait(lambda m: m == {"type": "turn_complete"}, TURN_S)
        assert [m["type"] for m in client.controls()].count("transcript") == 2
    # The first speech took no floor from anybody: one of the two was a barge-in.
    assert embedded.metric("gateway", "parley_barge_in_seconds_count") == before + 1


async def test_what_is_asked_is_answered_word_for_word(fake: Cluster) -> None:
    async with visiting(fake) as client:
        await client.send(type="ping")
        await client.wait(lambda m: m == {"type": "pong"})

        # A good level, no level and an unknown type get no reply.
        for level in ("beginner", "intermediate", "advanced"):
            await client.send(type="set_level", level=level)
        await client.send(type="set_level")
        await client.send(type="dance", with_whom="everybody")
        await client.send(no_type="at all")

        await client.send(type="set_level", level="genius")
        await client.wait_type("error")
        await client.socket.send("{this is not JSON")
        await client.wait(lambda m: m == {"type": "error", "message": "Invalid JSON message"})
        await client.send(type="ping")
        await client.wait_type("pong", after=2)
        assert client.controls()[1:] == [
            {"type": "pong"},
            {"type": "error", "message": "Invalid level: genius"},
            {"type": "error", "message": "Invalid JSON message"},
            {"type": "pong"},
        ]


async def test_ending_without_an_utterance_gives_the_analysis_of_nothing(embedded: Cluster) -> None:
    async with visiting(embedded) as client:
        await client.send(type="end_conversation")
        analysis = await client.wait_type("analysis", TURN_S)
        assert analysis == {"type": "analysis", "data": NOTHING_SAID}


async def test_ending_after_a_turn_gives_an_analysis_of_it(embedded: Cluster) -> None:
    speech = utterance(after_s=1)
    async with visiting(embedded) as client:
        await client.speak(speech)
        await client.wait_type("turn_complete", TURN_S)
        await client.send(type="end_conversation")
        analysis = await client.wait_type("analysis", TURN_S)
        check_analysis(analysis["data"])
        assert analysis["data"] != NOTHING_SAID
        assert analysis["data"]["final_score"] > 0
        assert analysis["data"]["suggestions"]


async def test_ending_while_speaking_finishes_the_turn_before_the_analysis(fake: Cluster) -> None:
    speech = utterance()
    async with visiting(fake) as client:
        await client.speak(speech)
        await client.send(type="end_conversation")
        analysis = await client.wait_type("analysis", TURN_S)
        check_analysis(analysis["data"])
        kinds = [message["type"] for message in client.controls()]
        assert kinds.index("transcript") < kinds.index("turn_complete") < kinds.index("analysis")
