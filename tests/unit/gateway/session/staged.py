"""A whole session on a stage: a scripted socket, scripted services behind real lanes, a memory that keeps.

Everything runs on the loop of the test, whose time may be virtual.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any

from chassis.tasks import task_group
from gateway.conversation import notices as n
from gateway.conversation.effects import CloseReason
from gateway.conversation.limits import Limits
from gateway.dialects.dialect import Dialect, Handshake, Message, Outbound
from gateway.dialects.parley import ParleyDialect
from gateway.event_log.event_logs import EventLogs
from gateway.links import llm, stt, tts
from gateway.memory.entries import SessionRecord
from gateway.session import session as session_module
from gateway.session.surroundings import Surroundings
from gateway.session.wheel import Wheel
from gateway.transports.websocket.wire import WebSocketWire
from protos.parley.v1 import llm_pb2, stt_pb2, tts_pb2
from tests.support.virtual_time import VirtualLoop
from tests.unit.gateway.links.rigged import Peer, RiggedLink
from tests.unit.gateway.session.standins import RATE, Analyst, Memory, Sent, StageSocket, speaks, writes

LIMITS = Limits(idle_s=30.0, reply_chars=120)
SETTLED_S = 0.05
"""By then what was written at one moment has reached the other end."""
PASSES = 20
"""Of the loop, by which what has just been ended is known to be so."""


class Stage:
    """`stt`, `llm` and `tts` are links whose peers a test scripts or plays."""

    def __init__(
        self,
        dialect: Dialect,
        slots: tuple[int, ...],
        limits: Limits,
        query: dict[str, str],
        event_logs: EventLogs | None = None,
        earlier: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.socket, self.memory, self.analysis = StageSocket(), Memory(), Analyst()
        self.stt = RiggedLink("stt", stt.WIRE, slots, stt_pb2.ListenEvent, stt.WINDOW_ITEMS)
        self.llm = RiggedLink("llm", llm.WIRE, slots, llm_pb2.ChatEvent, llm.WINDOW_ITEMS)
        self.tts = RiggedLink("tts", tts.WIRE, slots, tts_pb2.SpeechEvent, tts.WINDOW_ITEMS)
        self.links = (self.stt, self.llm, self.tts)
        shared: Any = SimpleNamespace(
            stt=self.stt,
            llm=self.llm,
            tts=self.tts,
            analysis=self.analysis,
            statuses={link.service: link.status for link in self.links},
        )
        memory: Any = self.memory
        around = Surroundings(shared, memory, limits, Wheel(), "gateway-1", "test", event_logs=event_logs)
        self.dialect, self.withdrawn = dialect, 0
        self._count_withdrawn()
        options = dialect.open(Handshake("/", query))
        self.session = session_module.Session(
            "s1", WebSocketWire(self.socket), dialect, options, around, earlier=earlier
        )
        self.running: asyncio.Task[CloseReason]
        self.heard = dict[int, int]()

    def _count_withdrawn(self) -> None:
        encode = self.dialect.encode

        def counted(output: Outbound) -> list[Message]:
            self.withdrawn += isinstance(output, n.ReplyWithdrawn)
            return encode(output)

        setattr(self.dialect, "encode", counted)  # noqa: B010

    async def later(self, seconds: float = SETTLED_S) -> None:
        """Time passes; every lane that was opened and is not alive has been ended at its service too."""
        await asyncio.sleep(seconds)
        for _ in range(PASSES):
            await asyncio.sleep(0)
        self.check_lanes()

    async def settle(self) -> None:
        await self.later(SETTLED_S)

    def check_lanes(self) -> None:
        for link in self.links:
            assert link.opened - link.ended == link.alive, f"{link.service}: a lane was lost from sight"

    # ------------------------------------------------------------------ what the user does

    async def say(self, text: str, seconds: float = 1.0) -> None:
        """Speak, fall silent, and be understood: the final comes 0.6 s after the last sound."""
        self.begin_speech()
        await self.sound(seconds)
        self.end_speech()
        await self.later(0.1)
        self.understand(text)
        await self.later(0.01)

    async def sound(self, seconds: float, step_s: float = 0.02) -> None:
        """Quiet sound at the pace of a microphone."""
        for _ in range(round(seconds / step_s)):
            self.socket.give(bytes(int(16_000 * step_s) * 2))
            await asyncio.sleep(step_s)

    def begin_speech(self) -> None:
        for peer in self.stt.peers:
            for lane in list(peer.came):
                self.heard[lane] = self.heard.get(lane, 0) + 1
                begun = stt_pb2.SpeechStarted(utterance=self.heard[lane])
                peer.say(stt_pb2.ListenEvent(speech_started=begun), lane)

    def interrupt(self, words: str = "stop it") -> None:
        """Speak over a reply, and be understood at once as far as that goes."""
        self.begin_speech()
        self.understand(words, final=False)

    def notice_voice(self) -> None:
        self._hear(lambda _: stt_pb2.ListenEvent(voice_noticed=stt_pb2.VoiceNoticed()))

    def dismiss_voice(self) -> None:
        self._hear(lambda _: stt_pb2.ListenEvent(voice_dismissed=stt_pb2.VoiceDismissed()))

    def end_speech(self) -> None:
        self._hear(lambda n: stt_pb2.ListenEvent(speech_stopped=stt_pb2.SpeechStopped(utterance=n)))

    def pause(self, text: str) -> None:
        """What was said may be all."""
        self._hear(
            lambda n: stt_pb2.ListenEvent(
                partial=stt_pb2.PartialTranscript(utterance=n, text=text, whole=True)
            )
        )

    def understand(self, text: str, final: bool = True) -> None:
        if final:
            self._hear(lambda n: stt_pb2.ListenEvent(final=stt_pb2.FinalTranscript(utterance=n, text=text)))
        else:
            self._hear(
                lambda n: stt_pb2.ListenEvent(partial=stt_pb2.PartialTranscript(utterance=n, text=text))
            )

    def _hear(self, make: Any) -> None:
        for peer in self.stt.peers:
            for lane in list(peer.came):
                peer.say(make(self.heard.get(lane, 0)), lane)

    # ------------------------------------------------------------------ what the services do

    def write(self, peer: Peer, text: str, ends: bool = False) -> None:
        peer.say(llm_pb2.ChatEvent(delta=text))
        if ends:
            peer.say(llm_pb2.ChatEvent(finished=llm_pb2.ChatFinished(reason="stop")))

    def speak(self, peer: Peer, samples: int, ends: bool = False) -> None:
        peer.say(tts_pb2.SpeechEvent(audio=tts_pb2.SpeechAudio(pcm=bytes(2 * samples))))
        if ends:
            peer.say(tts_pb2.SpeechEvent(finished=tts_pb2.SpeechFinished(samples=samples)))

    # ------------------------------------------------------------------ what has left

    def messages(self, kind: str) -> list[Sent]:
        return [sent for sent in self.socket.sent if sent.fields.get("type") == kind]

    @property
    def audio(self) -> list[Sent]:
        return [sent for sent in self.socket.sent if isinstance(sent.message, bytes)]

    @property
    def audio_s(self) -> float:
        return sum(len(sent.message) for sent in self.audio) / 2 / RATE

    @property
    def state(self) -> str:
        return str(self.messages("state")[-1].fields["state"])

    def errors(self) -> list[str]:
        return [str(sent.fields["code"]) for sent in self.messages("error")]


@asynccontextmanager
async def staged(
    dialect: Dialect | None = None,
    slots: tuple[int, ...] = (4,),
    limits: Limits = LIMITS,
    reply: str = "Hello there.",
    scripted: bool = True,
    query: dict[str, str] | None = None,
    event_logs: EventLogs | None = None,
    earlier: Sequence[tuple[str, str]] = (),
) -> AsyncIterator[Stage]:
    """A session that runs for the body; then its client leaves, and nothing of it may be left.

    `scripted`: the services answer everything, a turn with `reply`; else only when the test says so.
    """
    stage = Stage(dialect or ParleyDialect(), slots, limits, query or {}, event_logs, earlier)
    if scripted:
        for peer in stage.llm.peers:
            peer.script = writes(reply)
        for peer in stage.tts.peers:
            peer.script = speaks()
    async with AsyncExitStack() as stack:
        for link in stage.links:
            await stack.enter_async_context(link.flowing())
        async with task_group() as group:
            before = Before()
            stage.running = group.create_task(stage.session.run())
            try:
                await stage.settle()
                yield stage
                if not stage.running.done():
                    stage.socket.leave()
                async with asyncio.timeout(20):
                    await asyncio.wait([stage.running])
                await stage.settle()
                check_end(stage, before)
            finally:
                stage.running.cancel()


class Before:
    """What lives on the loop already."""

    def __init__(self) -> None:
        self.tasks, self.timers = asyncio.all_tasks(), set(_timers())

    def check(self) -> None:
        """Nothing else lives."""
        left = asyncio.all_tasks() - self.tasks
        assert not left, f"tasks outlived their session: {left}"
        pending = set(_timers()) - self.timers
        assert not pending, f"timers outlived their session: {pending}"


def _timers() -> list[asyncio.TimerHandle]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.pending


def check_end(stage: Stage, before: Before) -> None:
    """Of a session that is over nothing is left."""
    reason = stage.running.result()
    assert [link.alive for link in stage.links] == [0, 0, 0], "a lane outlived its session"
    assert [peer.came for link in stage.links for peer in link.peers if peer.came] == []
    before.check()
    assert stage.memory.states == ["open", "closed"]
    assert isinstance(stage.memory.kept[-1], SessionRecord), "something was remembered after the end"
    assert not stage.socket.after_close, "something was sent after the close"
    assert reason is not CloseReason.INTERNAL, "the session broke"
    if stage.socket.flows.is_set() and not stage.socket.left:
        assert stage.socket.closed == [stage.dialect.close(reason)]
    assert len(stage.socket.closed) <= 1
