"""Frames as the library reads and writes them, for every length and every cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from gateway.transports.websocket.frames import message_frame, sole_message
from tests.unit.gateway.transports.websocket.wired import close, frame

LONGEST = 70_000
MESSAGES = (Opcode.TEXT, Opcode.BINARY)
LENGTHS = (0, 1, 125, 126, 127, 65_535, 65_536)


def read(data: bytes, side: Side) -> list[Frame]:
    """By the library."""
    reader = Protocol(side, max_size=None)
    reader.receive_data(data)
    assert reader.parser_exc is None
    return [event for event in reader.events_received() if isinstance(event, Frame)]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("opcode", MESSAGES)
def test_a_message_that_is_one_frame_is_read(opcode: Opcode, length: int) -> None:
    payload = bytes(number % 128 for number in range(length))
    data = frame(opcode, payload)
    expected = (opcode, payload) if length < 1 << 16 else None
    assert sole_message(data, LONGEST) == expected
    assert sole_message(data, length - 1) is None, "longer than it may be"


LEFT = {
    "a fragment": frame(Opcode.TEXT, b"first", fin=False),
    "a last fragment": frame(Opcode.CONT, b"last"),
    "a ping": frame(Opcode.PING, b"there?"),
    "a pong": frame(Opcode.PONG),
    "a close": close(1000),
    "no mask": b"\x82\x05hello",
    "a reserved bit": b"\xc2\x80\0\0\0\0",
    "a reserved opcode": b"\x83\x80\0\0\0\0",
    "two messages": frame(Opcode.TEXT, b"one") + frame(Opcode.TEXT, b"two"),
    "a length of eight bytes": b"\x82\xff" + bytes(12),
}


@pytest.mark.parametrize("data", LEFT.values(), ids=LEFT)
def test_everything_else_is_left_to_the_library(data: bytes) -> None:
    assert sole_message(data, LONGEST) is None


@given(st.binary(max_size=400), st.sampled_from(MESSAGES), st.data())
def test_part_of_a_frame_is_none_and_more_than_one_neither(
    payload: bytes, opcode: Opcode, data: st.DataObject
) -> None:
    whole = frame(opcode, payload)
    assert sole_message(whole, LONGEST) == (opcode, payload)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert sole_message(whole[:cut], LONGEST) is None
    assert sole_message(whole + b"\x82", LONGEST) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_read_as_the_library_reads_them_or_left_to_it(data: bytes) -> None:
    if (found := sole_message(data, LONGEST)) is not None:
        (event,) = read(data, Side.SERVER)
        assert (event.opcode, bytes(event.data), event.fin) == (*found, True)


@pytest.mark.parametrize("length", LENGTHS)
def test_what_we_write_is_read_by_a_client(length: int) -> None:
    for message, opcode in ((bytes(length), Opcode.BINARY), ("x" * length, Opcode.TEXT)):
        (event,) = read(message_frame(message), Side.CLIENT)
        assert (event.opcode, event.fin) == (opcode, True)
        assert bytes(event.data) == (message if isinstance(message, bytes) else message.encode())
    (event,) = read(message_frame("ä🎈"), Side.CLIENT)
    assert bytes(event.data).decode() == "ä🎈"
