"""Kyutai's speech to text, many streams in one batch: delayed streams, words as they are said.

The gate decides what is an utterance; each begins in a slot that has forgotten the one before. At its end the
model's delay is run out faster than real time, so the final does not wait for it.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from chassis.faults import InternalFault, NoSlot, NotReady, Unsupported
from chassis.languages import is_known
from chassis.logs import get_logger
from engine_room.engines import EngineInfo
from engine_room.slot_engine import Post, SlotEngine
from protos.sound import HEARD_RATE
from stt_service.engine import PAUSES, ListenOptions, SttStream
from stt_service.engines.moshi_frames import FRAME_S
from stt_service.engines.moshi_options import MoshiOptions
from stt_service.engines.moshi_slots import Answer, BatchModel, Loaded, Slot, SlotBoard
from stt_service.engines.moshi_stream import MoshiStream
from stt_service.kyutai_names import LANGUAGES, SMALL

log = get_logger(__name__)


class MoshiEngine(SlotEngine[Loaded]):
    """More streams may be open than there are slots: each takes one while it has an utterance, in turn."""

    engine = "moshi"
    service = "stt"

    def __init__(self, options: MoshiOptions) -> None:
        super().__init__(options.model, options.slots, options.device, options.dtype)
        self._options = options
        self._most_streams = options.slots * options.streams_per_slot
        self._board: SlotBoard | None = None
        self._free: list[Slot] = []
        self._open: set[MoshiStream] = set()
        self._taken: dict[int, MoshiStream] = {}
        """By slot."""
        self._waiting: deque[MoshiStream] = deque()
        self._loaded: Loaded | None = None

    @property
    def info(self) -> EngineInfo:
        tells_pauses = self._loaded is not None and self._loaded.model.has_pauses
        return EngineInfo(
            name="moshi",
            model=self._name,
            slots=self._most_streams,
            languages=LANGUAGES.get(self._name, ("any",)),
            sample_rate=HEARD_RATE,
            device=self._on or self._device,
            abilities=(PAUSES,) if tells_pauses else (),
        )

    def _read(self) -> Loaded:
        from stt_service.engines.moshi_model import load

        return self.check(load(self._options, self._share))

    def check(self, loaded: Loaded) -> Loaded:
        """Raises NotReady where pauses were asked for and the model predicts none."""
        if loaded.model.has_pauses:
            return loaded
        if self._options.needs_pauses:
            raise NotReady(
                f"STT_END_OF_TURN=semantic needs a model that predicts pauses, and {self._name!r} does not: "
                f"say STT_END_OF_TURN=silence, or ASR_MODEL_NAME={SMALL}"
            )
        log.warning("no pause ends a turn before the silence does: the model predicts none", model=self._name)
        return loaded

    def _take_up(
        self, read: Loaded, post: Callable[[Post], Post]
    ) -> tuple[BatchModel, Callable[[], float | None]]:
        if self._options.delay_ms:
            delay_frames = round(self._options.delay_ms / 1000 / FRAME_S)
            read = replace(read, manner=replace(read.manner, delay_frames=delay_frames))
        self._loaded = read
        self._board = SlotBoard(
            self._slots,
            read.model,
            post(self._deliver),
            self._options.tick_ms / 1000,
            read.manner.lead_frames,
        )
        self._free = list(self._board.slots)
        return read.model, self._board.step

    def _forget(self) -> None:
        self._board, self._free, self._loaded = None, [], None
        self._open, self._taken = set(), {}
        self._waiting.clear()

    def open(self, options: ListenOptions) -> SttStream:
        languages = self.info.languages
        if not is_known(options.language, languages):
            raise Unsupported(f"{self._name} understands {', '.join(languages)}, not {options.language!r}")
        if self._loaded is None or not self.healthy:
            raise NotReady("the moshi engine is not loaded")
        if len(self._open) >= self._most_streams:
            raise NoSlot(f"all {self._most_streams} places of the recogniser are taken; try again soon")
        stream = MoshiStream(self, self._loaded.manner)
        self._open.add(stream)
        return stream

    def wake(self) -> None:
        """A slot has frames."""
        if self._thread is None:
            raise InternalFault("the recogniser was unloaded under an open stream")
        self._thread.wake()

    def ask(self, stream: MoshiStream) -> None:
        if self._free:
            self._hand(self._free.pop(), stream)
        else:
            self._waiting.append(stream)

    def give_back(self, stream: MoshiStream, slot: Slot | None) -> None:
        """A slot of before an unload is forgotten."""
        if slot is None:
            if stream in self._waiting:
                self._waiting.remove(stream)
        elif self._board is not None and self._board.slots[slot.number] is slot:
            slot.begin()
            del self._taken[slot.number]
            if self._waiting:
                self._hand(slot, self._waiting.popleft())
            else:
                self._free.append(slot)

    def leave(self, stream: MoshiStream) -> None:
        self._open.discard(stream)

    def _hand(self, slot: Slot, stream: MoshiStream) -> None:
        self._taken[slot.number] = stream
        stream.enter(slot)

    def _deliver(self, answers: list[Answer]) -> None:
        for slot, utterance, token, pause in answers:
            if stream := self._taken.get(slot.number):
                stream.take(utterance, token, pause)

    def _fail(self) -> None:
        for stream in list(self._open):
            stream.fail()
