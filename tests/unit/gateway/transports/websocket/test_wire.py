"""What waits is counted, held and cleared; the first of a reply's audio is told once it has left."""

import asyncio
from typing import NoReturn

import pytest

from chassis.faults import Overflow
from gateway.transports.websocket.wire import BACKED_UP_BYTES, WebSocketWire
from gateway.transports.wire import Take, Unsent


class Client:
    """A socket that takes what it is given a little later; while it `has_room`, at once."""

    def __init__(self) -> None:
        self.got: list[str | bytes] = []
        self.closed: list[tuple[int, str]] = []
        self.has_room = False

    async def read(self, take: Take) -> NoReturn:
        raise AssertionError(f"nobody reads here, so {take} takes nothing")

    def has_left(self) -> bool:
        return False

    def send_now(self, message: str | bytes) -> bool:
        if self.has_room:
            self.got.append(message)
        return self.has_room

    async def send(self, message: str | bytes) -> None:
        await asyncio.sleep(0)
        self.got.append(message)

    async def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


class Rig:
    """`told`: each reply whose audio is said to have left, and how much had left by then. `flowed`: how much
    had when it was said to flow again.
    """

    def __init__(self) -> None:
        self.client, self.told, self.flowed = Client(), list[tuple[int, int]](), list[int]()
        self.wire = WebSocketWire(self.client)
        self.wire.begin(
            lambda reply: self.told.append((reply, len(self.client.got))),
            lambda: self.flowed.append(len(self.client.got)),
        )

    def send(self, *messages: str | tuple[bytes, int]) -> None:
        """Text, or audio and its reply."""
        for message in messages:
            if isinstance(message, str):
                self.wire.send(message)
            else:
                self.wire.send(*message)

    async def passes(self) -> None:
        """Whoever can run has run."""
        for _ in range(20):
            await asyncio.sleep(0)


async def test_a_replys_first_audio_is_told_when_the_socket_has_taken_it() -> None:
    rig = Rig()
    rig.send("hello", (b"one", 1), (b"more", 1), "words", (b"two", 2), (b"more", 2))
    await rig.wire.close(1000, "")
    assert rig.told == [(1, 2), (2, 5)]
    assert len(rig.client.got) == 6
    assert rig.client.closed == [(1000, "")]


async def test_what_waits_is_counted_and_what_is_cleared_is_told() -> None:
    rig = Rig()
    rig.send("hello", (b"1234", 1), (b"56", 1), (b"789", 2))
    assert rig.wire.unsent == Unsent(4, 14)
    assert rig.wire.clear(1) == 6
    assert rig.wire.unsent == Unsent(2, 8)
    assert rig.wire.clear(1) == 0
    await rig.wire.close(1000, "")
    assert rig.client.got == ["hello", b"789"]
    assert rig.told == [(2, 2)]
    assert rig.wire.unsent == Unsent(0, 0)


async def test_a_socket_that_takes_nothing_is_said_to_read_too_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.transports.websocket.wire.SEND_S", 0.02)
    rig = Rig()

    async def stuck(message: str | bytes) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(rig.client, "send", stuck)
    rig.send("hello")
    with pytest.raises(Overflow, match="sending to the client took longer"):
        await rig.wire.run()


async def test_what_is_under_way_to_the_socket_counts_as_waiting_and_its_leaving_is_told() -> None:
    rig, backed_up = Rig(), list[bool]()
    for _ in range(4):
        rig.send((bytes(BACKED_UP_BYTES // 2), 1))
        backed_up.append(rig.wire.backed_up)
    assert backed_up == [False, False, True, True]
    await rig.wire.close(1000, "")
    assert rig.flowed == [2]
    assert not rig.wire.backed_up


async def test_a_client_that_was_backed_up_only_while_something_was_under_way_is_said_to_flow_again() -> None:
    rig = Rig()
    sending = asyncio.ensure_future(rig.wire.run())
    await rig.passes()
    rig.send((bytes(BACKED_UP_BYTES // 2), 1))
    await asyncio.sleep(0)
    assert rig.wire.unsent.messages == 0, "it is under way"
    rig.send((bytes(BACKED_UP_BYTES // 2 + 1), 1))
    assert rig.wire.backed_up
    await rig.passes()
    sending.cancel()
    assert rig.flowed == [1]


async def test_what_there_is_room_for_leaves_at_once_and_its_audio_is_told() -> None:
    rig = Rig()
    rig.client.has_room = True
    rig.send("hello", (b"one", 1), (b"more", 1), (b"two", 2))
    assert rig.client.got == ["hello", b"one", b"more", b"two"]
    assert rig.told == [(1, 2), (2, 4)]
    assert rig.wire.unsent == Unsent(0, 0)


async def test_nothing_overtakes_what_waits_nor_what_is_under_way() -> None:
    rig = Rig()
    rig.send("first", "second")
    rig.client.has_room = True
    rig.send("third")
    assert rig.client.got == []
    sending = asyncio.ensure_future(rig.wire.run())
    for number in range(6):
        await asyncio.sleep(0)
        rig.send(f"{number}")
    await rig.passes()
    sending.cancel()
    assert rig.client.got == ["first", "second", "third", *map(str, range(6))]


async def test_what_was_under_way_when_its_sender_was_cancelled_is_sent_before_the_goodbye() -> None:
    rig = Rig()
    rig.send("first", "second")
    sending = asyncio.ensure_future(rig.wire.run())
    await asyncio.sleep(0)
    assert rig.wire.unsent.messages == 1, "the first is under way"
    sending.cancel()
    await asyncio.wait([sending])
    await rig.wire.close(1000, "")
    assert rig.client.got == ["first", "second"]
    assert rig.wire.unsent == Unsent(0, 0)


@pytest.mark.parametrize("has_room", [True, False], ids=["with room", "without"])
async def test_audio_that_is_held_stays_and_words_pass_it(has_room: bool) -> None:
    rig = Rig()
    sending = asyncio.ensure_future(rig.wire.run())
    rig.client.has_room = has_room
    rig.wire.hold(True)
    rig.send((b"one", 1), "words", (b"more", 1), "more words")
    await rig.passes()
    assert rig.client.got == ["words", "more words"]
    assert rig.told == []
    assert rig.wire.unsent == Unsent(2, 7)
    rig.wire.hold(False)
    rig.send((b"rest", 1), "end")
    await rig.passes()
    sending.cancel()
    assert rig.client.got == ["words", "more words", b"one", b"more", b"rest", "end"], "not one byte is lost"
    assert rig.told == [(1, 3)]


async def test_audio_that_is_held_can_be_cleared_and_does_not_keep_a_goodbye_waiting() -> None:
    rig = Rig()
    rig.wire.hold(True)
    rig.send((b"one", 1), (b"two", 2), "words")
    assert rig.wire.clear(1) == 3
    await rig.wire.close(1000, "")
    assert rig.client.got == ["words"]
    assert rig.client.closed == [(1000, "")]
