"""Text that is written within 20 ms is told as one; nothing is lost, reordered or kept waiting for longer."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.conversation.notices import Notice, ReplyTextAdded, ReplyTextEnded, Transcribed
from gateway.session.joined_text import JOIN_S, JoinedText
from gateway.session.wheel import TICK_S, Wheel
from tests.support.virtual_time import run_virtual


def added(text: str, reply: int = 1) -> ReplyTextAdded:
    return ReplyTextAdded(reply, reply, text)


class Told:
    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.failures: list[Exception] = []
        self.text = JoinedText(Wheel(), self.notices.append, self.failures.append)


def test_the_first_words_wait_for_nothing_and_the_next_for_company() -> None:
    async def main() -> None:
        told = Told()
        for word in ("One ", "two ", "three"):
            told.text.tell(added(word))
        assert told.notices == [added("One ")]
        await asyncio.sleep(JOIN_S + TICK_S)
        assert told.notices == [added("One "), added("two three")]

    run_virtual(main())


def test_whatever_else_is_told_comes_after_what_was_written_before_it() -> None:
    async def main() -> None:
        told = Told()
        end = ReplyTextEnded(1, 1, "One two")
        for notice in (added("One "), added("two"), end, added("Next", 2)):
            told.text.tell(notice)
        assert told.notices == [added("One "), added("two"), end, added("Next", 2)]
        await asyncio.sleep(1)
        assert len(told.notices) == 4

    run_virtual(main())


def test_what_breaks_where_nobody_called_is_told_to_the_session() -> None:
    async def main() -> None:
        told, broken = Told(), RuntimeError("the client reads nothing")
        told.text.tell(added("One "))
        told.text.tell(added("two"))

        def tell(_: Notice) -> None:
            raise broken

        told.text._tell = tell
        await asyncio.sleep(1)
        assert told.failures == [broken]

    run_virtual(main())


NOTICES = st.one_of(
    st.builds(added, st.text(min_size=1, max_size=3), st.integers(1, 3)),
    st.builds(Transcribed, st.integers(1, 3), st.text(max_size=3), st.booleans()),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NOTICES, st.sampled_from((0.0, 0.0, 0.005, 0.03))), max_size=30))
def test_nothing_is_lost_or_reordered(script: list[tuple[Notice, float]]) -> None:
    async def main() -> None:
        told = Told()
        for notice, pause_s in script:
            told.text.tell(notice)
            await asyncio.sleep(pause_s)
        told.text.flush()
        assert whole(told.notices) == whole([notice for notice, _ in script])

    run_virtual(main())


def whole(notices: list[Notice]) -> list[Notice]:
    """Neighbouring pieces of the same reply as one."""
    joined: list[Notice] = []
    for notice in notices:
        last = joined[-1] if joined else None
        if (
            isinstance(notice, ReplyTextAdded)
            and isinstance(last, ReplyTextAdded)
            and last.reply == notice.reply
        ):
            joined[-1] = added(last.text + notice.text, notice.reply)
        else:
            joined.append(notice)
    return joined
