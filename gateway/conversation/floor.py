"""Who may speak: the user's state and each agent's, coupled by one table of joint transitions.

What a client knows as the phase of the conversation is derived from them.
"""

from dataclasses import dataclass
from enum import Enum


class UserState(Enum):
    QUIET = "quiet"
    SPEAKING = "speaking"
    SETTLING = "settling"
    """Has fallen silent, or said that it was all: what was said is being understood."""


class AgentState(Enum):
    IDLE = "idle"
    DRAFTING = "drafting"
    """Makes a reply that nobody has asked for yet: not shown, not heard."""
    THINKING = "thinking"
    SPEAKING = "speaking"
    HELD = "held"
    """Its sound waits until it is known whether the user means to interrupt."""


class Phase(Enum):
    LISTENING = "listening"
    USER_TURN = "user_turn"
    THINKING = "thinking"
    SPEAKING = "speaking"
    CLOSED = "closed"


Joint = tuple[UserState, AgentState]
_Q, _S, _W = UserState.QUIET, UserState.SPEAKING, UserState.SETTLING
_I, _D, _T, _A, _H = (
    AgentState.IDLE,
    AgentState.DRAFTING,
    AgentState.THINKING,
    AgentState.SPEAKING,
    AgentState.HELD,
)
NEXT: dict[Joint, frozenset[Joint]] = {
    (_Q, _I): frozenset({(_S, _I), (_Q, _T)}),
    (_S, _I): frozenset({(_W, _I), (_Q, _I), (_Q, _T), (_S, _D)}),
    (_W, _I): frozenset({(_S, _I), (_Q, _I), (_Q, _T), (_W, _D)}),
    (_S, _D): frozenset({(_W, _D), (_S, _I), (_Q, _T)}),
    (_W, _D): frozenset({(_S, _D), (_W, _I), (_Q, _T)}),
    (_Q, _T): frozenset({(_Q, _A), (_Q, _I), (_S, _I)}),
    (_Q, _A): frozenset({(_Q, _I), (_Q, _T), (_S, _I), (_S, _H)}),
    (_S, _H): frozenset({(_W, _H), (_Q, _A), (_Q, _T), (_S, _I), (_Q, _I)}),
    (_W, _H): frozenset({(_S, _H), (_Q, _A), (_Q, _T), (_W, _I), (_Q, _I)}),
}
"""From where to where. A joint state that is no key cannot be: the user's voice over an agent's holds it."""


@dataclass(slots=True)
class Floor:
    """One agent at most is not idle: `speaker`, whose state is `agent`. `turn` counts how often the floor
    has changed hands to the user.
    """

    user: UserState = UserState.QUIET
    speaker: str = ""
    agent: AgentState = AgentState.IDLE
    turn: int = 0
    closed: bool = False

    @property
    def phase(self) -> Phase:
        if self.closed:
            return Phase.CLOSED
        match self.agent:
            case AgentState.SPEAKING | AgentState.HELD:
                return Phase.SPEAKING
            case AgentState.THINKING:
                return Phase.THINKING
            case AgentState.IDLE | AgentState.DRAFTING:
                return Phase.LISTENING if self.user is UserState.QUIET else Phase.USER_TURN

    @property
    def is_sounding(self) -> bool:
        """An agent's reply is heard, or held while it is."""
        return self.agent in (AgentState.SPEAKING, AgentState.HELD)

    @property
    def is_answering(self) -> bool:
        """An agent's reply is awaited or heard."""
        return self.agent in (AgentState.THINKING, AgentState.SPEAKING, AgentState.HELD)

    def begin_turn(self) -> None:
        self.turn += 1

    def give_to_user(self, state: UserState) -> None:
        """The user speaks, or is being understood; whoever else had the floor has lost it. Who only drafts
        has none to lose.
        """
        if self.agent is AgentState.DRAFTING:
            self._move(state, self.speaker, AgentState.DRAFTING)
        else:
            self._move(state, "", AgentState.IDLE)

    def draft(self, name: str) -> None:
        """An agent begins a reply while the user has the floor."""
        self._move(self.user, name, AgentState.DRAFTING)

    def undraft(self) -> None:
        """It has none any more."""
        self._move(self.user, "", AgentState.IDLE)

    def give_to_agent(self, name: str, state: AgentState) -> None:
        self._move(UserState.QUIET, name, state)

    def hold(self, state: UserState) -> None:
        """The user makes a sound over what the agent says, or has made it."""
        self._move(state, self.speaker, AgentState.HELD)

    def release(self) -> None:
        """Nobody has it."""
        self._move(UserState.QUIET, "", AgentState.IDLE)

    def close(self) -> None:
        self.closed = True

    def _move(self, user: UserState, name: str, state: AgentState) -> None:
        before, after = (self.user, self.agent), (user, state)
        assert after == before or after in NEXT[before], f"{before} to {after}"
        self.user, self.speaker, self.agent = user, name, state
