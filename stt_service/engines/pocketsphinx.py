"""The embedded engine: CMU pocketsphinx with the US English model of its wheel, on the CPU, no download.

A third of the words wrong on read English, and sure of itself: it is here so that a fresh machine can talk.
Each slot is a worker process (`pocketsphinx_worker.py`), for the decoder holds Python's global lock. Nothing
here may decode, or wait for a decoder without a deadline.
"""

import asyncio
from importlib.util import find_spec

from chassis.faults import NoSlot, NotReady, Unsupported
from chassis.languages import is_known
from engine_room.engines import EngineInfo
from protos.sound import HEARD_RATE
from stt_service.engine import Hypothesis, ListenOptions, SttOutput, SttStream
from stt_service.engines.pocketsphinx_process import Worker, crashed
from stt_service.engines.pocketsphinx_worker import AUDIO, END, RESET

LANGUAGES = ("en", "en-US")


class Seat:
    """A slot: its worker, replaced when it died, and the number of its next utterance."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._utterance = 1

    async def worker(self) -> Worker:
        if not self._worker.is_usable:
            self._worker = await Worker.start()
        return self._worker

    def present_worker(self) -> Worker:
        return self._worker

    def next_utterance(self) -> int:
        """A number for this seat that no utterance had before: a late answer is known by it."""
        self._utterance += 1
        return self._utterance


class PocketsphinxStream:
    """One lane's decoder. An utterance is bound to the worker that heard its beginning."""

    def __init__(self, engine: "PocketsphinxEngine", seat: Seat) -> None:
        self._engine = engine
        self._seat: Seat | None = seat
        self._utterance = 0
        self._worker: Worker | None = None

    async def feed(self, pcm: bytes) -> list[SttOutput]:
        worker = await self._hearing()
        worker.send(AUDIO, self._utterance, pcm)
        await worker.room()
        text = worker.take_partial(self._utterance)
        return [Hypothesis(text)] if text else []

    async def finish(self) -> Hypothesis:
        worker, utterance = self._worker, self._utterance
        if worker is None:
            return Hypothesis("")
        self._worker = None  # whatever comes of it, the next audio is a new utterance's
        worker.send(END, utterance)
        return Hypothesis(await worker.final(utterance))

    async def reset(self) -> None:
        self._forget()

    async def close(self) -> None:
        self._forget()
        if self._seat is not None:
            seat, self._seat = self._seat, None
            self._engine.give_back(seat)

    async def _hearing(self) -> Worker:
        """The worker of the utterance under way, or the seat's for a new one."""
        if self._seat is None:
            raise NotReady("this stream is closed; open another")
        if self._worker is None:
            self._worker = await self._seat.worker()
            self._utterance = self._seat.next_utterance()
        elif not self._worker.is_usable:
            self._worker = None
            raise crashed()
        return self._worker

    def _forget(self) -> None:
        if self._worker is not None:
            self._worker.send(RESET, self._utterance)
            self._worker = None


class PocketsphinxEngine:
    """`slots` worker processes of 110 MB each, started by `load` and gone after `unload`."""

    def __init__(self, slots: int = 4) -> None:
        self._slots = slots
        self._seats: list[Seat] = []
        self._free: list[Seat] = []

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="pocketsphinx",
            model="en-us",
            slots=self._slots,
            languages=LANGUAGES,
            sample_rate=HEARD_RATE,
        )

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The processes that run now, for whoever counts memory."""
        workers = (seat.present_worker() for seat in self._seats)
        return tuple(worker.pid for worker in workers if worker.is_usable)

    async def load(self) -> None:
        if self._seats:
            return
        if find_spec("pocketsphinx") is None:
            raise NotReady("pocketsphinx is not installed: pip install -e '.[pocketsphinx]'")
        started: list[Worker] = []

        async def start() -> None:
            started.append(await Worker.start())

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._slots):
                    group.create_task(start())
        except BaseException as failure:
            for worker in started:
                worker.kill()
            if isinstance(failure, BaseExceptionGroup):
                raise failure.exceptions[0] from None
            raise
        self._seats = [Seat(worker) for worker in started]
        self._free = list(self._seats)

    async def unload(self) -> None:
        seats, self._seats, self._free = self._seats, [], []
        async with asyncio.TaskGroup() as group:
            for seat in seats:
                group.create_task(seat.present_worker().stop())

    def open(self, options: ListenOptions) -> SttStream:
        if not is_known(options.language, LANGUAGES):
            raise Unsupported(
                f"pocketsphinx understands {', '.join(LANGUAGES)}, not {options.language!r}; "
                "typed text goes on working in any language"
            )
        if not self._seats:
            raise NotReady("pocketsphinx is not loaded")
        if not self._free:
            raise NoSlot(f"all {self._slots} places of the recogniser are taken; try again soon")
        return PocketsphinxStream(self, self._free.pop())

    def give_back(self, seat: Seat) -> None:
        """For a stream that closes. A seat of before an unload is forgotten."""
        if seat in self._seats:
            self._free.append(seat)
