"""uvicorn, hardened: a listening socket that drops clients who never read, a timer for half-sent
headers, and a drain that comes before uvicorn closes anything.
"""

import asyncio
import logging
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.exceptions import WebSocketException

from gateway.door.protocol import MessageBytes, holding_protocol

HEAD_S = 5.0
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


class HeadTimerProtocol(HttpToolsProtocol):
    """Closes a connection whose request head is not complete in time: uvicorn has no such limit."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNSENT_BYTES)
        self._start_timer()

    def on_message_begin(self) -> None:
        """A further request on a connection that is kept alive."""
        super().on_message_begin()
        self._start_timer()

    def on_headers_complete(self) -> None:
        self._stop_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = asyncio.get_running_loop().call_later(HEAD_S, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


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
            http=HeadTimerProtocol,
            ws=holding_protocol(message_bytes),
            ws_per_message_deflate=False,
            ws_ping_interval=ping_interval_s,
            ws_ping_timeout=ping_timeout_s,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            timeout_keep_alive=5,
        )
    )


class _NoFloods(logging.Filter):
    """Drops what clients make uvicorn log: a traceback a malformed frame, an error a refused upgrade."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "without completing handshake" in record.getMessage():
            return False
        kind = record.exc_info[0] if record.exc_info else None
        return kind is None or not issubclass(kind, UnicodeError | WebSocketException)


def silence_floods() -> None:
    """Our own faults stay in the log; clients' do not get in, nor every open and close."""
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.WARNING)
    if not any(isinstance(known, _NoFloods) for known in logger.filters):
        logger.addFilter(_NoFloods())
