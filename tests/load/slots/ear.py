"""What hearing a crowd costs the event loop: service, gates, streams and board, and a model that costs time.

`python -m tests.load.slots.ear [STREAMS]`. People speak in real time, each in a stream of its own, out of
step: sentences with a second between them. Their audio is made before, and given to the loop by another
thread in pieces of 20 ms, as a gateway's stream would; gRPC itself is not there.
"""

import asyncio
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvloop
from prometheus_client import Histogram

from chassis.lane_trunk import Trunk
from chassis.lanes import Lane
from engine_room.engine_host import EngineHost
from protos.parley.v1 import stt_pb2 as pb
from protos.sound import HEARD_RATE
from stt_service.engine import SttEngine
from stt_service.engines import moshi_slots
from stt_service.engines.moshi import MoshiEngine
from stt_service.engines.moshi_frames import FRAME_SAMPLES
from stt_service.engines.moshi_options import MoshiOptions
from stt_service.engines.moshi_slots import Heard, Loaded, Manner, Mask
from stt_service.gate import room
from stt_service.service import WIRE, SttService
from stt_service.settings import SttSettings
from tests.load.measure import percentile
from tests.support.spoken import silence, speech

LM_S, MIMI_S = 0.006, 0.008
"""A step of the small model in a big batch, about. It is slept: a card computes without Python's lock."""
DELAY_FRAMES = 6
WORD_FRAMES = 4
ITEM_S = 0.020
ITEM_BYTES = round(ITEM_S * HEARD_RATE) * 2
TICK_S = 0.010
"""A gateway gathers for so long what goes in one message."""
BEFORE_S, MEASURED_S = 4.0, 10.0
SENTENCES = (
    "Yesterday I went to the market and bought some apples for my mother",
    "What is the weather like in Paris this morning",
    "Please speak slowly, because my English is not good yet",
)


@dataclass
class Figures:
    """Of one run. `loop_core`: CPU seconds of the loop's thread in a second. `late`: steps over 80 ms."""

    streams: int
    loop_core: float
    late: int
    steps: int
    batches: int
    batch_ms: float
    partials_s: float
    finals_s: float
    lag_p99_ms: float


class Tokenizer:
    def id_to_piece(self, number: int) -> str:
        return f"▁word{number}"

    def decode(self, numbers: list[int]) -> str:
        return " ".join(f"word{number}" for number in numbers)


class CostlyModel:
    """Writes a word every few frames to whoever is heard, and says how little of a pause there is."""

    device = "cpu"
    has_pauses = True

    def __init__(self, slots: int) -> None:
        self.audio = np.zeros((slots, FRAME_SAMPLES), np.float32)
        self._counts = np.zeros(slots, np.int64)
        self._pauses = np.full(slots, 0.1, np.float32)

    def warm(self) -> None: ...

    def reset(self, slots: Mask) -> None:
        self._counts[slots] = 0

    def step(self, slots: Mask) -> Heard:
        time.sleep(MIMI_S + LM_S)
        self._counts[slots] += 1
        phase = self._counts % WORD_FRAMES
        tokens = np.where(phase == 0, 100 + self._counts, np.where(phase == 1, 0, 3))
        return Heard(tokens, self._pauses)


class CostlyEngine(MoshiEngine):
    def _read(self) -> Loaded:
        return Loaded(CostlyModel(self._slots), Manner(Tokenizer(), DELAY_FRAMES, 0))


@dataclass
class Crowd:
    """Speaks, from a thread of its own, until it is told to stop. `late_ms`: by how much it was late."""

    trunk: Trunk[pb.ListenEvent, pb.ListenItem]
    loop: asyncio.AbstractEventLoop
    streams: int
    late_ms: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        pcm = b"".join(speech(sentence) + silence(1.0) for sentence in SENTENCES)
        self._items = [pcm[at : at + ITEM_BYTES] for at in range(0, len(pcm) - ITEM_BYTES, ITEM_BYTES)]
        generator = np.random.default_rng(0)
        self._places = generator.integers(len(self._items), size=self.streams).tolist()

    def speak(self) -> None:
        due, half = time.monotonic(), 0
        while not self.over.is_set():
            # Half of them at each tick: all have a piece of 20 ms once in two.
            half = 1 - half
            items = [self._next(number) for number in range(half, self.streams, 2)]
            self.loop.call_soon_threadsafe(self._deliver, items)
            due += TICK_S
            self.late_ms.append((time.monotonic() - due + TICK_S) * 1000)
            time.sleep(max(due - time.monotonic(), 0))

    def _next(self, number: int) -> pb.ListenItem:
        place = self._places[number]
        self._places[number] = (place + 1) % len(self._items)
        return pb.ListenItem(lane=number, audio=self._items[place])

    def _deliver(self, items: list[pb.ListenItem]) -> None:
        for item in items:
            self.trunk.deliver(item)


def measure(streams: int) -> Figures:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(streams))


async def _measure(streams: int) -> Figures:
    told: dict[str, int] = {"partial": 0, "final": 0}

    async def write(message: Any) -> None:
        for item in message.items:
            kind = item.WhichOneof("body")
            if kind in told:
                told[kind] += 1

    engine: SttEngine = CostlyEngine(MoshiOptions("costly", streams))
    host = EngineHost(engine)
    await host.load()
    service = SttService(host, SttSettings(stt_engine="moshi", stt_slots=streams))
    trunk: Trunk[pb.ListenEvent, pb.ListenItem] = Trunk(WIRE, write)
    crowd = await asyncio.to_thread(Crowd, trunk, asyncio.get_running_loop(), streams)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(trunk.write_forever())]
        for number in range(streams):
            lane = Lane(trunk, number, f"session {number}", 0, send=10**9, window=10**9)
            trunk.add(lane)
            trunk.deliver(pb.ListenItem(lane=number, config=pb.ListenConfig(language="en")))
            tasks.append(group.create_task(service._serve(lane)))
        await asyncio.sleep(1.0)
        speaking = threading.Thread(target=crowd.speak, daemon=True)
        speaking.start()
        await asyncio.sleep(BEFORE_S)
        figures = await _watch(streams, crowd, told)
        crowd.over.set()
        await asyncio.to_thread(speaking.join)
        for task in tasks:
            task.cancel()
    await host.unload(0)
    return figures


async def _watch(streams: int, crowd: Crowd, told: dict[str, int]) -> Figures:
    steps, late = _count(moshi_slots.STEP), moshi_slots.LATE._value.get()
    batches, batch_s = _count(room.BATCH), room.BATCH._sum.get()
    told.update(partial=0, final=0)
    crowd.late_ms.clear()
    cpu_s, began = time.thread_time(), time.monotonic()
    await asyncio.sleep(MEASURED_S)
    core = (time.thread_time() - cpu_s) / (time.monotonic() - began)
    return Figures(
        streams,
        core,
        round(moshi_slots.LATE._value.get() - late),
        round(_count(moshi_slots.STEP) - steps),
        round(_count(room.BATCH) - batches),
        (room.BATCH._sum.get() - batch_s) * 1000 / max(_count(room.BATCH) - batches, 1),
        told["partial"] / MEASURED_S,
        told["final"] / MEASURED_S,
        percentile(crowd.late_ms, 0.99),
    )


def _count(histogram: Histogram) -> float:
    return float(sum(bucket.get() for bucket in histogram._buckets))


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
