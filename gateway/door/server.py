"""uvicorn, hardened: a listening socket that drops clients who never read, timers for half-sent
requests, and a drain that comes before uvicorn closes anything.
"""

import asyncio
import logging
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from websockets.exceptions import WebSocketException

from gateway.transports.websocket.protocol import MessageBytes, holding_protocol

HEAD_S = 5.0
BODY_S = 10.0
"""How long a body may take, besides the time that its bytes have at the least rate."""
LEAST_BYTES_PER_S = 16 * 1024
BODY_GRACE_S = 2.0
"""Who reads a body answers in words first; the connection is closed where nobody does."""
KEEP_ALIVE_S = 75
"""Longer than proxies keep a connection idle: one that they use again must not be closed just then."""
USER_TIMEOUT_MS = 10_000
UNSENT_BYTES = 8 * 1024
"""What may wait in the kernel of one connection, and as much again in the process: audio that waits there can
no longer be taken back when its reply is cut short.
"""
BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; those accepted from it inherit its TCP options. Raises OSError naming the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror}; choose another with PORT") from None
    listener.setblocking(False)
    return listener


class TimedProtocol(HttpToolsProtocol):
    """Closes a connection whose request, head or body, is not whole in time: uvicorn has no such limits."""

    _timer: asyncio.TimerHandle | None = None
    _body_due = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNSENT_BYTES)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        latest: RequestResponseCycle | None = self.cycle
        answered = latest is not None and latest.response_complete
        if answered and self.timeout_keep_alive_task is None and self in self.connections:
            # Blank lines, or the end of a body that nobody read: they end uvicorn's wait for a next request.
            self._expect_head()

    def on_message_begin(self) -> None:
        """A further request on a connection that is kept alive."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        super().on_headers_complete()
        if not (self.parser.should_upgrade() and self._should_upgrade()):
            self._body_due = self.loop.time() + BODY_S + BODY_GRACE_S
            self._await_body()

    def on_body(self, body: bytes) -> None:
        self._body_due += len(body) / LEAST_BYTES_PER_S
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_timer()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_S, self.transport.close)

    def _await_body(self) -> None:
        if self.loop.time() < self._body_due:
            self._timer = self.loop.call_at(self._body_due, self._await_body)
        else:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class DrainingServer(uvicorn.Server):
    """Signals are the process's business: uvicorn closes sockets at once, we drain first."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """None of uvicorn's."""
        return nullcontext()


def make_server(
    app: Any, message_bytes: MessageBytes, ping_interval_s: float, ping_timeout_s: float
) -> DrainingServer:
    silence_floods()
    return DrainingServer(
        uvicorn.Config(
            app,
            http=TimedProtocol,
            ws=holding_protocol(message_bytes),
            ws_per_message_deflate=False,
            ws_ping_interval=ping_interval_s,
            ws_ping_timeout=ping_timeout_s,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_S,
        )
    )


OF_CLIENTS = (
    "ASGI callable returned without completing handshake",
    "Invalid HTTP request received",
    "Unsupported upgrade request",
)
"""How uvicorn's words about a client's doing begin."""


class _NoFloods(logging.Filter):
    """Drops what clients make uvicorn log: a traceback a malformed frame, an error a refused upgrade."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.getMessage().startswith(OF_CLIENTS):
            return False
        kind = record.exc_info[0] if record.exc_info else None
        return kind is None or not issubclass(kind, UnicodeError | WebSocketException)


def silence_floods() -> None:
    """Our own faults stay in the log; clients' do not get in, nor every open and close."""
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.WARNING)
    if not any(isinstance(known, _NoFloods) for known in logger.filters):
        logger.addFilter(_NoFloods())
