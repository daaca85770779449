"""What waits for a socket is counted; the first byte of a turn's audio is told once it has left."""

import asyncio
from typing import NoReturn

import pytest

from chassis.faults import Overflow
from gateway.session.observed import Observed
from gateway.session.outbox import BACKED_UP_BYTES, Outbox
from gateway.session.socket import Take
from tests.support.leaks import run


class Told(Observed):
    """Keeps the turns whose audio is said to have left, and how much had left by then."""

    def __init__(self, socket: "Wire") -> None:
        super().__init__(lambda: 0.0)
        self.turns: list[tuple[int, int]] = []
        self._socket = socket

    def note_audio_sent(self, turn: int) -> None:
        self.turns.append((turn, len(self._socket.sent)))


class Wire:
    """Takes what it is given a little later; while it `has_room`, at once."""

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []
        self.has_room = False

    async def read(self, take: Take) -> NoReturn:
        raise NotImplementedError

    def has_left(self) -> bool:
        return False

    def send_now(self, message: str | bytes) -> bool:
        if self.has_room:
            self.sent.append(message)
        return self.has_room

    async def send(self, message: str | bytes) -> None:
        await asyncio.sleep(0)
        self.sent.append(message)

    async def close(self, code: int, reason: str) -> None: ...


def make() -> tuple[Outbox, Told, Wire]:
    wire = Wire()
    told = Told(wire)
    return Outbox(wire, told), told, wire


def test_a_turns_first_audio_is_told_when_the_socket_has_taken_it() -> None:
    outbox, told, wire = make()
    for message, turn in (("hello", 0), (b"one", 1), (b"more", 1), ("words", 0), (b"two", 2), (b"more", 2)):
        outbox.put(message, turn)
    outbox.finish()
    run(outbox.run())
    assert told.turns == [(1, 2), (2, 5)]
    assert len(wire.sent) == 6


def test_what_waits_is_counted_and_what_is_dropped_is_told() -> None:
    outbox, told, wire = make()
    for message, turn in (("hello", 0), (b"1234", 1), (b"56", 1), (b"789", 2)):
        outbox.put(message, turn)
    assert (outbox.waiting_messages, outbox.waiting_bytes) == (4, 14)
    assert outbox.drop_audio(1) == 6
    assert (outbox.waiting_messages, outbox.waiting_bytes) == (2, 8)
    assert outbox.drop_audio(1) == 0
    outbox.finish()
    run(outbox.run())
    assert wire.sent == ["hello", b"789"]
    assert told.turns == [(2, 2)]
    assert (outbox.waiting_messages, outbox.waiting_bytes) == (0, 0)


def test_a_socket_that_takes_nothing_is_said_to_read_too_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.session.outbox.SEND_S", 0.02)
    outbox, _, wire = make()

    async def stuck(message: str | bytes) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(wire, "send", stuck)
    outbox.put("hello")
    with pytest.raises(Overflow, match="sending to the client took longer"):
        run(outbox.run())


def test_what_is_under_way_to_the_socket_counts_as_waiting_and_its_leaving_is_told() -> None:
    async def main() -> None:
        wire, flowing, backed_up = Wire(), list[int](), list[bool]()
        outbox = Outbox(wire, Told(wire), lambda: flowing.append(len(wire.sent)))
        for _ in range(4):
            outbox.put(bytes(BACKED_UP_BYTES // 2), 1)
            backed_up.append(outbox.backed_up)
        assert backed_up == [False, False, True, True]
        outbox.finish()
        await outbox.run()
        assert flowing == [2]
        assert not outbox.backed_up

    run(main())


def test_what_there_is_room_for_leaves_at_once_and_its_audio_is_told() -> None:
    outbox, told, wire = make()
    wire.has_room = True
    for message, turn in (("hello", 0), (b"one", 1), (b"more", 1), (b"two", 2)):
        outbox.put(message, turn)
    assert wire.sent == ["hello", b"one", b"more", b"two"]
    assert told.turns == [(1, 2), (2, 4)]
    assert (outbox.waiting_messages, outbox.waiting_bytes) == (0, 0)


def test_nothing_overtakes_what_waits_nor_what_is_under_way() -> None:
    async def main() -> None:
        outbox, _, wire = make()
        outbox.put("first")
        outbox.put("second")
        wire.has_room = True
        outbox.put("third")
        assert wire.sent == []
        sending = asyncio.ensure_future(outbox.run())
        for number in range(6):
            await asyncio.sleep(0)
            outbox.put(f"{number}")
        outbox.finish()
        await sending
        assert wire.sent == ["first", "second", "third", *map(str, range(6))]

    run(main())
