"""Kyutai's text to speech, many replies in one batch: words go in while the model writes, sound comes out.

The first sound comes some twenty steps after the third word, long before the last word is known.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Literal

import numpy as np

from chassis.faults import InternalFault, NoSlot, NotReady, Unavailable, Unsupported
from chassis.languages import is_known
from chassis.tasks import task_group
from engine_room.engines import EngineInfo
from engine_room.slot_engine import Post, SlotEngine
from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Voice, Word, check_ranges
from tts_service.engines.moshi_slots import BatchModel, Manner, Slot, SlotBoard, Spoken
from tts_service.engines.moshi_voices import Voices

LANGUAGES = {"kyutai/tts-1.6b-en_fr": ("en", "fr")}
FAILED = "the voice failed; this reply is lost, the next may be well"


class MoshiEngine(SlotEngine[tuple[BatchModel, Voices]]):
    """`codebooks` 0: as many as is usual (fewer are quicker and rougher). `voice`: the operator's, or ""."""

    engine = "moshi"
    service = "tts"
    gathers: Literal["word", "clause"] = "word"

    def __init__(
        self,
        name: str,
        slots: int,
        device: str = "",
        dtype: str = "auto",
        codebooks: int = 0,
        voice: str = "",
    ) -> None:
        super().__init__(name, slots, device, dtype)
        self._codebooks, self._voice = codebooks, voice
        self._board: SlotBoard | None = None
        self._voices: Voices | None = None
        self._free: list[Slot] = []
        self._heard: dict[int, asyncio.Queue[Spoken | None]] = {}
        self._replies = 0

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="moshi",
            model=self._name,
            slots=self._slots,
            languages=LANGUAGES.get(self._name, ("any",)),
            voices=("default", *self._voices.names) if self._voices else (),
            sample_rate=SPOKEN_RATE,
            device=self._on or self._device,
        )

    def _read(self) -> tuple[BatchModel, Voices]:
        from tts_service.engines.moshi_model import load

        return load(
            self._name, self._slots, self._device, self._dtype, self._codebooks, self._share, self._voice
        )

    def _take_up(
        self, read: tuple[BatchModel, Voices], post: Callable[[Post], Post]
    ) -> tuple[BatchModel, Callable[[], float | None]]:
        model, self._voices = read
        self._board = SlotBoard(self._slots, model, post(self._deliver))
        self._free = list(self._board.slots)
        return model, self._board.step

    def _forget(self) -> None:
        self._board, self._voices, self._free, self._heard = None, None, [], {}

    def check(self, voice: Voice) -> None:
        languages = self.info.languages
        if not is_known(voice.language, languages):
            raise Unsupported(f"{self._name} speaks {', '.join(languages)}, not {voice.language[:40]!r}")
        if self._voices is not None:
            self._voices.choose(voice.name)
        check_ranges(voice)

    async def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        self.check(voice)
        if not self.healthy or self._voices is None:
            raise NotReady("the moshi engine is not loaded")
        manner = Manner(self._voices.choose(voice.name), voice.speed)
        if not self._free:
            raise NoSlot(f"all {self._slots} places of the voice are taken; try again soon")
        slot, board = self._free.pop(), self._board
        try:
            async with task_group() as group:
                heard = self._begin(slot, manner)
                feeder = group.create_task(self._feed(slot, pieces))
                async for speech in self._hear(slot, heard, voice.volume):
                    yield speech
                feeder.cancel()
        finally:
            slot.reply = 0
            self._heard.pop(slot.number, None)
            if self._board is board:
                self._free.append(slot)

    async def _hear(
        self, slot: Slot, heard: "asyncio.Queue[Spoken | None]", volume: float
    ) -> AsyncIterator[Speech]:
        samples = 0
        while (spoken := await heard.get()) is not None:
            if spoken.pcm:
                slot.taken += 1
                self._wake()
                yield _speech(spoken, samples, volume)
                samples += len(spoken.pcm) // 2
            if spoken.failed:
                raise InternalFault(f"this reply cannot be spoken ({spoken.failed}); try another voice")
            if spoken.ended:
                return
        raise Unavailable(FAILED)

    def _begin(self, slot: Slot, manner: Manner) -> "asyncio.Queue[Spoken | None]":
        self._replies += 1
        heard: asyncio.Queue[Spoken | None] = asyncio.Queue()  # the board stops at MOST_WAITING
        self._heard[slot.number] = heard
        slot.words = deque()
        slot.taken = slot.made
        slot.manner = manner
        slot.reply = self._replies  # last: from here on the thread may take it
        return heard

    async def _feed(self, slot: Slot, pieces: AsyncIterator[str]) -> None:
        silent = True
        async for word in pieces:
            slot.words.append(word)
            silent = False
            self._wake()
        if silent:
            self._heard[slot.number].put_nowait(Spoken(ended=True))
        else:
            slot.words.append(None)
            self._wake()

    def _wake(self) -> None:
        if self._thread is not None:
            self._thread.wake()

    def _deliver(self, made: list[tuple[Slot, int, Spoken]]) -> None:
        for slot, reply, spoken in made:
            if slot.reply == reply and (heard := self._heard.get(slot.number)):
                heard.put_nowait(spoken)

    def _fail(self) -> None:
        for heard in self._heard.values():
            heard.put_nowait(None)


def _speech(spoken: Spoken, samples: int, volume: float) -> Speech:
    words = tuple(Word(text, samples) for text in spoken.words)
    return Speech(_louder(spoken.pcm, volume), words)


def _louder(pcm: bytes, volume: float) -> bytes:
    if volume == 1.0:
        return pcm
    scaled = np.rint(np.frombuffer(pcm, "<i2") * volume)
    return np.clip(scaled, -32768, 32767).astype("<i2").tobytes()
