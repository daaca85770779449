"""Clients that mean no harm: they type while they speak, stop sending in mid-word, and speak again later."""

import asyncio

from tests.limits.bystander import assert_answered, connected
from tests.support.client import Client
from tests.support.cluster import Cluster
from tests.support.spoken import speech

WORDS = "Good morning, I would like to talk about my holidays in the mountains."


async def is_heard(client: Client) -> None:
    """An utterance, with the silence after it, is a turn."""
    after = len(client.messages)
    await client.speak(speech(WORDS) + bytes(32_000))
    said = await client.wait(lambda m: m["type"] == "transcript" and m["is_final"], 5, after)
    assert isinstance(said.message, dict)
    assert said.message["text"] == "hello there"


def test_who_types_in_mid_sentence_and_falls_silent_is_heard_again_later(door: Cluster) -> None:
    async def story() -> None:
        async with connected(door.ws) as client:
            await client.speak(speech(WORDS)[:48_000])
            await client.wait(lambda m: m["type"] == "state" and m["state"] == "user_turn", 5)
            await assert_answered(client)
            await is_heard(client)

    asyncio.run(story())


def test_who_types_in_mid_sentence_and_speaks_on_takes_the_floor(door: Cluster) -> None:
    async def story() -> None:
        async with connected(door.ws) as client:
            spoken = speech(WORDS)
            await client.speak(spoken[:48_000])
            await client.wait(lambda m: m["type"] == "state" and m["state"] == "user_turn", 5)
            await client.send(type="text", text="say:10s")
            await client.speak(spoken[48_000:])
            await client.wait_type("flush", 5)

    asyncio.run(story())


def test_who_stops_sending_in_mid_word_is_answered_and_heard_again(door: Cluster) -> None:
    async def story() -> None:
        async with connected(door.ws) as client:
            await client.speak(speech(WORDS)[:48_000])
            await client.wait_type("turn_complete", 8)
            await is_heard(client)

    asyncio.run(story())
