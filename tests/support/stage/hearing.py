"""The STT service and the gateway's ear on one loop: real lanes, gate, noise filter and model, no thread.

The model transcribes where it is asked, and answers at the time of the loop at which an idle machine would.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from chassis.lane_trunk import Trunk
from chassis.lanes import Lane
from chassis.tasks import task_group
from engine_room.engines import EngineInfo
from engine_room.wheels import WHEELS, fetch
from gateway.audio.microphone import Microphone
from gateway.conversation import events as e
from gateway.links import stt
from gateway.session.ear import Ear
from protos.parley.v1 import stt_pb2 as pb
from protos.sound import HEARD_RATE
from stt_service.engines.by_utterance import Loaded, UtteranceStream
from stt_service.engines.moonshine import MoonshineEngine
from stt_service.engines.moonshine_model import MoonshineWeights
from stt_service.engines.pacing import Pacing
from stt_service.engines.smart_turn_model import SmartTurn
from stt_service.engines.transcribing import Desk, Job, Transcribe
from stt_service.gate.gate import SpeechGate
from stt_service.gate.noise import NoiseFilter
from stt_service.gate.vad import make_vad
from stt_service.service import WINDOW_ITEMS, WIRE, Recognition
from stt_service.settings import SttSettings
from stt_service.tuning import EndOfTurn, gate_settings, noise_settings
from stt_service.turn_end.pause_judge import Ask

ANSWER_S = 0.06
"""What a few seconds of speech take on an idle core, and the way there and back."""
JUDGED_S = 0.04
"""What one look at a pause takes."""
STALL_S = 2.0
NOBODY = cast(Any, None)


@dataclass(frozen=True)
class Models:
    """`pauses`: what is asked whether a turn has ended; None: silence ends it."""

    ear: MoonshineWeights
    pauses: SmartTurn | None = None


@cache
def models(end_of_turn: EndOfTurn) -> Models:
    """Read once in a process. Never call it on a loop."""
    if end_of_turn == "smart_turn":
        return replace(models("silence"), pauses=SmartTurn(asyncio.run(fetch(WHEELS["smart-turn"]))))
    return Models(MoonshineWeights(asyncio.run(fetch(WHEELS["moonshine"])), slots=1))


class _Later(Job):
    """Known at once, and answered when it would be."""

    def __init__(self, transcribe: Transcribe) -> None:
        loop = asyncio.get_running_loop()
        self._cancelled = threading.Event()
        self.took_s = ANSWER_S
        self.answer = loop.create_future()
        heard = transcribe(self._cancelled)
        self._timer = loop.call_later(ANSWER_S, self.answer.set_result, heard)

    def abandon(self) -> None:
        self._timer.cancel()
        self.answer.cancel()


class _OneCore(Desk):
    def __init__(self) -> None:
        self._job: Job | None = None

    @property
    def is_free(self) -> bool:
        return self._job is None or self._job.answer.done()

    def begin(self, transcribe: Transcribe) -> Job:
        self._job = _Later(transcribe)
        return self._job


def _ask(model: SmartTurn) -> Ask:
    def ask(pcm: bytes) -> asyncio.Future[float]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[float] = loop.create_future()
        likely = model.finished(pcm)
        loop.call_later(JUDGED_S, lambda: None if answer.done() else answer.set_result(likely))
        return answer

    return ask


def _open(model: MoonshineWeights, settings: SttSettings) -> UtteranceStream:
    engine = MoonshineEngine
    pacing = Pacing(round(settings.stt_partial_s * HEARD_RATE), engine.most_share, engine.settling)
    return UtteranceStream(Loaded(model, _OneCore()), "en", pacing, lambda _: None)


@asynccontextmanager
async def listening(
    models: Models, post: Callable[[e.Event], None], now: Callable[[], float]
) -> AsyncIterator[tuple[Ear, Microphone]]:
    """An ear that posts what the service of the embedded profile tells it."""
    up: Trunk[pb.ListenItem, pb.ListenEvent] = Trunk(stt.WIRE, lambda m: _carry(m, down), tick_s=0)
    down: Trunk[pb.ListenEvent, pb.ListenItem] = Trunk(WIRE, lambda m: _carry(m, up), tick_s=0)
    ours: Lane[pb.ListenItem, pb.ListenEvent] = Lane(up, 1, "s", 0, send=WINDOW_ITEMS, window=WINDOW_ITEMS)
    theirs: Lane[pb.ListenEvent, pb.ListenItem] = Lane(
        down, 1, "s", 0, send=WINDOW_ITEMS, window=WINDOW_ITEMS
    )
    up.add(ours)
    down.add(theirs)
    microphone = Microphone(STALL_S)
    ear = Ear(NOBODY, "s", stt.Listening("en"), microphone, post, now, reserved=ours)
    settings = SttSettings()
    stream = _open(models.ear, settings)
    recognition = Recognition(
        theirs,
        SpeechGate(make_vad("silero"), gate_settings(settings, pb.ListenConfig())),
        NoiseFilter(noise_settings(settings)),
        stream,
        EngineInfo(name=MoonshineEngine.name, model="", slots=1),
    )
    if models.pauses is not None:
        recognition.ask_in_pauses(_ask(models.pauses), settings.stt_patient_trigger_ms)
    async with task_group() as group:
        tasks = [
            group.create_task(work)
            for work in (up.write_forever(), down.write_forever(), recognition.run(), ear.run())
        ]
        await asyncio.sleep(0)
        yield ear, microphone
        for task in tasks:
            task.cancel()
    await stream.close()


async def _carry(message: Any, trunk: Trunk[Any, Any]) -> None:
    for item in message.items:
        trunk.deliver(item)
