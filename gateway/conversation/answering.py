"""The machine's half of a conversation: one reply at a time, from its question to what was heard of it."""

from collections.abc import Callable, Mapping

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import Agent
from gateway.conversation.drafting import Drafting
from gateway.conversation.floor import AgentState
from gateway.conversation.limits import Limits
from gateway.conversation.reply import Draft, Reply
from gateway.conversation.settling import Settling
from gateway.conversation.state import State

APOLOGY = "I'm sorry, I had trouble generating a response."
HEARING_APOLOGY = "I'm sorry, I can't hear you just now. Please try again in a moment."
NO_VOICE = "The reply cannot be spoken just now; here it is in writing."


class Answering:
    """`tell` takes each effect and notice, in order. `moved` is called when the floor has changed, `over`
    when a reply has come to its end and nobody has the floor.
    """

    def __init__(
        self,
        state: State,
        agents: Mapping[str, Agent],
        limits: Limits,
        settling: Settling,
        drafting: Drafting,
        tell: Callable[[do.Effect | n.Notice], None],
        moved: Callable[[], None],
        over: Callable[[float], None],
    ) -> None:
        self._state, self._agents, self._limits = state, agents, limits
        self._settling, self._drafting = settling, drafting
        self._tell, self._moved, self._over = tell, moved, over

    # ------------------------------------------------------------------ how a reply begins

    def think(self, at: float, text: str) -> None:
        """Answer what the user has said."""
        self._settling.settle()
        self._state.unanswered = True
        self.ask(at, text, self._state.items.add_said(text))

    def ask(self, at: float, text: str = "", question: int = 0) -> None:
        """Answer the latest question; `text`: what the user said in this turn, and its item. Nothing is
        unsettled.
        """
        state = self._state
        system = self._agents[state.agent].system_prompt(state.variant)
        prompt = state.items.prompt_for(state.agent, system)
        draft = self._drafting.take(prompt)
        reply = self._begin(at, text, draft)
        if draft is None:
            self._tell(do.StartReply(reply.id, reply.turn, prompt, state.variant))
        else:
            self._tell(do.UseDraft(reply.id, reply.turn))
        reply.question = question
        state.deadline = at + self._limits.first_text_s
        for event in draft.events(at) if draft is not None else ():
            self._advance(event, reply)

    def apologise_unheard(self, at: float) -> None:
        self._settling.settle()
        reply = self._begin(at, "")
        self._tell(do.StartSpeech(reply.id, reply.turn))
        self._say_apology(at, reply, HEARING_APOLOGY)

    def _begin(self, at: float, text: str, draft: Draft | None = None) -> Reply:
        state = self._state
        id = state.next_reply() if draft is None else draft.id
        reply = state.reply = Reply(id, state.floor.turn, state.agent, text, asked_at=at)
        state.floor.give_to_agent(reply.agent, AgentState.THINKING)
        self._moved()
        return reply

    # ------------------------------------------------------------------ what comes of it

    def receive(self, event: e.ReplyEvent) -> None:
        """Of a reply that is not alive nothing counts but how much of it was heard, until that is settled."""
        state = self._state
        if state.reply is not None and event.reply == state.reply.id:
            self._advance(event, state.reply)
        elif isinstance(event, e.PlaybackAdvanced):
            self._settling.note_last_word(event.reply, event.samples)
        else:
            self._drafting.receive(event)

    def _advance(self, event: e.ReplyEvent, reply: Reply) -> None:
        match event:
            case e.ReplyTextArrived(at, _, text):
                self._write(at, reply, text, from_model=True)
            case e.ReplyTextFinished(at):
                self._finish_text(at, reply)
            case e.ReplyTextFailed(at, _, message, failure, attempt):
                if not reply.has_left_text(attempt):
                    self._fail_text(at, reply, message, failure)
            case e.SpeechArrived(at, _, samples, words):
                self._speak(at, reply, samples, words)
            case e.SpeechFinished(at):
                self._finish_speech(at, reply)
            case e.SpeechFailed(at, _, message, failure, attempt):
                if not reply.has_left_voice(attempt):
                    self._fail_speech(at, reply, message, failure)
            case e.PlaybackAdvanced(at, _, samples):
                self._advance_playback(at, reply, samples)
            case e.PlayedOut(at):
                self._play_out(at, reply)

    def _write(self, at: float, reply: Reply, text: str, from_model: bool = False) -> None:
        """Or it is an apology."""
        if reply.text_done:
            return
        if from_model:
            self._state.timing.first_token = self._state.timing.first_token or at
        text = text[: self._limits.reply_chars - len(reply.text)]
        if not reply.text:
            text = text.lstrip()
        if text:
            self._state.timing.first_text = self._state.timing.first_text or at
            reply.note_text(at, text)
            self._tell(n.ReplyTextAdded(reply.turn, reply.id, text))
            if not reply.mute:
                self._tell(do.SpeakText(reply.id, text))
            self._await_more(at, reply)
        if len(reply.text) >= self._limits.reply_chars:
            self._tell(do.CancelText(reply.id))
            self._finish_text(at, reply)

    def _await_more(self, at: float, reply: Reply) -> None:
        self._state.deadline = reply.due(at, self._limits, self._is_heard)

    @property
    def _is_heard(self) -> bool:
        return self._state.floor.is_sounding

    def _finish_text(self, at: float, reply: Reply) -> None:
        if reply.text_done:
            return
        if not reply.text.strip():
            self._tell(do.CancelText(reply.id))
            self._say_apology(at, reply, APOLOGY)
            return
        reply.note_text_done(at, self._limits)
        self._state.timing.text_ended = at
        self._tell(n.ReplyTextEnded(reply.turn, reply.id, reply.text))
        if reply.mute:
            self._complete(at, reply)
        else:
            self._tell(do.FinishText(reply.id))
            self._await_more(at, reply)

    def _fail_text(self, at: float, reply: Reply, message: str, failure: e.Failure) -> None:
        """Of a reply of which nothing has come another replica is asked, once, where time is left, before
        anybody apologises.
        """
        if reply.text_done:
            return
        if reply.asks_again(at, failure, self._limits):
            reply.asked_again, reply.first_failure = True, (failure, message)
            self._tell(do.AskAgain(reply.id, failure is e.Failure.LATE))
            self._state.deadline = min(at + self._limits.first_text_s, reply.latest(self._limits))
            return
        failure, message = reply.first_failure or (failure, message)
        if failure is e.Failure.LATE:
            self._tell(n.ErrorOccurred("llm_late", "The reply took too long.", reply.turn))
        else:
            words = f"Failed to generate a response: {message}"
            self._tell(n.ErrorOccurred("llm_failed", words, reply.turn))
        self._tell(do.CancelText(reply.id))
        self._finish_text(at, reply)

    def _say_apology(self, at: float, reply: Reply, words: str) -> None:
        self._state.unanswered = False
        reply.asked_at = at
        self._write(at, reply, words)
        self._finish_text(at, reply)

    def _speak(self, at: float, reply: Reply, samples: int, words: tuple[e.Word, ...]) -> None:
        if reply.speech_done or reply.mute or not reply.text:
            return  # sound before any words is rubbish
        reply.note_audio(at, samples, words)
        if samples and not self._is_heard:
            self._state.timing.first_audio = at
            self._state.floor.give_to_agent(reply.agent, AgentState.SPEAKING)
            self._moved()
            self._tell(n.LatenciesMeasured(reply.turn, reply.id, self._state.timing.latencies()))
        if self._is_heard:
            self._await_more(at, reply)

    def _finish_speech(self, at: float, reply: Reply) -> None:
        if reply.speech_done:
            return
        self._state.timing.audio_ended = at
        if not reply.text_done:
            self._fail_speech(at, reply, "it ended before the text did", e.Failure.FINAL)
        elif not reply.audio_samples:
            reply.speech_done = reply.mute = True
            self._complete(at, reply)
        else:
            reply.speech_done = True
            self._await_more(at, reply)

    def _fail_speech(self, at: float, reply: Reply, message: str, failure: e.Failure) -> None:
        """What arrived is still played; the rest can only be read. Of a reply that made no sound yet another
        replica is asked, once, where time is left.
        """
        if reply.speech_done or reply.mute:
            return
        if reply.speaks_again(at, failure, self._limits):
            reply.spoken_again = True
            self._tell(do.SpeakAgain(reply.id, failure is e.Failure.LATE))
            if reply.text:
                self._await_more(at, reply)
            return
        self._state.timing.audio_ended = at
        self._tell(n.ErrorOccurred("tts_failed", f"{NO_VOICE} ({message})", reply.turn))
        if reply.audio_samples:
            reply.speech_done = True
            self._await_more(at, reply)
            return
        reply.mute = True
        self._tell(do.CancelSpeech(reply.id))
        if reply.text_done:
            self._complete(at, reply)
        elif reply.text:
            self._await_more(at, reply)

    def _advance_playback(self, at: float, reply: Reply, samples: int) -> None:
        if self._state.held is not None:
            reply.note_last_word(samples)  # be it less than was thought
        elif reply.note_played(at, samples):
            self._state.unanswered = False
            if self._is_heard:
                self._await_more(at, reply)

    def _play_out(self, at: float, reply: Reply) -> None:
        reply.note_played_out(at)
        if self._state.held is not None:
            return  # whose the floor is then is decided first
        if reply.speech_done:
            self._complete(at, reply)
        elif self._is_heard:
            self._state.unanswered = False
            self._await_more(at, reply)

    def go_on(self, at: float, reply: Reply) -> None:
        """Its sound was held, and is heard again."""
        reply.audible_until = at + reply.remaining_s
        if reply.speech_done and not reply.remaining_s:
            self._complete(at, reply)
        else:
            self._await_more(at, reply)

    # ------------------------------------------------------------------ what does not come

    def expire(self, now: float) -> None:
        """The deadline has passed while a reply was awaited or heard."""
        reply = self._state.reply
        assert reply is not None
        is_heard = self._is_heard and not reply.holds_sound(self._limits)
        if is_heard and (reply.speech_done or reply.remaining_s):
            self._expire_playback(now, reply)
        elif is_heard and reply.awaits_voice:
            self._tell(n.ErrorOccurred("tts_late", "The rest of the reply did not come.", reply.turn))
            self._settling.silence(reply)
            self._complete(now, reply)
        elif not reply.text:
            self._fail_text(now, reply, "", e.Failure.LATE)
        elif self._is_heard or reply.mute:
            self._tell(n.ErrorOccurred("llm_late", "The rest of the reply did not come.", reply.turn))
            self._tell(do.CancelText(reply.id))
            self._finish_text(now, reply)
        else:
            self._fail_speech(now, reply, "it took too long", e.Failure.LATE)

    def _expire_playback(self, now: float, reply: Reply) -> None:
        """The client does not play what it has: what is not known to have been heard was not."""
        until = reply.audible_until + self._limits.playback_stall_s
        if now < until:
            self._state.deadline = until
        else:
            self._settling.stop(now, do.Ending.CUT_BY_STALL)
            self._over(now)

    # ------------------------------------------------------------------ how a reply ends

    def _complete(self, at: float, reply: Reply) -> None:
        """The reply ran to its end, such as it was: what was heard of it is known."""
        if not reply.text_done:
            self._tell(do.CancelText(reply.id))
            self._tell(n.ReplyTextEnded(reply.turn, reply.id, reply.text))
        self._tell(do.CancelReply(reply.id))
        self._settling.begin(at, reply, do.Ending.COMPLETED)
        self._over(at)
