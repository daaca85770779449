"""The listening socket, the timers of half-sent requests, and what clients cannot make the log say."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.exceptions import ProtocolError

from gateway.door import server as door
from gateway.door.server import listen, make_server, silence_floods


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads the whole body, then answers; the path /deaf answers at once."""
    while scope["path"] != "/deaf" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server. Raises TimeoutError when it is held for longer than 5 s."""
    listener = listen("127.0.0.1", 0)
    server = make_server(app, lambda _: 1024, 20.0, 20.0)
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        async with asyncio.timeout(5):
            yield reader, writer
        writer.close()
    finally:
        server.should_exit = True
        await task
        listener.close()


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HEAD_S", 0.2)
    monkeypatch.setattr(door, "BODY_S", 0.1)
    monkeypatch.setattr(door, "BODY_GRACE_S", 0.1)


def test_a_socket_gives_what_it_accepts_its_options() -> None:
    listener = listen("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == door.USER_TIMEOUT_MS
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == door.UNSENT_BYTES


def test_a_port_that_is_taken_is_named_with_the_setting_that_chooses_another() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(OSError, match=f"127.0.0.1:{port}.*choose another with PORT"):
            listen("127.0.0.1", port)


def test_an_address_of_ipv6_is_listened_at() -> None:
    with listen("::1", 0) as listener:
        assert listener.family is socket.AF_INET6


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_whole_in_time_is_no_longer_waited_for(sent: bytes) -> None:
    async with serving() as (reader, writer):
        writer.write(sent)
        assert await reader.read() == b""


@pytest.mark.usefixtures("_quick")
async def test_a_body_that_stops_coming_is_no_longer_waited_for() -> None:
    async with serving() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        assert await reader.read() == b""


@pytest.mark.usefixtures("_quick")
async def test_a_body_that_comes_at_the_least_rate_has_the_time_that_its_bytes_take() -> None:
    async with serving() as (reader, writer):
        size = 16 * 1024
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(8):
            writer.write(bytes(size // 8))
            await asyncio.sleep(0.06)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")


@pytest.mark.usefixtures("_quick")
async def test_a_second_request_on_a_connection_has_its_own_time() -> None:
    async with serving() as (reader, writer):
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.3)  # longer than a head may take: between two requests there is none
        writer.write(b"GET / HT")
        assert await reader.read() == b""


@pytest.mark.usefixtures("_quick")
async def test_blank_lines_after_an_answer_do_not_keep_a_connection() -> None:
    async with serving() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"ok")
        writer.write(b"\r\n")
        assert await reader.read() == b""


def test_signals_are_left_to_the_process() -> None:
    import signal

    before = signal.getsignal(signal.SIGTERM)
    with make_server(app, lambda _: 1024, 20.0, 20.0).capture_signals():
        assert signal.getsignal(signal.SIGTERM) is before


@pytest.fixture
def _logger() -> Any:
    logger = logging.getLogger("uvicorn.error")
    level, filters = logger.level, list(logger.filters)
    yield
    logger.setLevel(level)
    logger.filters[:] = filters


@pytest.mark.usefixtures("_logger")
def test_what_clients_do_is_not_logged_and_our_own_faults_are(caplog: pytest.LogCaptureFixture) -> None:
    silence_floods()
    silence_floods()
    logger = logging.getLogger("uvicorn.error")
    for words in door.OF_CLIENTS:
        logger.error("%s, again and again", words)
    for error in (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), ProtocolError("no")):
        logger.error("data transfer failed", exc_info=error)
    logger.info("connection open")
    logger.error("Exception in ASGI application", exc_info=ValueError("ours"))
    assert [record.message for record in caplog.records] == ["Exception in ASGI application"]
    assert len([known for known in logger.filters if isinstance(known, door._NoFloods)]) == 1
