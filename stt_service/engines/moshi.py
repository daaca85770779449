"""Kyutai's speech to text, many streams in one batch: delayed streams, words as they are said.

The gate decides what is an utterance; each begins in a slot that has forgotten the one before. At its end the
model's delay is run out faster than real time, so the final does not wait for it.
"""

import asyncio
from dataclasses import replace

from chassis.engines import EngineInfo
from chassis.faults import InternalFault, NoSlot, NotReady, Unsupported
from chassis.freed_memory import give_back_gpu
from chassis.gpu_slice import GB, Amount, GpuNeed, Grant
from chassis.logs import get_logger
from chassis.slot_thread import SlotThread
from chassis.threads import run_beside
from stt_service.engine import SAMPLE_RATE, ListenOptions, SttStream
from stt_service.engines.moshi_frames import FRAME_S
from stt_service.engines.moshi_slots import Heard, Loaded, Slot, SlotBoard
from stt_service.engines.moshi_stream import MoshiStream

log = get_logger(__name__)
LANGUAGES = {"kyutai/stt-2.6b-en": ("en",), "kyutai/stt-1b-en_fr": ("en", "fr")}
SLICE = Amount(bytes=8 * GB)
ANY = ("auto", "")


class MoshiEngine:
    """`name` is a folder or a repository; `device` empty: the best there is.

    `delay_ms` is how late words are written; 0: as the checkpoint says.
    """

    def __init__(
        self,
        name: str,
        slots: int,
        device: str = "",
        dtype: str = "auto",
        tick_ms: float = 80,
        delay_ms: int = 0,
    ) -> None:
        self._name, self._slots = name, slots
        self._device, self._dtype, self._tick_s = device, dtype, tick_ms / 1000
        self._delay_frames = round(delay_ms / 1000 / FRAME_S)
        self._board: SlotBoard | None = None
        self._thread: SlotThread | None = None
        self._free: list[Slot] = []
        self._streams: dict[int, MoshiStream] = {}
        self._loaded: Loaded | None = None
        self._share = 1.0
        self._on = ""
        self.progress = ""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="moshi",
            model=self._name,
            slots=self._slots,
            languages=LANGUAGES.get(self._name, ("any",)),
            sample_rate=SAMPLE_RATE,
            device=self._on or self._device,
        )

    @property
    def healthy(self) -> bool:
        return self._thread is not None and self._thread.alive

    @property
    def gpu_need(self) -> GpuNeed | None:
        return None if self._device == "cpu" else GpuNeed(SLICE)

    def keep_to(self, grant: Grant) -> None:
        self._share = grant.allocator_share

    async def load(self) -> None:
        """Raises NotReady with the reason in one line."""
        await self.unload()
        self.progress = "reading the weights"
        loop = asyncio.get_running_loop()
        try:
            loaded = await run_beside(self._read, lambda _: None, "moshi-load")
        except NotReady:
            raise
        except Exception as error:
            raise _cannot(self._name, error) from error
        self._on = loaded.model.device
        if self._delay_frames:
            manner = replace(loaded.manner, delay_frames=self._delay_frames)
            loaded = replace(loaded, manner=manner)
        self._loaded = loaded

        def deliver(answers: list[tuple[Slot, int, Heard]]) -> None:
            loop.call_soon_threadsafe(self._deliver, answers)

        def fail(failure: BaseException) -> None:  # noqa: ARG001  # the thread has logged it
            loop.call_soon_threadsafe(self._fail)

        self._board = SlotBoard(self._slots, loaded.model, deliver, self._tick_s)
        self._thread = SlotThread("moshi-stt", self._board.step, fail)
        self._free = list(self._board.slots)
        self._thread.start()
        self.progress = "warming up"
        try:
            await asyncio.wrap_future(self._thread.ask(loaded.model.warm))
        except BaseException as error:
            await self.unload()
            if isinstance(error, Exception):
                raise _cannot(self._name, error) from error
            raise

    def _read(self) -> Loaded:
        from stt_service.engines.moshi_model import load

        return load(self._name, self._slots, self._device, self._dtype, share=self._share)

    async def unload(self) -> None:
        thread, self._thread = self._thread, None
        self._fail()
        self._board, self._free, self._streams = None, [], {}
        self._loaded = None
        if thread is not None:
            await asyncio.to_thread(thread.stop)
            await asyncio.to_thread(give_back_gpu)

    def open(self, options: ListenOptions) -> SttStream:
        languages = self.info.languages
        if "any" not in languages and _code(options.language) not in (*languages, *ANY):
            raise Unsupported(f"{self._name} understands {', '.join(languages)}, not {options.language!r}")
        if self._loaded is None or not self.healthy:
            raise NotReady("the moshi engine is not loaded")
        if not self._free:
            raise NoSlot(f"all {self._slots} places of the recogniser are taken; try again soon")
        slot = self._free.pop()
        stream = MoshiStream(self, self._loaded.manner, slot)
        self._streams[slot.number] = stream
        return stream

    def wake(self) -> None:
        """A slot has frames."""
        if self._thread is None:
            raise InternalFault("the recogniser was unloaded under an open stream")
        self._thread.wake()

    def give_back(self, slot: Slot) -> None:
        """For a stream that closes. A slot of before an unload is forgotten."""
        if self._board is not None and self._board.slots[slot.number] is slot:
            self._streams.pop(slot.number, None)
            self._free.append(slot)

    def _deliver(self, answers: list[tuple[Slot, int, Heard]]) -> None:
        for slot, utterance, heard in answers:
            if stream := self._streams.get(slot.number):
                stream.take(utterance, heard)

    def _fail(self) -> None:
        for stream in self._streams.values():
            stream.fail()


def _code(language: str) -> str:
    """en-US and EN are en."""
    return language.lower().replace("_", "-").partition("-")[0]


def _cannot(name: str, error: Exception) -> NotReady:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return NotReady(f"moshi cannot load {name!r}: {reason}")
