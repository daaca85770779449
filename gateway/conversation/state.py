"""All that a conversation is, as plain data: what is kept of it when it goes on elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.conversation.agent import Agent
from gateway.conversation.floor import Floor, Phase
from gateway.conversation.hearing import Hearing, Held
from gateway.conversation.items import Items
from gateway.conversation.limits import Limits
from gateway.conversation.reply import Draft, Reply
from gateway.conversation.timing import TurnTiming


@dataclass(slots=True)
class State:
    """Times are seconds on the session's clock. `told`: the phase and turn that the client knows of."""

    floor: Floor
    items: Items
    hearing: Hearing
    timing: TurnTiming
    agent: str
    """The name of the one who answers."""
    variant: str
    deadline: float
    """When what the floor waits for has not come."""
    told: tuple[Phase, int]
    reply: Reply | None = None
    """The one that is asked for or heard."""
    settling: Reply | None = None
    """The one that was stopped: the client may still say how much of it was heard."""
    settle_by: float = 0.0
    replies: int = 0
    """The newest one's id."""
    draft: Draft | None = None
    drafted_turn: int = 0
    """The newest turn in which one was begun."""
    unanswered: bool = False
    """Nothing is known to have been heard of an answer to the latest question."""
    held: Held | None = None
    """What is being said over the reply, while its sound waits for it."""
    ending: bool = False
    analysing_until: float | None = None

    def next_reply(self) -> int:
        """Its id."""
        self.replies += 1
        return self.replies

    @property
    def due(self) -> float:
        """When what anybody waits for has not come: while a reply is held, nothing of it is awaited."""
        return self.deadline if self.held is None else self.held.decide_by


def begin(agents: Sequence[Agent], limits: Limits, at: float) -> State:
    """Nobody has said anything yet; the first of the agents will answer."""
    return State(
        floor=Floor(),
        items=Items(limits.prompt_turns * 2, limits.prompt_bytes),
        hearing=Hearing(),
        timing=TurnTiming(),
        agent=agents[0].name,
        variant=agents[0].variant,
        deadline=at + limits.idle_s,
        told=(Phase.LISTENING, 0),
    )
