"""Messages that nobody should send on the native wire: each is answered in words, and costs nothing else."""

import asyncio
import json

import pytest

from tests.limits.bystander import assert_answered, bystander, connected
from tests.support.client import SILENCE, Client
from tests.support.cluster import Cluster

KNOWN = ("ping", "text", "set_level", "process_audio", "cancel", "end_conversation", "playback")


async def complaint(client: Client, message: str | bytes) -> str:
    """What the server says about a message."""
    after = len(client.messages)
    await client.socket.send(message)
    error = await client.wait_type("error", 5, after)
    assert error["code"] == "bad_message"
    return str(error["message"])


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="half an object"),
        pytest.param("hello", id="words"),
        pytest.param('{"type": NaN}', id="not a number"),
        pytest.param("[" * 30_000, id="deep nesting"),
        pytest.param('{"a":' * 150 + "1" + "}" * 150, id="nesting within the count"),
        pytest.param("[]", id="a list"),
        pytest.param("7", id="a number"),
        pytest.param('"text"', id="a string"),
        pytest.param("null", id="null"),
        pytest.param("9" * 5000, id="a number of 5000 figures"),
    ],
)
def test_what_is_not_a_json_object_is_refused_in_words_and_the_session_goes_on(
    door: Cluster, message: str
) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            said = await complaint(client, message)
            assert "JSON" in said or "unknown message type" in said
            await assert_answered(client)

    asyncio.run(story())


@pytest.mark.parametrize("kind", ["dance", "", 7, None, ["text"], {"type": "text"}, "TEXT", "x" * 5000, "\ud800"])
def test_an_unknown_type_is_answered_with_the_known_ones(door: Cluster, kind: object) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            said = await complaint(client, json.dumps({"type": kind}))
            assert all(known in said for known in KNOWN)
            assert len(said) < 400
            await assert_answered(client)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("message", "field"),
    [
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
        ('{"type":"playback","turn":1,"played_ms":' + "9" * 400 + "}", "played_ms"),
    ],
)
def test_a_field_of_the_wrong_type_or_size_is_named(door: Cluster, message: str, field: str) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            assert field in await complaint(client, message)
            await assert_answered(client)

    asyncio.run(story())


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\udfffb say:0.2s"', '"\\u0000\\u001b[31m say:0.2s"'])
@pytest.mark.parametrize("kind", ["text", "level"])
def test_text_that_no_wire_can_carry_does_not_end_the_session(door: Cluster, text: str, kind: str) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            name = "text" if kind == "text" else "set_level"
            await client.socket.send(f'{{"type":"{name}","{kind}":{text}}}')
            await client.wait(lambda m: m["type"] in ("error", "turn_complete"), 5)
            await assert_answered(client)

    asyncio.run(story())


def test_an_unknown_level_is_an_error_with_its_name(door: Cluster) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            await client.send(type="set_level", level="guru")
            assert "guru" in (await client.wait_type("error"))["message"]
            await assert_answered(client)

    asyncio.run(story())


def test_a_frame_of_half_a_sample_is_named_and_the_frames_around_it_are_heard(door: Cluster) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            await client.socket.send(SILENCE)
            said = await complaint(client, SILENCE + b"\0")
            assert "641" in said
            assert "odd" in said
            await client.speak(SILENCE * 10)
            await assert_answered(client)
            assert len([m for m in client.controls() if m["type"] == "error"]) == 1

    asyncio.run(story())


def test_the_twentieth_bad_message_ends_the_session_with_the_reason(door: Cluster) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            for _ in range(19):
                await client.socket.send("nonsense")
            await client.wait(lambda m: len(errors(client)) == 19)
            await assert_answered(client)
            await client.socket.send("nonsense")
            code, reason = await client.wait_closed()
            assert code == 1008
            assert "could not be understood" in reason
            assert len(errors(client)) == 20

    asyncio.run(story())


def errors(client: Client) -> list[dict[str, object]]:
    return [message for message in client.controls() if message["type"] == "error"]
