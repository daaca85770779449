"""The making of one reply: the language model is asked, and what it writes is spoken."""

import asyncio
import re
from collections.abc import Callable, Sequence

from gateway.conversation import events as e
from gateway.conversation.agent import Agent
from gateway.conversation.items import ChatMessage
from gateway.links import llm, tts
from gateway.links.links import Links
from gateway.links.place import Place
from gateway.session.playout import Playout
from gateway.session.speech_run import SpeechRun
from gateway.session.text_run import TextRun

CLAUSE_END = re.compile(r"[.!?,;:…。！？、，،؛؟।\n]")


class ReplyRun:
    """Everything here dies with `cancel`. `home`: the replica that has the session's prefix."""

    def __init__(
        self,
        reply: int,
        turn: int,
        session: str,
        agent: Agent,
        language: str,
        links: Links,
        playout: Playout,
        post: Callable[[e.Event], None],
        now: Callable[[], float],
        home: str = "",
    ) -> None:
        self.id, self._turn = reply, turn
        self._session, self._agent, self._language = session, agent, language
        self._links, self._playout = links, playout
        self._post, self._now, self._home = post, now, home
        self._text: TextRun | None = None
        self._speech: SpeechRun | None = None
        self._spoke = False

    @property
    def home(self) -> str:
        """The replica that has the prefix now."""
        return (self._text.peer if self._text else "") or self._home

    def start_text(
        self, group: asyncio.TaskGroup, messages: Sequence[ChatMessage], variant: str, traceparent: str = ""
    ) -> None:
        prompt = llm.prompt(self._turn, messages, variant, self._language)
        place = Place(self._links.llm, prompt, self._session, self._turn, traceparent, self._home)
        self._text = TextRun(place, self.id, self._post, self._now)
        self._text.start(group)

    def start_speech(self, group: asyncio.TaskGroup, traceparent: str = "") -> None:
        # What nobody here can speak is spoken in the agent's own language.
        spoken = (
            self._language if tts.speaks(self._links.tts.status, self._language) else self._agent.language
        )
        config = tts.config(self._turn, self._agent.voice, spoken)
        place = Place(self._links.tts, config, self._session, self._turn, traceparent)
        self._speech = SpeechRun(place, self.id, self._turn, self._playout, self._post, self._now)
        self._speech.start(group)

    def ask_again(self, group: asyncio.TaskGroup, late: bool) -> None:
        if self._text is not None:
            self._text.again(group, late)

    def speak_again(self, group: asyncio.TaskGroup, late: bool) -> None:
        if self._speech is not None:
            self._speech.again(group, late)

    def speak(self, text: str) -> None:
        """Words within a clause wait a moment for company: nothing is spoken before the clause is whole."""
        if self._speech is not None:
            self._speech.give(tts.text(text), urgent=not self._spoke or CLAUSE_END.search(text) is not None)
            self._spoke = True

    def finish_text(self) -> None:
        if self._speech is not None:
            self._speech.give(tts.end())

    def cancel_text(self) -> None:
        if self._text is not None:
            self._text.cancel()

    def cancel_speech(self) -> None:
        if self._speech is not None:
            self._speech.cancel()
        self._playout.flush(self.id)

    def cancel(self) -> None:
        """Stop both, in-band; the streams live on."""
        self.cancel_text()
        self.cancel_speech()
