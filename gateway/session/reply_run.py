"""The making of one reply: a lane to the language model and one to speech, for one turn."""

import asyncio
from collections.abc import Callable, Sequence

from chassis.faults import Fault
from chassis.lanes import LaneEnded
from gateway.conversation import events as e
from gateway.conversation.agent import Agent
from gateway.conversation.history import ChatMessage
from gateway.links import llm, tts
from gateway.links.links import Links
from gateway.links.llm import LlmLane
from gateway.links.tts import TtsLane
from gateway.session.playout import Playout
from protos.parley.v1 import tts_pb2


class ReplyRun:
    """Everything here dies with `cancel`; what comes of it is posted as events of its turn."""

    def __init__(
        self,
        turn: int,
        session: str,
        agent: Agent,
        links: Links,
        playout: Playout,
        post: Callable[[e.Event], None],
        now: Callable[[], float],
    ) -> None:
        self.turn = turn
        self._session, self._agent, self._links, self._playout = session, agent, links, playout
        self._post, self._now = post, now
        self._text: LlmLane | None = None
        self._speech: TtsLane | None = None

    def start_text(
        self, group: asyncio.TaskGroup, messages: Sequence[ChatMessage], level: str, traceparent: str = ""
    ) -> None:
        try:
            lane = self._links.llm.open(self._session, self.turn, traceparent)
            lane.send(llm.prompt(self.turn, messages, level, self._agent.language))
        except Fault as fault:
            self._post(e.ReplyTextFailed(self._now(), self.turn, str(fault)))
            return
        self._text = lane
        group.create_task(self._read_text(lane))

    def start_speech(self, group: asyncio.TaskGroup, traceparent: str = "") -> None:
        self._playout.begin(self.turn)
        try:
            lane = self._links.tts.open(self._session, self.turn, traceparent)
            lane.send(tts.config(self.turn, self._agent.voice, self._agent.language))
        except Fault as fault:
            self._post(e.SpeechFailed(self._now(), self.turn, str(fault)))
            return
        self._speech = lane
        group.create_task(self._read_speech(lane))

    def speak(self, text: str) -> None:
        self._send_speech(tts.text(text))

    def finish_text(self) -> None:
        self._send_speech(tts.end())

    def cancel_text(self) -> None:
        if self._text is not None:
            self._text.cancel()
            self._text = None

    def cancel(self) -> None:
        """Stop both, in-band; the streams live on."""
        self.cancel_text()
        if self._speech is not None:
            self._speech.cancel()
            self._speech = None
        self._playout.flush(self.turn)

    def _send_speech(self, item: tts_pb2.SpeakItem) -> None:
        if self._speech is None:
            return
        try:
            self._speech.send(item)
        except Fault as fault:
            self._speech = None
            self._post(e.SpeechFailed(self._now(), self.turn, str(fault)))

    async def _read_text(self, lane: LlmLane) -> None:
        try:
            while True:
                event = await lane.receive()
                match event.WhichOneof("body"):
                    case "delta":
                        self._post(e.ReplyTextArrived(self._now(), self.turn, event.delta))
                    case "finished":
                        self._post(e.ReplyTextFinished(self._now(), self.turn))
                        return
                    case _:
                        pass
        except LaneEnded:
            # Cancelled by us, or closed without a finish: for a live turn the text is over.
            self._post(e.ReplyTextFinished(self._now(), self.turn))
        except Fault as fault:
            self._post(e.ReplyTextFailed(self._now(), self.turn, str(fault)))

    async def _read_speech(self, lane: TtsLane) -> None:
        try:
            while True:
                event = await lane.receive()
                if event.HasField("audio"):
                    await self._play(event.audio)
                elif event.HasField("finished"):
                    break
        except LaneEnded:
            pass
        except Fault as fault:
            self._post(e.SpeechFailed(self._now(), self.turn, str(fault)))
        else:
            self._post(e.SpeechFinished(self._now(), self.turn))
        self._playout.finish(self.turn)

    async def _play(self, audio: tts_pb2.SpeechAudio) -> None:
        words = tuple(e.Word(word.text, word.start_sample) for word in audio.words)
        if await self._playout.play(self.turn, audio.pcm):
            self._post(e.SpeechArrived(self._now(), self.turn, len(audio.pcm) // 2, words))
