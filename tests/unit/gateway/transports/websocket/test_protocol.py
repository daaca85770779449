"""A session is given its messages from within the network's call, and writes without a detour."""

import asyncio
from contextvars import ContextVar

import pytest
from websockets.frames import Opcode

from gateway.transports.wire import Later
from tests.unit.gateway.transports.websocket.wired import Wired, close, frame, passes, wired

ONE, TWO, THREE = (frame(Opcode.BINARY, data) for data in (b"one", b"two", b"three"))


async def test_a_message_is_taken_at_once_and_reading_goes_on() -> None:
    async with wired() as connection:
        connection.feed(ONE)
        connection.feed(TWO, frame(Opcode.TEXT, b"drei"))
        assert connection.taken == [b"one", b"two", "drei"]
        assert connection.pipe.pauses == 0


async def test_a_message_with_something_left_to_do_holds_back_those_behind_it() -> None:
    async with wired() as connection:
        gate = asyncio.Event()
        connection.later = lambda: held(gate)
        connection.feed(ONE, TWO)
        connection.later = None
        assert connection.taken == [b"one"]
        assert connection.pipe.is_paused
        connection.feed(THREE)
        await passes()
        assert connection.taken == [b"one"]
        assert connection.pipe.is_paused
        gate.set()
        await passes()
        assert connection.taken == [b"one", b"two", b"three"]
        assert not connection.pipe.is_paused
        pauses = connection.pipe.pauses
        connection.feed(ONE)
        assert connection.taken[3:] == [b"one"], "afterwards it is as before"
        assert connection.pipe.pauses == pauses


async def held(gate: asyncio.Event) -> None:
    await gate.wait()


async def test_one_message_is_read_ahead_and_no_more() -> None:
    async with wired() as connection:
        gate = asyncio.Event()
        connection.later = lambda: held(gate)
        connection.feed(ONE)
        await passes()
        assert not connection.pipe.is_paused, "a close behind it would be seen"
        connection.feed(TWO)
        assert connection.pipe.is_paused
        gate.set()
        await passes()
        assert connection.taken == [b"one", b"two"]


async def test_messages_before_the_reader_are_given_to_it_first() -> None:
    async with wired(reads=False) as connection:
        connection.feed(ONE, TWO)
        assert connection.pipe.is_paused
        connection.begin.set()
        await asyncio.sleep(0)
        connection.feed(THREE)
        await passes()
        assert connection.taken == [b"one", b"two", b"three"]
        assert not connection.pipe.is_paused


async def test_what_taking_raises_is_raised_to_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(message: str | bytes) -> Later | None:
        raise ValueError("this is not for me")

    monkeypatch.setattr(Wired, "take", lambda _, message: refuse(message))
    async with wired() as connection:
        connection.feed(ONE, TWO)
        await passes()
        assert str(connection.ended) == "this is not for me"


async def test_taking_sees_what_its_reader_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    known, seen = ContextVar("known", default="nothing"), list[str]()

    def look(self: Wired, message: str | bytes) -> None:
        seen.append(known.get())

    monkeypatch.setattr(Wired, "take", look)
    known.set("the session")
    async with wired() as connection:
        known.set("the network")
        connection.feed(ONE)
    assert seen == ["the session"]


async def test_after_the_reader_was_cancelled_nothing_is_given_to_it() -> None:
    async with wired() as connection:
        (task,) = connection.protocol.tasks
        task.cancel()
        await passes()
        connection.feed(ONE)
        assert connection.taken == []


async def test_what_came_before_the_client_left_is_taken_before_that_is_told() -> None:
    async with wired() as connection:
        connection.feed(ONE, close(1001, b"bye"))
        assert connection.taken == [b"one"]
        assert connection.protocol.has_left()
        assert not connection.protocol.send_now("too late")
        await passes()
        assert str(connection.ended) == "1001"
        assert connection.answered() == [(Opcode.CLOSE, b"\x03\xe9bye")]
    async with wired() as connection:
        connection.feed(ONE)
        connection.lose()
        assert not connection.protocol.send_now("too late")
        await passes()
        assert str(connection.ended) == "1005"


async def test_what_there_is_room_for_is_written_at_once() -> None:
    async with wired() as connection:
        assert connection.protocol.send_now("text")
        assert connection.protocol.send_now(b"\0" * 300)
        assert connection.answered() == [(Opcode.TEXT, b"text"), (Opcode.BINARY, b"\0" * 300)]
        connection.protocol.pause_writing()
        assert not connection.protocol.send_now("text")
        assert connection.answered() == []
        connection.protocol.resume_writing()
        assert connection.protocol.send_now("text")
        connection.pipe.close()
        assert not connection.protocol.send_now("text")


async def test_an_answer_from_within_taking_keeps_its_place_among_pongs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Wired, "take", lambda self, message: self.protocol.send_now(message) and None)
    async with wired() as connection:
        connection.feed(frame(Opcode.PING, b"a"), ONE, frame(Opcode.PING, b"b"), TWO)
        answered = connection.answered()
        assert [data for opcode, data in answered if opcode is Opcode.PONG] == [b"a", b"b"]
        assert [data for opcode, data in answered if opcode is Opcode.BINARY] == [b"one", b"two"]


def unmasked(data: bytes) -> bytes:
    """A frame on whose wire the payload is as it is: its mask is zero."""
    return b"\x82" + bytes([0x80 | len(data), 0, 0, 0, 0]) + data


@pytest.mark.parametrize("before", [b"", ONE], ids=["first", "second"])
@pytest.mark.parametrize("together", [True, False], ids=["with the head", "alone"])
async def test_a_payload_that_looks_like_a_message_is_none(before: bytes, together: bool) -> None:
    """Wherever the network cuts."""
    inner = unmasked(b"inner")
    outer = unmasked(inner)
    head = outer[: -len(inner)]
    async with wired() as connection:
        if together:
            connection.feed(before, head)
        else:
            connection.feed(before)
            connection.feed(head)
        connection.feed(inner)
        assert connection.taken == ([b"one"] if before else []) + [inner]
        connection.feed(inner)
        assert connection.taken[-1] == b"inner"
