"""uvicorn's WebSocket protocol for sessions: what comes is handed on where it comes, what leaves is written
while there is room, with no task and no queue between.

A client that is held back, not read from for a while, is no dead one, is seen when it leaves, and may send
messages as large as its wire allows and no larger.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, NoReturn
from urllib.parse import unquote

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.transports.websocket.frames import message_frame, sole_message
from gateway.transports.wire import Later, Take, WireClosed

SHORT_WAY = "parley.short_way"
"""The extension of an ASGI scope whose `protocol` is the connection's HoldingProtocol."""
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


class _Frames(ServerProtocol):
    """A message that its sender breaks off to close is no fault: the close is answered as it was meant."""

    is_between = False
    """What has come ended with a frame."""

    def receive_data(self, data: bytes | bytearray) -> None:
        self.is_between = False
        super().receive_data(data)

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)
        self.is_between = not self.reader.buffer

    def sole_message(self, data: bytes) -> tuple[Opcode, bytes] | None:
        """The message that the data is, if it is one in one frame and follows the rules."""
        if not self.is_between or self.current_size is not None or self.state is not State.OPEN:
            return None
        return sole_message(data, self.max_message_size or 0)


class HoldingProtocol(WebSocketsSansIOProtocol):
    """`message_bytes` is asked once for each connection, with its path.

    Until `read` is called and whenever its reader is busy, messages go uvicorn's way: into its queue, with a
    pause of reading behind each.
    """

    conn: _Frames

    def __init__(self, *args: Any, message_bytes: MessageBytes, **named: Any) -> None:
        super().__init__(*args, **named)
        self.conn = _Frames(
            extensions=self.conn.available_extensions,
            max_size=self.config.ws_max_size,
            logger=self.logger,
        )
        self._message_bytes = message_bytes
        self._take: Take | None = None
        """Set while a reader waits for a message."""
        self._later: Later | None = None
        """What is left to do of the queue's first message; None: everything."""
        self._departure: Departure | None = None
        self._heard_at = 0.0

    def handle_connect(self, event: Request) -> None:
        self.conn.max_message_size = self._message_bytes(unquote(event.path.partition("?")[0]))
        self._departure = Departure(self.transport, self._send_ping)
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][SHORT_WAY] = {"protocol": self}

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        if (sole := self.conn.sole_message(data)) is None:
            super().data_received(data)
            return
        opcode, message = sole
        self.frames = [message]
        self.curr_msg_data_type = "text" if opcode is Opcode.TEXT else "bytes"
        self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        """A message is whole. What is not done with it at once holds the next one back."""
        waited_for = self._take is not None and self.queue.empty() and not self.close_sent
        if waited_for and self._is_taken():
            self.frames = []
        else:
            super().send_receive_event_to_app()

    def _is_taken(self) -> bool:
        """What taking it raises is raised by whoever reads."""
        assert self._take is not None
        data = b"".join(self.frames)
        self.frames = [data]
        try:
            message = data if self.curr_msg_data_type == "bytes" else data.decode()
        except UnicodeDecodeError:  # uvicorn closes for it
            return False
        try:
            self._later = self._take(message)
        except Exception as error:
            self._later = partial(_raise, error)
        return self._later is None

    async def read(self, take: Take) -> NoReturn:
        """As Wire says. `take` has the reader's context wherever it is called."""
        context = copy_context()
        while True:
            self._take = lambda message: context.run(take, message)
            try:
                event: Any = await self.receive()
            finally:
                self._take = None
            later, self._later = self._later, None
            if event["type"] == "websocket.disconnect":
                raise WireClosed(str(event.get("code", "")))
            if later is None:
                data = event.get("bytes")
                later = take(data if data is not None else event["text"])
            if later is not None:
                await later()

    def send_now(self, message: str | bytes) -> bool:
        """As Socket says."""
        if self.close_sent or not self.writable.is_set() or self.transport.is_closing():
            return False
        if self.conn.state is not State.OPEN:  # the client's close has come
            return False
        self.transport.write(message_frame(message))
        return True

    def has_left(self) -> bool:
        """As Socket says."""
        return self._departure is not None and self._departure.is_known()

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


async def _raise(error: Exception) -> None:
    raise error


def holding_protocol(message_bytes: MessageBytes) -> type[HoldingProtocol]:
    """The class that uvicorn takes, which makes one for each connection."""

    class Protocol(HoldingProtocol):
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, message_bytes=message_bytes, **named)

    return Protocol
