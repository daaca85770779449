"""A conversation as plain data and back: what another gateway needs to go on with it.

Agents and limits are not in it: they belong to whoever goes on.
"""

from collections.abc import Mapping, Sequence

from gateway.conversation.agent import Agent
from gateway.conversation.conversation import Conversation
from gateway.conversation.limits import Limits
from gateway.conversation.plain import BROKEN, Plain, built, plain
from gateway.conversation.state import State

VERSION = 1


class BadSnapshot(ValueError):
    """It is of another version, broken, or of agents that are not there."""


def take(conversation: Conversation) -> dict[str, Plain]:
    """All that the conversation is. Nothing of it changes afterwards."""
    return {"version": VERSION, "state": plain(conversation.state)}


def restore(
    snapshot: Mapping[str, Plain], agents: Sequence[Agent], limits: Limits | None = None
) -> Conversation:
    """One that answers every later event as the original would, on a clock that goes on from its time.

    Raises BadSnapshot.
    """
    if snapshot.get("version") != VERSION:
        raise BadSnapshot(f"version {VERSION} is understood, not {str(snapshot.get('version'))[:20]}")
    try:
        state: State = built(State, snapshot["state"])
    except BROKEN as error:
        raise BadSnapshot(f"the snapshot is broken: {type(error).__name__}") from None
    if state.agent not in {agent.name for agent in agents}:
        raise BadSnapshot(f"there is no agent called {state.agent[:80]}")
    return Conversation(agents, limits, state=state)
