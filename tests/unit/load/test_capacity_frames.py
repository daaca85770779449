"""The generator's own WebSocket against the library's, and in pieces."""

import pytest
from websockets.frames import Frame
from websockets.frames import Opcode as TheirOpcode
from websockets.streams import StreamReader

from tests.load.capacity.frames import Opcode, Reader, WireFault, frame


def read_by_library(data: bytes) -> Frame:
    stream = StreamReader()
    stream.feed_data(data)
    parsing = Frame.parse(stream.read_exact, mask=True)
    with pytest.raises(StopIteration) as stop:
        next(parsing)
    assert isinstance(stop.value.value, Frame)
    return stop.value.value


@pytest.mark.parametrize("size", [0, 1, 3, 125, 126, 640, 65_535])
def test_what_is_sent_is_what_the_library_understands(size: int) -> None:
    payload = bytes(index % 251 for index in range(size))
    parsed = read_by_library(frame(Opcode.BINARY, payload))
    assert (parsed.opcode, bytes(parsed.data), parsed.fin) == (TheirOpcode.BINARY, payload, True)


@pytest.mark.parametrize("piece", [1, 2, 5, 4096])
def test_messages_are_found_however_they_are_cut(piece: int) -> None:
    sent = [b"", b"a" * 125, b"b" * 126, b"c" * 1920, b"d" * 70_000]
    stream = b"".join(Frame(TheirOpcode.BINARY, payload).serialize(mask=False) for payload in sent)
    reader = Reader()
    found = [
        message
        for start in range(0, len(stream), piece)
        for message in reader.feed(stream[start : start + piece])
    ]
    assert found == [(Opcode.BINARY, payload) for payload in sent]


def test_a_ping_between_messages_is_told_apart() -> None:
    stream = Frame(TheirOpcode.PING, b"x").serialize(mask=False) + Frame(TheirOpcode.TEXT, b"{}").serialize(
        mask=False
    )
    assert list(Reader().feed(stream)) == [(Opcode.PING, b"x"), (Opcode.TEXT, b"{}")]


def test_a_fragment_is_refused() -> None:
    with pytest.raises(WireFault):
        list(Reader().feed(Frame(TheirOpcode.TEXT, b"x", fin=False).serialize(mask=False)))
