"""A voice over a reply: its sound waits at once, until it is known whether the user means to interrupt.

Who says words of their own, or a word that means stop, wins; who coughs, hums along or is our own echo does
not, and the reply goes on from the very sample. What is undecided at the deadline is the user's.
"""

from collections.abc import Callable, Mapping

from gateway.conversation import effects as do
from gateway.conversation import notices as n
from gateway.conversation.agent import Agent
from gateway.conversation.answering import Answering
from gateway.conversation.floor import AgentState, UserState
from gateway.conversation.hearing import Hearing, Held
from gateway.conversation.interjections import is_listening, words_of
from gateway.conversation.interruption import Overlap, Verdict, judge
from gateway.conversation.limits import Limits
from gateway.conversation.reply import Reply
from gateway.conversation.settling import Settling
from gateway.conversation.state import State


class Holding:
    """`tell` takes each effect and notice, in order. `lost` is called when the reply has lost the floor to
    what was said over it.
    """

    def __init__(
        self,
        state: State,
        agents: Mapping[str, Agent],
        limits: Limits,
        answering: Answering,
        settling: Settling,
        tell: Callable[[do.Effect | n.Notice], None],
        lost: Callable[[float, Held], None],
    ) -> None:
        self._state, self._agents, self._limits = state, agents, limits
        self._answering, self._settling, self._tell, self._lost = answering, settling, tell, lost

    @property
    def may_hold(self) -> bool:
        """Something is heard that can be held."""
        return self._limits.holds and self._state.floor.is_sounding

    # ------------------------------------------------------------------ what is heard

    def notice(self, at: float) -> None:
        """A voice, or what may become one."""
        if self._state.held is not None:
            self._state.held.voiced = True
        elif self.may_hold:
            reply = self._reply
            self._state.held = Held(reply.played_samples, at + self._limits.hold_s, voiced=True)
            self._state.floor.hold(UserState.SPEAKING)
            self._tell(do.HoldPlayback(reply.id))
            self._tell(n.PlaybackHeld(reply.turn, reply.id))

    def start(self, at: float, utterance: int) -> None:
        """It lasts. The reply is sounding."""
        self.notice(at)
        self._held.voiced = False
        self._held.hearing.start(utterance)
        self._state.floor.hold(UserState.SPEAKING)

    def dismiss(self, at: float) -> None:
        """The voice that was noticed did not last."""
        if self._state.held is not None:
            self._state.held.voiced = False
            self._decide(at)

    def stop(self, at: float, utterance: int, ended_at: float) -> None:
        held = self._held
        if held.hearing.stop(utterance):
            held.speech_ended, held.end_noticed = ended_at, at
            if not held.hearing.speaking:
                self._state.floor.hold(UserState.SETTLING)

    def change(self, at: float, utterance: int, text: str) -> None:
        if self._held.hearing.change(utterance, text):
            self._decide(at)

    def finish(self, at: float, utterance: int, text: str, unsure: bool) -> None:
        if self._held.hearing.finish(utterance, text, unsure):
            self._decide(at)

    # ------------------------------------------------------------------ what does not come

    def lose(self, at: float) -> None:
        """Nothing more will be understood of it."""
        held = self._state.held
        if held is None:
            return
        if held.hearing.open and not held.hearing.text:
            self.give_up(at, do.Ending.CUT_BY_SPEECH)
        else:
            held.hearing.lose()
            held.voiced = False
            self._decide(at)

    def expire(self, now: float) -> None:
        """The user wins, if there is anything but a noise."""
        if self._held.hearing.open:
            self.give_up(now, do.Ending.CUT_BY_SPEECH)
        else:
            self._let_go(now)

    def take_said(self) -> str:
        """What was said with intent over the reply, which is to end for another reason: no longer held."""
        held = self._state.held
        if held is None:
            return ""
        said = held.hearing.text if self._judge(ended=True) is Verdict.REAL else ""
        self._state.held = None
        self._state.floor.give_to_agent(self._reply.agent, AgentState.SPEAKING)
        return said

    # ------------------------------------------------------------------ how it ends

    def give_up(self, at: float, ending: do.Ending, proven: bool = False) -> None:
        """The reply ends; what was said over it is the beginning of a turn. Not `proven`: unless its words,
        once they are understood, show that it was not meant.
        """
        held, self._state.held = self._held, None
        if not proven:
            held.hearing.doubted = self._reply.spoken_from(held.from_sample)
        self._settling.stop(at, ending)
        self._lost(at, held)

    def is_no_turn(self, hearing: Hearing) -> bool:
        """Now that all of it is understood, it turns out that it was not meant to interrupt the reply."""
        if hearing.doubted is None:
            return False
        language = self._agents[self._state.agent].language
        said = Overlap(hearing.text, ended=True, spoken=hearing.doubted, language=language, over=True)
        verdict = judge(said)
        return verdict is Verdict.FALSE

    def _decide(self, at: float) -> None:
        match self._judge(ended=not self._held.hearing.open):
            case Verdict.REAL:
                self.give_up(at, do.Ending.CUT_BY_SPEECH, proven=True)
            case Verdict.FALSE if not self._held.voiced:
                self._let_go(at)
            case Verdict.FALSE | Verdict.PENDING:
                pass

    def _judge(self, ended: bool) -> Verdict:
        held, reply = self._held, self._reply
        language = self._agents[reply.agent].language
        spoken = reply.spoken_from(held.from_sample)
        hearing = held.hearing
        guessed = hearing.is_guess
        return judge(Overlap(hearing.text, ended, spoken, reply.is_closing, language, guessed=guessed))

    def _let_go(self, at: float) -> None:
        held, reply = self._held, self._reply
        self._state.held = None
        text = held.hearing.text
        if text and is_listening(words_of(text), self._agents[reply.agent].language):
            reply.backchannels.append(text)
            self._tell(n.BackchannelHeard(reply.turn, text))
        self._state.floor.give_to_agent(reply.agent, AgentState.SPEAKING)
        self._tell(n.PlaybackResumed(reply.turn, reply.id))  # before the sound
        self._tell(do.ResumePlayback(reply.id))
        self._answering.go_on(at, reply)

    @property
    def _reply(self) -> Reply:
        assert self._state.reply is not None
        return self._state.reply

    @property
    def _held(self) -> Held:
        assert self._state.held is not None
        return self._state.held
