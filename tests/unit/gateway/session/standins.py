"""What a session on a stage talks to: a socket, a memory, an analysis and the scripts of services."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, NoReturn

from chassis.faults import Fault
from gateway.conversation.report import AnalysisReport
from gateway.memory.entries import Entry, SessionRecord, TranscriptEntry
from gateway.transports.wire import Take, WireClosed
from protos.parley.v1 import llm_pb2, tts_pb2
from tests.unit.gateway.links.rigged import Peer

REPORT = AnalysisReport(80, 75)
RATE = 24_000
"""Of reply audio, in Hz."""


@dataclass(frozen=True)
class Sent:
    at: float
    message: str | bytes

    @property
    def fields(self) -> dict[str, Any]:
        return json.loads(self.message) if isinstance(self.message, str) else {}


class StageSocket:
    """Keeps what leaves and when. `flows` cleared: the client takes nothing.

    `unsent`: the client was to have something that it did not take.
    """

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.closed: list[tuple[int, str]] = []
        self.after_close: list[str | bytes] = []
        self.given = 0
        self.left = self.unsent = False
        self.flows = asyncio.Event()
        self.flows.set()
        self._gone = asyncio.Event()
        self._inbox: asyncio.Queue[str | bytes | None] = asyncio.Queue()

    def give(self, *messages: str | bytes) -> None:
        for message in messages:
            self._inbox.put_nowait(message)

    def tell(self, kind: str, **fields: Any) -> None:
        self.give(json.dumps({"type": kind, **fields}))

    def leave(self) -> None:
        """What it sent before is still to be read."""
        self.left = True
        self.flows.set()
        self._inbox.put_nowait(None)

    async def read(self, take: Take) -> NoReturn:
        while True:
            message = await self._inbox.get()
            if message is None:
                raise WireClosed("it left")
            self.given += 1
            if (later := take(message)) is not None:
                await later()

    def send_now(self, message: str | bytes) -> bool:
        if self.closed:
            self.after_close.append(message)
        if self.left or not self.flows.is_set():
            return False
        self.sent.append(Sent(asyncio.get_running_loop().time(), message))
        return True

    async def send(self, message: str | bytes) -> None:
        if self.closed:
            self.after_close.append(message)
        try:
            await self.flows.wait()
        except asyncio.CancelledError:
            self.unsent = True
            raise
        if self.left:
            self.unsent = True
            raise WireClosed("it left")
        self.sent.append(Sent(asyncio.get_running_loop().time(), message))

    def has_left(self) -> bool:
        return self.left

    async def close(self, code: int, reason: str) -> None:
        if self.left:
            raise WireClosed("it left")
        self.closed.append((code, reason))


class Memory:
    """Keeps everything, in order."""

    def __init__(self) -> None:
        self.kept: list[Entry] = []

    def remember(self, entry: Entry) -> None:
        self.kept.append(entry)

    @property
    def turns(self) -> list[TranscriptEntry]:
        return [entry for entry in self.kept if isinstance(entry, TranscriptEntry)]

    @property
    def states(self) -> list[str]:
        return [entry.state for entry in self.kept if isinstance(entry, SessionRecord)]


class Analyst:
    """Answers when told to, or at once with what `answer` is."""

    service = "analysis"

    def __init__(self) -> None:
        self.answer: AnalysisReport | Fault | None = REPORT
        self.asked = 0
        self._told = asyncio.Event()

    def tell(self, answer: AnalysisReport | Fault) -> None:
        self.answer = answer
        self._told.set()

    async def analyze(self, *_: Any) -> AnalysisReport:
        self.asked += 1
        while self.answer is None:
            await self._told.wait()
        if isinstance(self.answer, Fault):
            raise self.answer
        return self.answer


def writes(text: str) -> Any:
    """A language model that answers every prompt with this at once."""

    def script(peer: Peer, lane: int, item: llm_pb2.ChatItem) -> None:
        for word in text.split(" "):
            peer.say(llm_pb2.ChatEvent(delta=word + " "), lane)
        peer.say(llm_pb2.ChatEvent(finished=llm_pb2.ChatFinished(reason="stop")), lane)

    return script


def speaks(ms_a_letter: int = 60) -> Any:
    """A voice that makes so much sound of each letter and of nothing else, at once."""
    position: dict[int, int] = {}

    def script(peer: Peer, lane: int, item: tts_pb2.SpeakItem) -> None:
        if item.HasField("end"):
            peer.say(
                tts_pb2.SpeechEvent(finished=tts_pb2.SpeechFinished(samples=position.get(lane, 0))), lane
            )
        for letter in item.text if item.HasField("text") else "":
            word = tts_pb2.SpokenWord(text=letter, start_sample=position.get(lane, 0))
            audio = tts_pb2.SpeechAudio(pcm=bytes(RATE * ms_a_letter // 1000 * 2), words=[word])
            position[lane] = position.get(lane, 0) + RATE * ms_a_letter // 1000
            peer.say(tts_pb2.SpeechEvent(audio=audio), lane)

    return script
