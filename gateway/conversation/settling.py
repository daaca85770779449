"""What was heard of a reply, once it is known: a turn is remembered then, exactly once."""

from collections.abc import Callable

from gateway.conversation import effects as do
from gateway.conversation import notices as n
from gateway.conversation.floor import AgentState
from gateway.conversation.limits import Limits
from gateway.conversation.reply import Reply
from gateway.conversation.state import State


class Settling:
    """A reply is stopped at once and settled when its client has said how much it had played, or will not."""

    def __init__(self, state: State, limits: Limits, tell: Callable[[do.Effect | n.Notice], None]) -> None:
        self._state, self._limits, self._tell = state, limits, tell

    def stop(self, at: float, ending: do.Ending) -> None:
        """Silence first, then everything else; what was heard is settled when the client has said so."""
        reply = self._state.reply
        if reply is None:
            return
        self.silence(reply)
        self._tell(do.CancelReply(reply.id))
        self.begin(at, reply, ending)

    def withdraw(self) -> str | None:
        """The user goes on, and nothing of the reply was heard: it is as if it had not been asked for. What
        they had said in its turn; None: there is no such reply, or it can only be read.
        """
        state, reply = self._state, self._state.reply
        is_awaited = state.floor.agent is AgentState.THINKING and state.unanswered
        if reply is None or reply.mute or not is_awaited:
            return None
        self._tell(do.StopPlayback(reply.id))
        self._tell(do.CancelReply(reply.id))
        self._tell(n.ReplyWithdrawn(reply.turn, reply.id))
        state.items.take_back(reply.question)
        state.reply = None
        return reply.user_text

    def silence(self, reply: Reply) -> None:
        """Nothing more of it is heard, for whatever reason."""
        self._tell(do.StopPlayback(reply.id))
        self._tell(n.PlaybackStopped(reply.turn, reply.id))

    def begin(self, at: float, reply: Reply, ending: do.Ending) -> None:
        """The reply is over. One that ran to its end is settled at once: its client has said all."""
        state, heard = self._state, reply.heard_text()
        if heard:
            state.unanswered = False
        interrupted = reply.interrupted = ending is not do.Ending.COMPLETED
        reply.item = state.items.add(reply.agent, heard, reply.heard_ms)
        self._tell(n.TurnCompleted(reply.turn, reply.id, interrupted, heard, reply.audio_samples))
        self._tell(do.RecordTurn(at, reply.turn, reply.id, ending, state.timing))
        state.reply, state.settling = None, reply
        state.settle_by = at + self._limits.settle_s
        if not interrupted or not self._limits.settle_s:
            self.settle()

    def note_last_word(self, reply: int, samples: int) -> None:
        """The client says how much it has played of a reply; one that is settled stays as it is."""
        settling = self._state.settling
        if settling is not None and settling.id == reply:
            settling.note_last_word(samples)

    def settle(self) -> None:
        """What is known now is the truth from here on."""
        state, reply = self._state, self._state.settling
        if reply is None:
            return
        state.settling = None
        heard = reply.heard_text()
        if heard:
            state.unanswered = False
        state.items.truncate(reply.item, heard, reply.heard_ms)
        self._tell(do.CommitTurn(reply.turn, reply.user_text, reply.text, heard, reply.interrupted))
