"""Somebody speaks over a reply, with a real voice through the real detector and ear, and is understood."""

import asyncio

import pytest

from tests.support.client import FRAME_BYTES, SILENCE, Client, talking_to
from tests.support.cluster import Cluster
from tests.support.noises import noises
from tests.support.spoken import speech

pytestmark = pytest.mark.timeout(120)
QUESTION = "Please tell me about your favourite place in the world."


async def is_heard(client: Client) -> int:
    """A reply has been sounding for a while; its turn."""
    mark = len(client.messages)
    await client.send(type="text", text=QUESTION)
    started = await client.wait_type("ai_audio_start", 10, after=mark)
    await asyncio.sleep(0.7)
    return int(started["turn"])


async def speak_over(client: Client, sound: bytes) -> None:
    """At the pace of a microphone, with the second behind it that a microphone goes on for."""
    pcm = sound + bytes(-len(sound) % FRAME_BYTES) + SILENCE * 50
    await client.speak(pcm)


async def test_who_listens_or_coughs_does_not_stop_the_reply_and_who_interrupts_does(
    embedded: Cluster,
) -> None:
    yeah = await asyncio.to_thread(speech, "Yeah.")
    wait = await asyncio.to_thread(speech, "Wait a moment please.")
    (cough,) = (pcm for name, pcm in noises(8, seed=7, longest_s=1.0) if "cough" in name)
    async with talking_to(f"{embedded.ws}/v1/conversation") as client:
        await client.wait_type("connected")
        turn = await is_heard(client)
        mark = len(client.messages)
        await speak_over(client, yeah)
        said = await client.wait_type("backchannel", 5, after=mark)
        assert (said["text"].strip(" .!").lower(), said["turn"]) == ("yeah", turn)
        await client.wait_type("resume", 2, after=mark)
        await speak_over(client, cough)
        done = await client.wait_type("turn_complete", 20, after=mark)
        assert (done["turn"], done["interrupted"]) == (turn, False)

        turn = await is_heard(client)
        mark = len(client.messages)
        await speak_over(client, wait)
        assert (await client.wait_type("hold", 5, after=mark))["turn"] == turn
        assert (await client.wait_type("flush", 5, after=mark))["turn"] == turn
        answered = await client.wait(
            lambda m: m["type"] == "transcript" and m["is_final"] and m["turn"] == turn + 1, 10, after=mark
        )
        assert isinstance(answered.message, dict)
        assert "wait" in answered.message["text"].lower()
        await client.wait_type("ai_audio_start", 10, after=mark)


async def test_who_ends_turns_by_hand_may_be_silent_for_as_long_as_they_like(embedded: Cluster) -> None:
    first = await asyncio.to_thread(speech, "I would like to talk about my holidays.")
    async with talking_to(f"{embedded.ws}/v1/conversation?end_of_turn=manual") as client:
        await client.wait_type("connected")
        mark = len(client.messages)
        await speak_over(client, first)
        await speak_over(client, b"")
        assert not [
            m for m in client.messages[mark:] if isinstance(m.message, dict) and m.message.get("is_final")
        ]
        await client.send(type="process_audio")
        said = await client.wait(lambda m: m["type"] == "transcript" and m["is_final"], 10, after=mark)
        assert isinstance(said.message, dict)
        assert "holidays" in said.message["text"].lower()
