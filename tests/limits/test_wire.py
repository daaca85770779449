"""Below the messages: sizes, encodings, compression, and paths that are not there."""

import json
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from gateway.dialects.ai_talk import AiTalkDialect
from tests.limits.bystander import assert_answered, bystander, connected, each
from tests.support.client import Client, talking_to
from tests.support.cluster import Cluster

LIMIT = 64 * 1024


@pytest.mark.parametrize("message", [b"\0" * (LIMIT + 2), "x" * (LIMIT + 1)], ids=["binary", "text"])
async def test_a_message_over_64_kib_closes_with_1009(door: Cluster, message: str | bytes) -> None:
    async with bystander(door), connected(door.ws) as client:
        await client.socket.send(message)
        assert (await client.wait_closed())[0] == 1009


async def test_many_small_frames_of_one_message_over_64_kib_close(door: Cluster) -> None:
    async with bystander(door), connected(door.ws) as client:
        with suppress(ConnectionClosed):
            await client.socket.send(b"\0" * 1024 for _ in range(2 * LIMIT // 1024))
        # 1006 where frames still under way make the kernel reset the connection before 1009 is read.
        assert (await client.wait_closed())[0] in (1009, 1006)


async def test_a_message_of_exactly_64_kib_is_read(door: Cluster) -> None:
    async with bystander(door), connected(door.ws) as client:
        await client.socket.send(b"\0" * LIMIT)
        padded = json.dumps({"type": "ping", "pad": ""})
        await client.socket.send(padded[:-2] + "x" * (LIMIT - len(padded)) + padded[-2:])
        await client.wait_type("pong")
        await assert_answered(client)


async def test_bad_utf8_closes_with_1007_and_hardly_touches_the_log(door: Cluster) -> None:
    async with bystander(door):
        for bad in (b'{"type":"\xff"}', b"\xed\xa0\x80", b"\xc0\x80", b"abc\xe2\x82"):
            before = len(door.log("gateway").splitlines())
            async with connected(door.ws) as client:
                await send_raw_text(client, bad)
                assert (await client.wait_closed())[0] == 1007
            lines = door.log("gateway").splitlines()[before:]
            beyond = [line for line in lines if "session opened" not in line and "session ended" not in line]
            assert len(beyond) <= 1, beyond


async def send_raw_text(client: Client, data: bytes) -> None:
    """A text frame whose bytes are anything."""
    frame = Frame(Opcode.TEXT, data).serialize(mask=True)
    client.socket.transport.write(frame)


AGAINST_THE_RULES = {
    "a reserved opcode": b"\x83\x80\0\0\0\0",
    "reserved bits": b"\xf1\x80\0\0\0\0",
    "no mask": b"\x81\x02hi",
    "a continuation of nothing": b"\x80\x80\0\0\0\0",
    "a ping of 126 bytes": b"\x89\xfe\x00\x7e" + bytes(130),
}


async def test_a_frame_against_the_rules_closes_with_1002(door: Cluster) -> None:
    async def one(name: str) -> None:
        async with connected(door.ws) as client:
            client.socket.transport.write(AGAINST_THE_RULES[name])
            assert (await client.wait_closed())[0] == 1002

    async with bystander(door):
        await each(AGAINST_THE_RULES, one)


async def test_compression_is_not_negotiated(door: Cluster) -> None:
    async with bystander(door), connected(door.ws, compression="deflate") as client:
        request, response = client.socket.request, client.socket.response
        assert request is not None
        assert response is not None
        assert "permessage-deflate" in request.headers["Sec-WebSocket-Extensions"]
        assert "Sec-WebSocket-Extensions" not in response.headers


async def test_a_path_that_is_not_there_is_refused_before_the_upgrade(door: Cluster) -> None:
    async def one(path: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{door.ws}{path}")
        assert refused.value.response.status_code in (403, 404)

    async with bystander(door):
        await each(["/", "/v1", "/v1/conversation/x", "/v1/Conversation", "/health", "/%00"], one)


async def test_each_wire_has_a_largest_message_of_its_own(door: Cluster) -> None:
    """AI-Talk's takes a whole recording; what is larger closes before it has come."""
    largest = AiTalkDialect().capabilities.limits.message_bytes
    async with bystander(door):
        async with talking_to(f"{door.ws}/ws/conversation") as client:
            await client.wait_type("connected")
            await client.socket.send(b"\0" * (LIMIT * 4))
            await client.send(type="ping")
            await client.wait_type("pong", 5)
        async with talking_to(f"{door.ws}/ws/conversation") as client:
            await client.wait_type("connected")
            with suppress(ConnectionClosed):
                await client.socket.send(b"\0" * (largest + 1))
            assert (await client.wait_closed())[0] in (1009, 1006)
        async with talking_to(f"{door.ws}/ws/conversation") as client:
            await client.wait_type("connected")
            await client.socket.send("x" * (LIMIT + 1))
            assert "characters at most" in (await client.wait_type("error"))["message"]
