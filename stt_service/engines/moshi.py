"""Kyutai's speech to text, many streams in one batch: delayed streams, words as they are said.

The gate decides what is an utterance; each begins in a slot that has forgotten the one before. At its end the
model's delay is run out faster than real time, so the final does not wait for it.
"""

from collections.abc import Callable
from dataclasses import replace

from chassis.faults import InternalFault, NoSlot, NotReady, Unsupported
from chassis.languages import is_known
from engine_room.engines import EngineInfo
from engine_room.slot_engine import Post, SlotEngine
from protos.sound import HEARD_RATE
from stt_service.engine import ListenOptions, SttStream
from stt_service.engines.moshi_frames import FRAME_S
from stt_service.engines.moshi_slots import BatchModel, Heard, Loaded, Slot, SlotBoard
from stt_service.engines.moshi_stream import MoshiStream

LANGUAGES = {"kyutai/stt-2.6b-en": ("en",), "kyutai/stt-1b-en_fr": ("en", "fr")}


class MoshiEngine(SlotEngine[Loaded]):
    """`delay_ms` is how late words are written; 0: as the checkpoint says."""

    engine = "moshi"
    service = "stt"

    def __init__(
        self,
        name: str,
        slots: int,
        device: str = "",
        dtype: str = "auto",
        tick_ms: float = 80,
        delay_ms: int = 0,
    ) -> None:
        super().__init__(name, slots, device, dtype)
        self._tick_s = tick_ms / 1000
        self._delay_frames = round(delay_ms / 1000 / FRAME_S)
        self._board: SlotBoard | None = None
        self._free: list[Slot] = []
        self._streams: dict[int, MoshiStream] = {}
        self._loaded: Loaded | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="moshi",
            model=self._name,
            slots=self._slots,
            languages=LANGUAGES.get(self._name, ("any",)),
            sample_rate=HEARD_RATE,
            device=self._on or self._device,
        )

    def _read(self) -> Loaded:
        from stt_service.engines.moshi_model import load

        return load(self._name, self._slots, self._device, self._dtype, share=self._share)

    def _take_up(
        self, read: Loaded, post: Callable[[Post], Post]
    ) -> tuple[BatchModel, Callable[[], float | None]]:
        if self._delay_frames:
            read = replace(read, manner=replace(read.manner, delay_frames=self._delay_frames))
        self._loaded = read
        self._board = SlotBoard(self._slots, read.model, post(self._deliver), self._tick_s)
        self._free = list(self._board.slots)
        return read.model, self._board.step

    def _forget(self) -> None:
        self._board, self._free, self._streams, self._loaded = None, [], {}, None

    def open(self, options: ListenOptions) -> SttStream:
        languages = self.info.languages
        if not is_known(options.language, languages):
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
