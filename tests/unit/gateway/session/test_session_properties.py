"""Whatever happens to a whole session: what leaves it is sound, and when it is over nothing of it is left."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.ai_talk import AiTalkDialect
from gateway.dialects.dialect import Dialect
from gateway.dialects.parley import ParleyDialect
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.conversation.scripts import Move
from tests.unit.gateway.session.playing import SCRIPTS, play
from tests.unit.gateway.session.staged import staged
from tests.unit.gateway.session.wire_rules import check_last

DIALECTS: tuple[Callable[[], Dialect], ...] = (
    ParleyDialect,
    AiTalkDialect,
    lambda: AiTalkDialect(text_first=True),
)


def play_through(
    script: list[Move], make_dialect: Callable[[], Dialect] = ParleyDialect, waits: bool = False
) -> None:
    """`waits`: then nobody does anything until the session has ended itself; else the client hangs up."""

    async def main() -> None:
        async with staged(make_dialect(), slots=(4, 4), scripted=False) as stage:
            await play(stage, script)
            for _ in range(120 if waits else 0):
                if stage.running.done():
                    break
                await stage.later(1)
            else:
                assert not waits, "nobody came back, and the session has not ended"
        check_last(stage)

    run_virtual(main())


@settings(max_examples=200, deadline=None)
@given(SCRIPTS, st.sampled_from(DIALECTS))
def test_any_script_keeps_every_promise_until_the_client_hangs_up(
    script: list[Move], make_dialect: Callable[[], Dialect]
) -> None:
    play_through(script, make_dialect)


@settings(max_examples=100, deadline=None)
@given(SCRIPTS)
def test_any_session_that_is_left_alone_ends_itself(script: list[Move]) -> None:
    play_through(script, waits=True)
