"""An engine whose audio says which turn it belongs to, for tests and load only. It must never serve a person.

Words of the text script it: `say:3s` speaks exactly 3 s, `hang` waits for ever, `fail` fails, `fail_after:N`
and `stall_after:N` do so once N pieces were made, `rubbish:odd` makes half a sample, `rubbish:endless` never
ends.
"""

import asyncio
import re
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Literal

from chassis.faults import InternalFault, NoSlot, NotReady
from engine_room.engines import EngineInfo
from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Voice, Word

PIECE_SAMPLES = SPOKEN_RATE * 40 // 1000
FIRST_MARK, MARKS = 1000, 20_000
_DIRECTIVE = re.compile(
    r"(?P<name>say|fail_after|stall_after|rubbish|hang|fail)(?::(?P<value>odd|endless|\d+(?:\.\d+)?)s?)?[.,!?]?"
)


def mark(turn: int) -> int:
    """The value of every sample of a turn."""
    return FIRST_MARK + turn % MARKS


def turn_of(sample: int) -> int | None:
    """The turn (modulo 20,000) that a sample belongs to; None for a sample that no turn made."""
    return sample - FIRST_MARK if FIRST_MARK <= sample < FIRST_MARK + MARKS else None


class FakeEngine:
    """`running` counts replies under way."""

    def __init__(
        self,
        first_audio_s: float = 0.1,
        s_per_char: float = 0.06,
        slots: int = 256,
        gathers: Literal["word", "clause"] = "word",
    ) -> None:
        self.first_audio_s, self.s_per_char = first_audio_s, s_per_char
        self.gathers: Literal["word", "clause"] = gathers
        self.running = 0
        self._slots = slots
        self._loaded = False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="fake", model="fake", slots=self._slots, voices=("default",), sample_rate=SPOKEN_RATE
        )

    async def load(self) -> None:
        self._loaded = True

    async def unload(self) -> None:
        self._loaded = False

    def check(self, voice: Voice) -> None:
        """Any voice will do."""

    async def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        if not self._loaded:
            raise NotReady("the fake engine is not loaded")
        if self.running >= self._slots:
            raise NoSlot(f"all {self._slots} places of the fake engine are taken; try again soon")
        self.running += 1
        try:
            reply = FakeReply(mark(voice.turn), self.s_per_char)
            is_first = True
            async for piece in pieces:
                if is_first:
                    is_first = False
                    await asyncio.sleep(self.first_audio_s)
                async for speech in reply.follow(piece):
                    yield speech
        finally:
            self.running -= 1


class FakeReply:
    """One reply's position: how many pieces and samples were made so far."""

    def __init__(self, sample: int, s_per_char: float) -> None:
        self._sample, self._s_per_char = sample, s_per_char
        self._pieces = self._samples = 0

    async def follow(self, piece: str) -> AsyncGenerator[Speech, None]:
        """Speak a piece of text, or do what a word of it orders."""
        said: list[str] = []
        for token in piece.split():
            if directive := _DIRECTIVE.fullmatch(token):
                for speech in self._say(said):
                    yield speech
                said = []
                async for speech in self._obey(directive["name"], directive["value"] or "0"):
                    yield speech
            else:
                said.append(token)
        for speech in self._say(said):
            yield speech

    async def _obey(self, name: str, value: str) -> AsyncGenerator[Speech, None]:
        if name == "say":
            for speech in self._make(round(float(value) * SPOKEN_RATE), [f"say:{value}s"]):
                yield speech
        elif value == "odd":
            yield Speech(self._pcm(PIECE_SAMPLES) + b"\0")
        elif value == "endless":
            while True:
                for speech in self._make(PIECE_SAMPLES, []):
                    yield speech
                await asyncio.sleep(0)
        else:
            for speech in self._make(max(0, int(float(value)) - self._pieces) * PIECE_SAMPLES, []):
                yield speech
            if name.startswith("fail"):
                raise InternalFault("the fake engine was told to fail")
            await asyncio.Event().wait()

    def _say(self, words: list[str]) -> Iterator[Speech]:
        return self._make(round(len(" ".join(words)) * self._s_per_char * SPOKEN_RATE), words)

    def _make(self, samples: int, words: list[str]) -> Iterator[Speech]:
        """So many samples, with the words spread evenly over them."""
        begin, end = self._samples, self._samples + samples
        waiting = [Word(word, begin + samples * index // len(words)) for index, word in enumerate(words)]
        while self._samples < end:
            count = min(PIECE_SAMPLES, end - self._samples)
            self._samples += count
            self._pieces += 1
            begun = tuple(word for word in waiting if word.start_sample < self._samples)
            del waiting[: len(begun)]
            yield Speech(self._pcm(count), begun)

    def _pcm(self, samples: int) -> bytes:
        return array("h", [self._sample]).tobytes() * samples
