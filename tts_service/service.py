"""The gRPC face of text to speech: one lane per reply; text comes in while audio goes out."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import grpc

from chassis.faults import InternalFault, InvalidArgument
from chassis.lane_items import Wire
from chassis.lane_server import LaneServer
from chassis.lanes import Lane
from engine_room.engine_host import EngineHost
from protos.parley.v1 import tts_pb2 as pb
from protos.parley.v1 import tts_pb2_grpc
from tts_service.engine import Speech, TtsEngine, Voice, check_ranges
from tts_service.text.gather import Flush, gather_clauses, gather_words

WIRE: Wire[pb.SpeechEvent] = Wire(batch=pb.SpeakResponse, item=pb.SpeechEvent)
WINDOW_ITEMS = 256
PIECE_BYTES = 1920 * 2
"""80 ms: the most that one item carries, so that credit bounds seconds of audio."""

SpeakLane = Lane[pb.SpeechEvent, pb.SpeakItem]


class TtsService(tts_pb2_grpc.TtsServicer):
    def __init__(self, host: EngineHost[TtsEngine], default_voice: str) -> None:
        self._host, self._default_voice = host, default_voice
        self._lanes = LaneServer(WIRE, self._serve, WINDOW_ITEMS, work="speak")

    async def Speak(  # type: ignore[override]  # grpc.aio's read and write interface returns nothing
        self,
        request_iterator: Any,  # noqa: ARG002
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        await self._lanes.run(context)

    async def _serve(self, lane: SpeakLane) -> None:
        item = await lane.receive()
        if not item.HasField("config"):
            raise InvalidArgument("the first item of a lane must be its config")
        voice = read_voice(item.config, self._default_voice)
        with self._host.slot() as engine:
            engine.check(voice)
            span = lane.traces.span
            span.event("accepted", engine=engine.info.name)
            gather = gather_words if engine.gathers == "word" else gather_clauses
            samples = 0
            async with aclosing(engine.speak(gather(texts(lane)), voice)) as spoken:
                async for speech in spoken:
                    if samples == 0:
                        span.event("first_audio")
                    for event in events(speech, voice.turn):
                        await lane.put(event, urgent=samples == 0)
                        samples += len(event.audio.pcm) // 2
            span.set(samples=samples)
            await lane.put(pb.SpeechEvent(turn=voice.turn, finished=pb.SpeechFinished(samples=samples)))


async def texts(lane: SpeakLane) -> AsyncIterator[str | Flush]:
    """The lane's text until its end; a flush item asks to speak what is gathered."""
    async for item in lane:
        match item.WhichOneof("body"):
            case "text":
                yield item.text
            case "flush":
                yield Flush()
            case "end":
                return
            case other:
                raise InvalidArgument(f"a lane takes text, flush and end after its config, not {other}")


def read_voice(config: pb.SpeakConfig, default: str) -> Voice:
    """The voice in the engine's terms. Raises InvalidArgument, naming what is wrong."""
    voice = Voice(
        name=config.voice or default,
        language=config.language,
        speed=config.speed or 1.0,
        volume=config.volume if config.HasField("volume") else 1.0,
        emotion=config.emotion,
        turn=config.turn,
    )
    check_ranges(voice)
    return voice


def events(speech: Speech, turn: int) -> Iterator[pb.SpeechEvent]:
    """At most 80 ms an item; the words go with the first. Raises InternalFault for half samples."""
    if len(speech.pcm) % 2:
        raise InternalFault("the engine made half a sample; this reply is lost, the next may be well")
    words = [pb.SpokenWord(text=word.text, start_sample=word.start_sample) for word in speech.words]
    for start in range(0, len(speech.pcm), PIECE_BYTES):
        audio = pb.SpeechAudio(pcm=speech.pcm[start : start + PIECE_BYTES], words=words)
        yield pb.SpeechEvent(turn=turn, audio=audio)
        words = []
