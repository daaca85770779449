"""Clients that mean no harm: they type while they speak, stop sending in mid-word, and speak again later."""

from collections.abc import Awaitable, Callable

from tests.limits.bystander import assert_answered, connected, each
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


async def in_mid_sentence(client: Client) -> None:
    await client.speak(speech(WORDS)[:48_000])
    await client.wait(lambda m: m["type"] == "state" and m["state"] == "user_turn", 5)


async def test_who_types_in_mid_sentence_or_stops_sending_in_mid_word_is_heard_again_later(
    door: Cluster,
) -> None:
    async def types(client: Client) -> None:
        await assert_answered(client)
        await is_heard(client)

    async def types_and_speaks_on(client: Client) -> None:
        await client.send(type="text", text="say:10s")
        await client.speak(speech(WORDS)[48_000:])
        gone = ("flush", "reply_withdrawn")  # it depends on whether anything of it was heard
        await client.wait(lambda m: m["type"] in gone, 5)

    async def stops(client: Client) -> None:
        await client.wait_type("turn_complete", 8)
        await is_heard(client)

    async def one(does: Callable[[Client], Awaitable[None]]) -> None:
        async with connected(door.ws) as client:
            await in_mid_sentence(client)
            await does(client)

    speech(WORDS)
    await each([types, types_and_speaks_on, stops], one)
