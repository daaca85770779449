"""Clients that take what is sent slowly or never: their own loss."""

import asyncio
import socket
from collections.abc import AsyncIterator

import psutil

from tests.limits.bystander import PATH, assert_answered, bystander
from tests.support.client import talking_to
from tests.support.cluster import Cluster

GROWTH_BYTES = 20 * 1024 * 1024
TURNS = 20
SLOW_S = 13.0
MOST_STALE_BYTES = 40 * 1024


async def test_a_client_that_never_reads_costs_neither_memory_nor_others(door: Cluster) -> None:
    gateway = psutil.Process(door.pid("gateway"))
    async with bystander(door) as healthy:
        before = gateway.memory_info().rss
        deaf = [await open_deaf(door.port) for _ in range(4)]
        for _ in range(TURNS):
            for _, writer in deaf:
                writer.write(text_frame(b'{"type":"text","text":"say:30s"}'))
            await asyncio.sleep(0.1)
        await assert_answered(healthy)
        await asyncio.sleep(2)
        assert gateway.memory_info().rss - before < GROWTH_BYTES
        await assert_answered(healthy)
        for _, writer in deaf:
            writer.transport.abort()


async def open_deaf(port: int, rate: str = "96000") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An upgraded socket with hardly any room, of which nothing more is read."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=2048)
    writer.write(
        f"GET {PATH}?output_rate={rate} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    reader._transport.pause_reading()  # type: ignore[attr-defined]  # the public interface cannot stop reading
    return reader, writer


def text_frame(data: bytes) -> bytes:
    """Masked with zeros; for short messages only."""
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


async def test_places_of_deaf_clients_come_free_again(door: Cluster) -> None:
    async with bystander(door):
        _, writer = await open_deaf(door.port)
        writer.write(text_frame(b'{"type":"text","text":"say:60s"}'))
        await asyncio.sleep(0.5)
        writer.transport.abort()
    async with asyncio.timeout(10):
        while door.metric("gateway", 'parley_sessions{dialect="parley"}') > 0:
            await asyncio.sleep(0.1)


async def test_a_client_that_reads_in_fits_gets_its_whole_reply(door: Cluster) -> None:
    async with talking_to(f"{door.ws}{PATH}", max_queue=1) as client:
        await client.wait_type("connected")
        transport = client.socket.transport
        await client.send(type="text", text="say:2s")
        for _ in range(4):
            transport.pause_reading()
            await asyncio.sleep(0.3)
            transport.resume_reading()
            await asyncio.sleep(0.1)
        await client.wait_type("turn_complete", 10)
        assert len(client.audio()) == 2 * 24_000 * 2


RATE_BYTES = 34_000
"""A second, of a network that is slower than the reply's 48,000."""


async def read_frames(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, bytes]]:
    """Opcode and payload, as slowly as the network brings them."""
    while True:
        head = await reader.readexactly(2)
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
        payload = await reader.readexactly(size)
        await asyncio.sleep((size + 2) / RATE_BYTES)
        yield head[0] & 0x0F, payload


async def test_on_a_slow_network_little_stale_audio_follows_the_end_of_a_reply_and_nobody_is_hung_up_on(
    door: Cluster,
) -> None:
    reader, writer = await open_deaf(door.port, "24000")
    reader._transport.resume_reading()  # type: ignore[attr-defined]
    began = asyncio.get_running_loop().time()
    writer.write(text_frame(b'{"type":"text","text":"say:40s"}'))
    heard = stale = 0
    is_cancelled = is_flushed = False
    async for opcode, payload in read_frames(reader):
        assert opcode != 8, f"hung up on: {payload!r}"
        if opcode == 2:
            heard += len(payload)
            stale += len(payload) if is_cancelled else 0
        elif b'"flush"' in payload:
            is_flushed = True
            break
        if not is_cancelled and asyncio.get_running_loop().time() - began > SLOW_S:
            writer.write(text_frame(b'{"type":"cancel"}'))
            is_cancelled = True
    assert is_flushed
    assert heard > RATE_BYTES * (SLOW_S - 3), "it was heard all the while"
    assert stale < MOST_STALE_BYTES
    writer.transport.abort()
