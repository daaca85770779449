"""uvicorn's WebSocket protocol for clients that are held back: one that is not read from is no dead one, is
seen when it leaves, and may send messages as large as its wire allows and no larger.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

DEPARTURE = "parley.departure"
"""The extension of an ASGI scope that holds a Departure."""
_TCP_ENDED = frozenset((4, 5, 6, 7, 8, 9, 11))
"""TCP_INFO's numbers of the states in which the peer sends nothing more."""
PING_S = 1.0

MessageBytes = Callable[[str], int]
"""The largest message that a path's wire takes."""


class Departure:
    """Whether a client has left, told before what it sent is read."""

    def __init__(self, transport: asyncio.Transport, ping: Callable[[], None]) -> None:
        self._transport, self._ping = transport, ping
        self._pinged_at = asyncio.get_running_loop().time()
        self.closed = False

    def is_known(self) -> bool:
        """A closing frame or a reset was read, or behind what is unread the kernel has seen the end.

        That end may itself wait behind what a kernel could not send yet: a ping makes it answer with a reset.
        """
        if self.closed or self._transport.is_closing() or self._has_ended():
            return True
        now = asyncio.get_running_loop().time()
        if now - self._pinged_at >= PING_S:
            self._pinged_at = now
            self._ping()
        return False

    def _has_ended(self) -> bool:
        peer = self._transport.get_extra_info("socket")
        if peer is None or not hasattr(socket, "TCP_INFO"):
            return False
        try:
            (state,) = struct.unpack("B", peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1))
        except (OSError, ValueError):  # its descriptor is gone
            return True
        return state in _TCP_ENDED


class HoldingProtocol(WebSocketsSansIOProtocol):
    """`message_bytes` is asked once for each connection, with its path."""

    def __init__(self, *args: Any, message_bytes: MessageBytes, **named: Any) -> None:
        super().__init__(*args, **named)
        self._message_bytes = message_bytes
        self._departure: Departure | None = None
        self._heard_at = 0.0

    def handle_connect(self, event: Request) -> None:
        self.conn.max_message_size = self._message_bytes(unquote(event.path.partition("?")[0]))
        self._departure = Departure(self.transport, self._send_ping)
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][DEPARTURE] = {"departure": self._departure}

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        super().data_received(data)

    def handle_close(self, event: Frame) -> None:
        self._note_departure()
        super().handle_close(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._note_departure()
        super().connection_lost(exc)

    def keepalive_timeout(self) -> None:
        """The answer to a ping may lie behind what is not read yet, or be on its way behind what was."""
        if self.read_paused or self._heard_at > self.ping_sent_at:
            self.pong_timer = None
            self.pending_ping_payload = None
            self.schedule_ping()
            return
        super().keepalive_timeout()

    def _send_ping(self) -> None:
        """Whose answer nobody waits for."""
        if self.handshake_complete and not self.close_sent:
            self.conn.send_ping(b"")
            self.transport.write(b"".join(self.conn.data_to_send()))

    def _note_departure(self) -> None:
        if self._departure is not None:
            self._departure.closed = True


def holding_protocol(message_bytes: MessageBytes) -> type[HoldingProtocol]:
    """The class that uvicorn takes, which makes one for each connection."""

    class Protocol(HoldingProtocol):
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, message_bytes=message_bytes, **named)

    return Protocol
