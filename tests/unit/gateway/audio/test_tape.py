"""The tape: what was sent stays until it was heard, and can be sent again from any sample."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.audio.tape import KEPT_SLACK_S, Tape

RATE = 1000
STEPS = st.lists(
    st.tuples(st.sampled_from(("write", "read", "forget", "rewind")), st.integers(0, 900)), max_size=60
)


def pcm(first: int, count: int) -> bytes:
    return b"".join((n % 60_000).to_bytes(2, "little") for n in range(first, first + count))


@given(STEPS)
def test_what_is_read_is_what_was_written_wherever_it_is_read_from(steps: list[tuple[str, int]]) -> None:
    tape, written, forgotten = Tape(RATE), 0, 0
    for step, number in steps:
        position = tape.position
        match step:
            case "write":
                tape.write(pcm(written, number))
                written += number
            case "read":
                assert tape.read(number) == pcm(position, min(number, written - position))
                assert tape.position == position + min(number, written - position)
            case "forget":
                tape.forget(number * 4)
                forgotten = max(forgotten, min(number * 4, position))
            case "rewind":
                tape.rewind(number * 4)
                assert tape.position <= position
                assert tape.position == min(max(number * 4, tape.position), position)
                assert tape.position >= min(number * 4, position), "not further back than was asked"
        assert tape.waiting == written - tape.position
        assert tape.position >= 0


def test_what_was_heard_is_thrown_away_and_what_was_not_stays() -> None:
    tape = Tape(RATE)
    for second in range(60):
        tape.write(pcm(second * RATE, RATE))
        tape.read(RATE)
        tape.forget(tape.position - 300)
        assert 300 <= tape.kept <= 300 + RATE * KEPT_SLACK_S + RATE
    tape.rewind(60 * RATE - 300)
    assert tape.read(300) == pcm(60 * RATE - 300, 300)


def test_a_dead_reply_takes_no_memory_and_is_known_by_how_much_of_it_was_sent() -> None:
    tape = Tape(RATE)
    tape.write(pcm(0, 100))
    tape.read(40)
    tape.drop()
    assert (tape.waiting, tape.kept, tape.position, tape.read(10)) == (0, 0, 40, b"")
    tape.rewind(10)
    assert (tape.read(100), tape.position) == (b"", 40)
