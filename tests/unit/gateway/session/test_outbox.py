"""What waits for a socket is counted; the first byte of a turn's audio is told once it has left."""

import asyncio

from gateway.session.figures import Figures
from gateway.session.outbox import Outbox
from tests.support.leaks import run


class Told(Figures):
    """Keeps the turns whose audio is said to have left, and how much had left by then."""

    def __init__(self, socket: "Wire") -> None:
        super().__init__(lambda: 0.0)
        self.turns: list[tuple[int, int]] = []
        self._socket = socket

    def note_audio_sent(self, turn: int) -> None:
        self.turns.append((turn, len(self._socket.sent)))


class Wire:
    def has_left(self) -> bool:
        return False

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []

    async def receive(self) -> str | bytes:
        await asyncio.Event().wait()
        return ""

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
