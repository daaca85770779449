"""As little of a client of RFC 6455 as a load generator needs: masked frames up, whole frames down."""

from collections.abc import Iterator
from enum import IntEnum

MASK = b"\x37\xfa\x21\x3d"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEAD_END = b"\r\n\r\n"


class Opcode(IntEnum):
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class WireFault(Exception):
    """The server did not speak as it must."""


def upgrade(host: str, port: int, target: str) -> bytes:
    """The request that opens a socket."""
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def frame(opcode: Opcode, payload: bytes) -> bytes:
    """One masked frame of less than 64 KiB."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    mask = int.from_bytes((MASK * (size // 4 + 1))[:size], "big")
    masked = (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big")
    return bytes([0x80 | opcode]) + length + MASK + masked


class Reader:
    """Bytes of a server in, whole messages out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Opcode, bytes]]:
        """The frames that are complete now. Raises WireFault for a fragment, which no server here sends."""
        self._buffer += data
        while (place := self._first()) is not None:
            start, end = place
            head, payload = self._buffer[0], bytes(self._buffer[start:end])
            del self._buffer[:end]
            if not head & 0x80 or head & 0x0F not in Opcode.__members__.values():
                raise WireFault(f"a frame began with {head:#x}")
            yield Opcode(head & 0x0F), payload

    def _first(self) -> tuple[int, int] | None:
        """Where the first frame's payload begins and ends; None: it is not whole."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start], "big")
        return (start, start + size) if len(buffer) >= start + size else None
