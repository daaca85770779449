"""A reply that is begun before the user has finished, as soon as they may have: it is theirs if they have.

It is written and neither shown nor spoken. Once the user's turn is over it is used where it answers the same
question, asked in the same history; else it is thrown away, and the model is asked anew.
"""

import re
from collections.abc import Callable, Mapping

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import Agent
from gateway.conversation.floor import AgentState, UserState
from gateway.conversation.interjections import words_of
from gateway.conversation.items import ChatMessage
from gateway.conversation.limits import Limits
from gateway.conversation.reply import Draft
from gateway.conversation.state import State
from gateway.conversation.unfinished import calls_for_more

_MARKS = re.compile(r"[\s.,!?;:…。，！？、।؟]+")


class Drafting:
    """`tell` takes each effect. One draft at most is alive, and one at most is begun in a turn."""

    def __init__(
        self,
        state: State,
        agents: Mapping[str, Agent],
        limits: Limits,
        tell: Callable[[do.Effect | n.Notice], None],
    ) -> None:
        self._state, self._agents, self._limits, self._tell = state, agents, limits, tell

    # ------------------------------------------------------------------ how a draft begins

    def foresee(self, utterance: int) -> None:
        """The user has paused, and what is understood may be all that they say."""
        if self._may_begin(utterance):
            state, agent = self._state, self._agents[self._state.agent]
            question = ChatMessage("user", state.hearing.text)
            prompt = (*state.items.prompt_for(agent.name, agent.system_prompt(state.variant)), question)
            state.draft = Draft(state.next_reply(), (agent.name, state.variant), prompt[1:])
            state.drafted_turn = state.floor.turn
            state.floor.draft(agent.name)
            self._tell(do.StartDraft(state.draft.id, state.floor.turn, prompt, state.variant))

    def _may_begin(self, utterance: int) -> bool:
        state, hearing = self._state, self._state.hearing
        return (
            self._limits.drafts
            and state.floor.user in (UserState.SPEAKING, UserState.SETTLING)
            and state.floor.agent is AgentState.IDLE
            and state.drafted_turn != state.floor.turn
            and state.settling is None  # what the model is to know of its last reply is not settled
            and hearing.open == {utterance}
            and hearing.doubted is None
            and bool(words_of(hearing.text))
            and not calls_for_more(hearing.text, self._agents[state.agent].language)
        )

    # ------------------------------------------------------------------ what comes of it

    def receive(self, event: e.ReplyEvent) -> None:
        draft = self._state.draft
        if draft is None or event.reply != draft.id:
            return
        match event:
            case e.ReplyTextArrived(_, _, text):
                draft.text = (draft.text + text)[: self._limits.reply_chars]
            case e.ReplyTextFinished():
                draft.done = True
            case e.ReplyTextFailed():
                self.drop(failed=True)
            case _:
                pass  # nobody speaks it

    def reconsider(self) -> None:
        """More was understood: a user who said something else is not answered by it."""
        draft = self._state.draft
        if draft is not None and not _is_same(draft.question, self._state.hearing.text):
            self.drop()

    def take(self, prompt: tuple[ChatMessage, ...]) -> Draft | None:
        """The one that answers this prompt, which is now a reply; any other is thrown away."""
        draft = self._state.draft
        if draft is None or not self._answers(draft, prompt):
            self.drop()
            return None
        self._state.draft = None
        return draft

    def _answers(self, draft: Draft, prompt: tuple[ChatMessage, ...]) -> bool:
        """The same was said before, and the agent is what it was. A draft without a word answers nothing."""
        *before, asked = prompt[1:]
        return (
            draft.agent == (self._state.agent, self._state.variant)
            and [*draft.messages[:-1]] == before
            and _is_same(draft.question, asked.content)
            and not (draft.done and not draft.text.strip())
        )

    def drop(self, failed: bool = False) -> None:
        """Nobody will want it."""
        draft, self._state.draft = self._state.draft, None
        if draft is not None:
            self._state.floor.undraft()
            self._tell(do.DropDraft(draft.id, failed))


def _is_same(one: str, other: str) -> bool:
    """But for capitals, spaces and the marks that recognisers change their minds about."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return _MARKS.sub(" ", text).strip().casefold()
