"""The floor: two coupled machines, and the phase that follows from them."""

from itertools import product

import pytest

from gateway.conversation.floor import NEXT, AgentState, Floor, Phase, UserState

U, A = UserState, AgentState


def floor(user: UserState = U.QUIET, agent: AgentState = A.IDLE) -> Floor:
    return Floor(user, "tutor" if agent is not A.IDLE else "", agent)


def test_every_way_leads_to_a_joint_state_that_can_be() -> None:
    assert {after for ways in NEXT.values() for after in ways} <= set(NEXT)


def test_from_everywhere_the_floor_can_become_free() -> None:
    free = {(U.QUIET, A.IDLE)}
    while grown := {state for state, ways in NEXT.items() if ways & free} - free:
        free |= grown
    assert free == set(NEXT)


def test_user_speech_wins_in_every_state() -> None:
    for state, ways in NEXT.items():
        assert (U.SPEAKING, A.IDLE) in ways or state[0] is not U.QUIET, state


def test_nobody_is_heard_over_anybody() -> None:
    assert not any(
        (user, agent) in NEXT for user in (U.SPEAKING, U.SETTLING) for agent in (A.SPEAKING, A.THINKING)
    )


@pytest.mark.parametrize(
    ("user", "agent", "phase"),
    [
        (U.QUIET, A.IDLE, Phase.LISTENING),
        (U.SPEAKING, A.IDLE, Phase.USER_TURN),
        (U.SETTLING, A.IDLE, Phase.USER_TURN),
        (U.SPEAKING, A.DRAFTING, Phase.USER_TURN),
        (U.SETTLING, A.DRAFTING, Phase.USER_TURN),
        (U.QUIET, A.THINKING, Phase.THINKING),
        (U.QUIET, A.SPEAKING, Phase.SPEAKING),
        (U.SPEAKING, A.HELD, Phase.SPEAKING),
        (U.SETTLING, A.HELD, Phase.SPEAKING),
    ],
)
def test_what_a_client_knows_is_derived(user: UserState, agent: AgentState, phase: Phase) -> None:
    assert (user, agent) in NEXT
    assert floor(user, agent).phase is phase


def test_all_joint_states_are_listed_above() -> None:
    assert len(NEXT) == 9


def test_a_way_that_is_not_in_the_table_cannot_be_gone() -> None:
    for (user, agent), (to_user, to_agent) in product(NEXT, NEXT):
        if (user, agent) == (to_user, to_agent) or (to_user, to_agent) in NEXT[user, agent]:
            continue
        moved = floor(user, agent)
        with pytest.raises(AssertionError, match="to"):
            moved._move(to_user, "tutor", to_agent)


def test_one_agent_at_most_is_not_idle() -> None:
    duet = floor()
    duet.give_to_agent("tutor", A.THINKING)
    duet.give_to_agent("tutor", A.SPEAKING)
    duet.release()
    duet.give_to_agent("other", A.THINKING)
    assert (duet.speaker, duet.agent) == ("other", A.THINKING)
    assert duet.is_answering


def test_a_closed_floor_is_closed() -> None:
    closed = floor(U.QUIET, A.SPEAKING)
    closed.close()
    assert closed.phase is Phase.CLOSED
