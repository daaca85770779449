"""The rules of WebSockets that a client may lean on: fragments, control frames, UTF-8, closing."""

import pytest
from websockets.frames import Opcode

from tests.unit.gateway.transports.websocket.wired import LIMIT, Wired, close, frame, wired

TEXT, BINARY, CONT = Opcode.TEXT, Opcode.BINARY, Opcode.CONT
WORDS = "Hello-µ@ßöäüàá-UTF-8!! 🎈"


def closed_with(connection: Wired) -> int:
    """The code of the only frame that left."""
    ((opcode, data),) = connection.answered()
    assert opcode is Opcode.CLOSE
    assert connection.pipe.is_closed
    return int.from_bytes(data[:2])


async def test_fragments_are_one_message_and_control_frames_may_come_between() -> None:
    async with wired() as connection:
        connection.feed(frame(TEXT, b"one ", fin=False), frame(Opcode.PING, b"there?"))
        assert connection.answered() == [(Opcode.PONG, b"there?")]
        connection.feed(frame(CONT, b"", fin=False), frame(Opcode.PONG, b"unasked"))
        connection.feed(frame(CONT, b"message"))
        connection.feed(frame(BINARY, b"", fin=False), frame(CONT, b"\xff", fin=False), frame(CONT))
        connection.feed(frame(TEXT), frame(BINARY))
        assert connection.taken == ["one message", b"\xff", "", b""]
        assert connection.answered() == []


async def test_bytes_may_come_one_by_one() -> None:
    async with wired() as connection:
        for byte in frame(TEXT, b"ab", fin=False) + frame(Opcode.PING, b"p") + frame(CONT, b"c"):
            connection.feed(bytes([byte]))
        assert connection.taken == ["abc"]
        assert connection.answered() == [(Opcode.PONG, b"p")]


async def test_a_character_may_be_cut_by_fragments_and_by_the_network() -> None:
    data = WORDS.encode()
    async with wired() as connection:
        pieces = [frame(TEXT if not at else CONT, data[at : at + 1], fin=False) for at in range(len(data))]
        for byte in b"".join(pieces) + frame(CONT):
            connection.feed(bytes([byte]))
        assert connection.taken == [WORDS]


@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"abc\xe2\x82", b"\xf4\x90\x80\x80"])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "in fragments"])
@pytest.mark.parametrize("before", [[], [b"fine"]], ids=["first", "second"])
async def test_text_that_is_no_utf8_closes_and_is_not_taken(
    bad: bytes, cut: bool, before: list[bytes]
) -> None:
    async with wired() as connection:
        connection.feed(*[frame(BINARY, data) for data in before])
        whole = [frame(TEXT, bad)]
        connection.feed(*([frame(TEXT, bad[:1], fin=False), frame(CONT, bad[1:])] if cut else whole))
        assert closed_with(connection) == 1007
        assert connection.taken == before


async def test_a_whole_message_within_another_is_against_the_rules() -> None:
    async with wired() as connection:
        for sent in (frame(BINARY, b"fine"), frame(TEXT, b"x", fin=False), frame(BINARY, b"y")):
            connection.feed(sent)
        assert closed_with(connection) == 1002
        assert connection.taken == [b"fine"]


AGAINST_THE_RULES = {
    "a continuation of nothing": frame(CONT, b"x"),
    "a message within a message": frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
    "a ping in fragments": b"\x09\x80\0\0\0\0",
    "a ping of 126 bytes": b"\x89\xfe\x00\x7e" + bytes(130),
    "a reserved opcode": b"\x83\x80\0\0\0\0",
    "a reserved bit": b"\xc1\x80\0\0\0\0",
    "no mask": b"\x81\x02hi",
    "a close of one byte": frame(Opcode.CLOSE, b"x"),
}


@pytest.mark.parametrize("sent", AGAINST_THE_RULES.values(), ids=AGAINST_THE_RULES)
async def test_what_is_against_the_rules_closes_behind_what_was_not(sent: bytes) -> None:
    async with wired() as connection:
        connection.feed(frame(BINARY, b"fine"))
        connection.feed(sent)
        assert closed_with(connection) == 1002
        assert connection.taken == [b"fine"]


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4999])
async def test_a_close_is_answered_with_its_own_code(code: int) -> None:
    async with wired() as connection:
        connection.feed(close(code, b"x" * 123))
        assert closed_with(connection) == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535])
async def test_a_code_that_nobody_may_send_is_against_the_rules(code: int) -> None:
    async with wired() as connection:
        connection.feed(close(code))
        assert closed_with(connection) == 1002


async def test_a_close_may_say_nothing_and_must_say_it_in_utf8() -> None:
    async with wired() as connection:
        connection.feed(frame(Opcode.CLOSE))
        assert connection.answered() == [(Opcode.CLOSE, b"")]
    async with wired() as connection:
        connection.feed(close(1000, b"\xce\xba\xff"))
        assert closed_with(connection) == 1007


async def test_a_message_that_is_broken_off_to_close_is_forgotten_and_the_close_answered() -> None:
    async with wired() as connection:
        connection.feed(frame(TEXT, b"to be", fin=False), close(1000), frame(CONT, b" continued"))
        assert closed_with(connection) == 1000
        assert connection.taken == []


async def test_nothing_counts_after_a_close() -> None:
    async with wired() as connection:
        connection.feed(close(1000), frame(Opcode.PING, b"there?"), frame(TEXT, b"listen"), close(1001))
        connection.feed(frame(TEXT, b"listen"))
        assert closed_with(connection) == 1000
        assert connection.taken == []


async def test_after_our_own_close_only_its_answer_is_waited_for() -> None:
    async with wired() as connection:
        await connection.protocol.send({"type": "websocket.close", "code": 1008, "reason": "enough"})
        connection.feed(frame(BINARY, b"not read any more"))
        assert connection.taken == []
        assert not connection.protocol.send_now("nor written")
        assert not connection.pipe.is_paused
        assert not connection.pipe.is_closed
        connection.feed(close(1008))
        assert closed_with(connection) == 1008


async def test_a_message_as_large_as_allowed_is_taken_and_a_larger_one_closes_before_it_has_come() -> None:
    async with wired() as connection:
        connection.feed(frame(BINARY, bytes(LIMIT)))
        connection.feed(frame(BINARY, bytes(LIMIT)))
        assert connection.taken == [bytes(LIMIT)] * 2
        connection.taken.clear()
        connection.feed(frame(BINARY, bytes(LIMIT // 2), fin=False), frame(CONT, bytes(LIMIT // 2)))
        assert connection.taken == [bytes(LIMIT)]
        connection.feed(frame(BINARY, bytes(LIMIT // 2), fin=False), frame(CONT, bytes(LIMIT // 2 + 1))[:14])
        assert closed_with(connection) == 1009
