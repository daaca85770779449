"""Connections that never say what they want are closed, and keep nobody else waiting."""

import asyncio
import time

from tests.limits.bystander import PATH, assert_answered, connected, each
from tests.support.cluster import Cluster

CONNECTIONS = 200
GONE_S = 7.0
HALF_HEAD = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: web".encode()
WHOLE = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def test_two_hundred_silent_and_half_heard_connections_are_closed_while_a_session_talks(
    door: Cluster,
) -> None:
    streams = await asyncio.gather(
        *(asyncio.open_connection("127.0.0.1", door.port) for _ in range(CONNECTIONS))
    )
    began = time.monotonic()
    try:
        for _, writer in streams[::2]:
            writer.write(HALF_HEAD)
        async with connected(door.ws) as client:
            await assert_answered(client)
            closed = [asyncio.create_task(read_to_end(reader)) for reader, _ in streams]
            _, still_open = await asyncio.wait(closed, timeout=GONE_S - (time.monotonic() - began))
            assert not still_open, f"{len(still_open)} connections are still open after {GONE_S} s"
            await assert_answered(client)
    finally:
        for _, writer in streams:
            writer.transport.abort()
        await asyncio.sleep(0)


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_a_head_that_comes_in_drips_is_not_waited_for(door: Cluster) -> None:
    async def one(first: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        try:
            if first:
                writer.write(first)
                assert b"200" in await reader.readuntil(b"\r\n\r\n")
                await reader.readuntil(b"}")
            ended = asyncio.create_task(read_to_end(reader))
            for byte in HALF_HEAD[: round(GONE_S / 0.2)]:
                if ended.done():
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(0.2)
            await asyncio.wait([ended], timeout=1)
            assert ended.done(), "the connection is still open"
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)

    # On a new connection, and after a request that was answered.
    await each([b"", WHOLE], one)
