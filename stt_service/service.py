"""The gRPC face of speech to text: one lane per session, the gate before any engine.

The gate hears audio as it comes and never waits for the engine, so a slow engine delays words but never the
moment at which speech is noticed. All lanes are listened to together, off the event loop.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

import grpc

from chassis.faults import InvalidArgument, NotReady, Overflow, Unsupported
from chassis.lane_items import Wire
from chassis.lane_server import LaneServer
from chassis.lane_stream import LaneStream
from chassis.lanes import Lane, LaneEnded
from chassis.tasks import task_group
from engine_room.engine_host import EngineHost
from engine_room.engines import EngineInfo
from protos.parley.v1 import stt_pb2 as pb
from protos.parley.v1 import stt_pb2_grpc
from protos.sound import HEARD_RATE
from stt_service.engine import Hypothesis, ListenOptions, Pause, SttEngine, SttStream
from stt_service.gate.gate import SpeechGate
from stt_service.gate.hearing import AtOnce, Hearing, InRoom
from stt_service.gate.noise import NoiseFilter
from stt_service.gate.outputs import Dismissed, GateOutput, Lull, Noticed, Started, Stopped, Voice
from stt_service.gate.room import Room
from stt_service.gate.silero import silero_network
from stt_service.gate.vad import Ahead, Vad, make_vad
from stt_service.settings import SttSettings
from stt_service.transcripts import clean, heard_words
from stt_service.tuning import choose_end, gate_settings, noise_settings
from stt_service.turn_end.pause_judge import Ask, PauseJudge
from stt_service.turn_end.turn_ends import TurnEnds
from stt_service.utterance_spans import UtteranceSpans

WIRE: Wire[pb.ListenEvent] = Wire(batch=pb.ListenResponse, item=pb.ListenEvent)
WINDOW_ITEMS = 256
PAUSE_SCORE = 0.6
"""An engine that is so sure of a pause ends the turn, where meaning may end turns (unmute's figure)."""
MAX_JOBS = 2048
"""Pieces of voice that may wait for the engine: about half a minute of audio."""

ListenLane = Lane[pb.ListenEvent, pb.ListenItem]
Job = GateOutput | None
"""None: forget the utterance under way."""


class SttService(stt_pb2_grpc.SttServicer):
    def __init__(self, host: EngineHost[SttEngine], settings: SttSettings) -> None:
        self._host, self._settings = host, settings
        self._room = Room()
        self._turn_ends = TurnEnds(settings.weights_dir)
        self._lanes = LaneServer(WIRE, self._serve, WINDOW_ITEMS)

    async def prepare(self) -> None:
        """Have what the settings ask for besides the engine."""
        if self._settings.stt_end_of_turn == "smart_turn":
            await self._turn_ends.prepare()

    async def close(self) -> None:
        """When all lanes have ended."""
        await self._turn_ends.close()

    async def Listen(  # type: ignore[override]  # grpc.aio's read and write interface returns nothing
        self,
        request_iterator: Any,  # noqa: ARG002
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        await self._lanes.run(context)

    async def _serve(self, lane: ListenLane) -> None:
        first = await lane.receive()
        if not first.HasField("config"):
            raise InvalidArgument("the first item of a lane must be its config")
        if first.config.sample_rate not in (0, HEARD_RATE):
            raise InvalidArgument(f"sample_rate must be {HEARD_RATE}, not {first.config.sample_rate}")
        with self._host.slot() as engine:
            stream = engine.open(ListenOptions(language=first.config.language or "en"))
            try:
                # The place is taken: a caller that reserves it need not wait for the rest.
                ready = pb.ListenReady(engine=engine.info.name, model=engine.info.model)
                lane.send(pb.ListenEvent(ready=ready))
                vad, room = await self._choose_vad()
                gate = SpeechGate(vad, gate_settings(self._settings, first.config))
                noise = NoiseFilter(noise_settings(self._settings))
                end = choose_end(self._settings, first.config, engine.info)
                ask = await self._find_judge(first.config) if end == "smart_turn" else None
                recognition = Recognition(lane, gate, noise, stream, engine.info, end == "semantic", room)
                if ask is not None:
                    recognition.ask_in_pauses(ask, self._settings.stt_patient_trigger_ms)
                await recognition.run()
            finally:
                await stream.close()

    async def _choose_vad(self) -> tuple[Vad, Room | None]:
        """For one lane. Raises NotReady where Silero's weights are missing."""
        if self._settings.stt_vad != "silero":
            return make_vad(self._settings.stt_vad), None
        await asyncio.to_thread(silero_network)  # reading it takes 10 ms: not on the loop
        return Ahead(), self._room

    async def _find_judge(self, config: pb.ListenConfig) -> Ask | None:
        """None: there is none, and the lane did not ask for it itself. Raises Unsupported where it did."""
        try:
            return (await self._turn_ends.judge()).ask
        except NotReady as missing:
            if not config.end_of_turn:
                return None
            raise Unsupported(f"end_of_turn=smart_turn cannot be had: {missing}; say silence") from missing


class Recognition:
    """Of one lane: feeds the gate at once and the engine behind it, and tells the peer what both found."""

    def __init__(
        self,
        lane: ListenLane,
        gate: SpeechGate,
        noise: NoiseFilter,
        stream: SttStream,
        info: EngineInfo,
        semantic: bool = False,
        room: Room | None = None,
    ) -> None:
        """`room`: where it is listened to, for a gate that hears `Ahead`."""
        self._lane, self._gate, self._noise, self._stream = lane, gate, noise, stream
        self._room = room
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hearing = self._begin_to_hear()
        self._semantic = semantic
        self._pauses: PauseJudge | None = None
        self._jobs, self._has_job = deque[Job](), asyncio.Event()
        self._spans = UtteranceSpans(lane.traces, lane.session, info.name)

    def ask_in_pauses(self, ask: Ask, patient_ms: int) -> None:
        """Whether the turn has ended, from now on."""
        self._pauses = PauseJudge(ask, self._gate, patient_ms, self._finish_early)

    async def run(self) -> None:
        try:
            await self._listen()
        finally:
            self._hearing.leave()
            self._forget_pause()
            self._spans.abandon()

    def _begin_to_hear(self) -> Hearing:
        if isinstance(self._gate.vad, Ahead) and self._room is not None:
            return InRoom(self._room, self._gate.vad, self._gate, self._route, self._was_reset, self._break)
        return AtOnce(self._gate, self._route, self._was_reset)

    def _break(self, failure: Exception) -> None:
        if not self._broken.done():
            self._broken.set_exception(failure)

    async def _listen(self) -> None:
        async with task_group() as group:
            others = [group.create_task(self._understand()), group.create_task(self._wait_until_broken())]
            with suppress(LaneEnded):
                await LaneStream(self._lane, self._take).run()
            for other in others:
                other.cancel()

    async def _wait_until_broken(self) -> None:
        await self._broken

    def _take(self, lane: ListenLane, item: pb.ListenItem) -> bool:
        match item.WhichOneof("body"):
            case "audio":
                self._hearing.hear(item.audio)
            case "flush":
                self._hearing.flush()
            case "reset":
                self._hearing.reset()
            case other:
                raise InvalidArgument(f"a lane takes audio, flush and reset after its config, not {other}")
        lane.consumed()
        return True

    def _was_reset(self) -> None:
        self._forget_pause()
        self._queue(None)

    def _forget_pause(self) -> None:
        if self._pauses is not None:
            self._pauses.forget()

    def _finish_early(self) -> None:
        try:
            self._route(self._gate.flush("smart_turn"))
        except Exception as error:
            self._break(error)

    def _route(self, outputs: list[GateOutput]) -> None:
        for output in outputs:
            if self._pauses is not None:
                self._pauses.follow(output)
            match output:
                case Voice() | Lull():
                    self._queue(output)
                case Noticed(sample=sample):
                    self._lane.send(pb.ListenEvent(voice_noticed=pb.VoiceNoticed(sample=sample)))
                case Dismissed():
                    self._lane.send(pb.ListenEvent(voice_dismissed=pb.VoiceDismissed()))
                case Started():
                    started = pb.SpeechStarted(utterance=output.utterance, sample=output.sample)
                    self._lane.send(pb.ListenEvent(speech_started=started))
                    self._spans.start(output.utterance)
                    self._queue(output)
                case Stopped():
                    stopped = pb.SpeechStopped(utterance=output.utterance, sample=output.sample)
                    self._lane.send(pb.ListenEvent(speech_stopped=stopped))
                    self._spans.mark(output.utterance, "stopped")
                    self._queue(output)

    def _queue(self, job: Job) -> None:
        if len(self._jobs) >= MAX_JOBS:
            raise Overflow("the engine fell half a minute behind the speech")
        self._jobs.append(job)
        self._has_job.set()

    async def _next_job(self) -> Job:
        while not self._jobs:
            self._has_job.clear()
            await self._has_job.wait()
        return self._jobs.popleft()

    async def _understand(self) -> None:
        """Run the engine behind the gate. `utterance` is the one whose audio it now has; 0: none."""
        utterance, said = Started(0, 0), ""
        while True:
            match await self._next_job():
                case Voice(pcm=pcm):
                    for output in await self._stream.feed(pcm):
                        if isinstance(output, Hypothesis):
                            if output.text == said and not output.whole:
                                continue
                            said = output.text
                        self._tell(utterance, output, bool(said))
                case Started() as started:
                    utterance, said = started, ""
                case Lull(begins=begins):
                    await self._stream.lull(begins)
                case Stopped() as stopped:
                    self._finish(stopped, utterance, await self._stream.finish())
                    utterance = Started(0, 0)
                case None:
                    await self._stream.reset()
                    if utterance.utterance:
                        forgotten = pb.FinalTranscript(utterance=utterance.utterance, dropped="reset")
                        self._lane.send(pb.ListenEvent(final=forgotten))
                        self._spans.finish(utterance.utterance, dropped="reset")
                    utterance = Started(0, 0)

    def _tell(self, utterance: Started, output: Hypothesis | Pause, has_words: bool) -> None:
        """`has_words`: before the first one a pause is the silence in front of it."""
        number = utterance.utterance
        match output:
            case Hypothesis(text=text):
                partial = pb.PartialTranscript(
                    utterance=number,
                    text=clean(text),
                    words=heard_words(output, utterance),
                    whole=output.whole,
                )
                self._lane.send(pb.ListenEvent(partial=partial))
                self._spans.mark(number, "first_partial")
            case Pause(score=score):
                if score < PAUSE_SCORE:
                    return  # as in nearly every frame of speech: nobody wants to be told
                self._lane.send(pb.ListenEvent(pause=pb.PausePrediction(utterance=number, score=score)))
                ends = self._semantic and has_words
                if ends and number and number == self._gate.utterance:
                    self._route(self._gate.flush("pause"))

    def _finish(self, stopped: Stopped, utterance: Started, heard: Hypothesis) -> None:
        text = clean(heard.text)
        dropped = self._noise.why_dropped(text, stopped.duration_ms / 1000, stopped.rms)
        final = pb.FinalTranscript(utterance=stopped.utterance, dropped=dropped)
        if not dropped:
            final.text = text
            final.unsure = self._noise.is_unsure(heard.confidence, stopped.duration_ms / 1000)
            final.words.extend(heard_words(heard, utterance))
        self._lane.send(pb.ListenEvent(final=final))
        self._spans.finish(stopped.utterance, reason=stopped.reason, dropped=dropped, words=len(text.split()))
