"""Messages that nobody should send on the native wire: each is answered in words, and costs nothing else."""

import asyncio
import json

from tests.limits.bystander import assert_answered, bystander, connected, each
from tests.support.client import SILENCE, Client
from tests.support.cluster import Cluster, wait_for

KNOWN = ("ping", "text", "set_level", "process_audio", "cancel", "end_conversation", "playback")
NOT_OBJECTS = (
    "",
    "{",
    "hello",
    '{"type": NaN}',
    "[" * 30_000,
    '{"a":' * 150 + "1" + "}" * 150,
    "[]",
    "7",
    '"text"',
    "null",
    "9" * 5000,
)
UNKNOWN_TYPES = ("dance", "", 7, None, ["text"], {"type": "text"}, "TEXT", "x" * 5000, "\ud800")
WRONG_FIELDS = (
    ('{"type":"text"}', "text"),
    ('{"type":"text","text":5}', "text"),
    ('{"type":"text","text":["a"]}', "text"),
    (json.dumps({"type": "text", "text": "x" * 4001}), "text"),
    ('{"type":"set_level","level":{}}', "level"),
    ('{"type":"playback"}', "turn"),
    ('{"type":"playback","turn":true,"played_ms":0}', "turn"),
    ('{"type":"playback","turn":"1","played_ms":0}', "turn"),
    ('{"type":"playback","turn":-1,"played_ms":0}', "turn"),
    ('{"type":"playback","turn":1,"played_ms":1e400}', "played_ms"),
)


async def complaint(client: Client, message: str | bytes) -> str:
    """What the server says about a message."""
    after = len(client.messages)
    await client.socket.send(message)
    error = await client.wait_type("error", 5, after)
    assert error["code"] == "bad_message"
    return str(error["message"])


def errors(client: Client) -> list[dict[str, object]]:
    return [message for message in client.controls() if message["type"] == "error"]


async def test_what_is_not_a_json_object_is_refused_in_words_and_the_session_goes_on(door: Cluster) -> None:
    async def one(message: str) -> None:
        async with connected(door.ws) as client:
            said = await complaint(client, message)
            assert "JSON" in said or "unknown message type" in said
            await assert_answered(client)

    async with bystander(door):
        await each(NOT_OBJECTS, one)


async def test_an_unknown_type_is_answered_with_the_known_ones(door: Cluster) -> None:
    async def one(kind: object) -> None:
        async with connected(door.ws) as client:
            said = await complaint(client, json.dumps({"type": kind}))
            assert all(known in said for known in KNOWN)
            assert len(said) < 400
            await assert_answered(client)

    async with bystander(door):
        await each(UNKNOWN_TYPES, one)


async def test_a_field_of_the_wrong_type_or_size_is_named(door: Cluster) -> None:
    async def one(case: tuple[str, str]) -> None:
        message, field = case
        async with connected(door.ws) as client:
            assert field in await complaint(client, message)
            await assert_answered(client)

    async with bystander(door):
        await each(WRONG_FIELDS, one)


async def test_an_unknown_level_is_an_error_with_its_name(door: Cluster) -> None:
    async with bystander(door), connected(door.ws) as client:
        await client.send(type="set_level", level="guru")
        assert "guru" in (await client.wait_type("error"))["message"]
        await assert_answered(client)


async def test_half_a_sample_waits_for_its_other_half_and_nobody_complains(door: Cluster) -> None:
    async with bystander(door), connected(door.ws) as client:
        for _ in range(40):
            await client.socket.send(SILENCE + b"\0")
            await asyncio.sleep(0.02)
        await assert_answered(client)
        assert not errors(client)


async def test_the_twentieth_bad_message_ends_the_session_with_the_reason(door: Cluster) -> None:
    async with bystander(door), connected(door.ws) as client:
        for _ in range(19):
            await client.socket.send("nonsense")
        await asyncio.to_thread(wait_for, lambda: len(errors(client)) == 19, 5, "19 complaints")
        await assert_answered(client)
        await client.socket.send("nonsense")
        code, reason = await client.wait_closed()
        assert code == 1008
        assert "could not be understood" in reason
        assert len(errors(client)) == 20
