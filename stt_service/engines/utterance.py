"""One utterance that is heard whole: audio that grows, and the beginning of it that is settled.

So that a long utterance costs no more than a short one, what was said well before its end is taken as final
and its audio let go. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from protos.sound import HEARD_RATE

Words = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the audio: what was said in it, where it ends and where its words begin, in samples.

    `tokens`: the same as the model wrote it, for a model that reads a draft quicker than it writes.
    `confidence`: as a Hypothesis has it.
    """

    text: str
    end: int
    words: Words = ()
    tokens: tuple[int, ...] = ()
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Settling:
    """Audio longer than `long_samples` is shortened; words within `open_samples` of its end may change."""

    long_samples: int
    open_samples: int


USUAL = Settling(20 * HEARD_RATE, 8 * HEARD_RATE)
"""For Whisper, which reads 30 s at a time and costs the same for each."""


class Utterance:
    """Samples are 16-bit; positions count from the utterance's first sample."""

    def __init__(self, settling: Settling = USUAL) -> None:
        self._settling = settling
        self._pcm = bytearray()
        self._begin = 0
        self._settled: list[Segment] = []
        self.draft: tuple[Segment, ...] = ()
        """What the open audio was last taken to say, as far as it had come then."""

    @property
    def samples(self) -> int:
        """How long it is so far, what was let go included."""
        return self._begin + self.open_samples

    @property
    def open_samples(self) -> int:
        return len(self._pcm) // 2

    @property
    def is_long(self) -> bool:
        """Whether its beginning should be settled."""
        return self.open_samples >= self._settling.long_samples

    def add(self, pcm: bytes) -> None:
        self._pcm += pcm

    def open_audio(self) -> bytes:
        """What is not settled yet."""
        return bytes(self._pcm)

    def text(self, heard: Sequence[Segment]) -> str:
        """Everything that was said, `heard` being what the open audio says."""
        return " ".join(segment.text for segment in (*self._settled, *heard) if segment.text)

    def confidence(self, heard: Sequence[Segment]) -> float | None:
        """Of what it is least sure of."""
        known = [
            segment.confidence
            for segment in (*self._settled, *heard)
            if segment.text and segment.confidence is not None
        ]
        return min(known, default=None)

    def words(self, heard: Sequence[Segment]) -> Words:
        """The words in order, as far as their times are known."""
        moved = [self._move(segment) for segment in heard]
        latest, found = 0, []
        for segment in (*self._settled, *moved):
            for text, sample in segment.words:
                latest = max(latest, sample)
                found.append((text, latest))
        return tuple(found)

    def take(self, heard: Sequence[Segment], samples: int) -> None:
        """This was heard of so many samples of the open audio: the next draft. Were they long, what was said
        well before their end is settled.
        """
        begun = settled = 0
        if samples >= self._settling.long_samples:
            last = samples - self._settling.open_samples
            for segment in heard:
                if not begun < segment.end <= last:
                    break
                self._settled.append(self._move(segment))
                begun, settled = segment.end, settled + 1
        self.draft = tuple(replace(segment, end=segment.end - begun) for segment in heard[settled:])
        del self._pcm[: 2 * begun]
        self._begin += begun

    def _move(self, segment: Segment) -> Segment:
        """From positions in the open audio to the utterance's."""
        words = tuple((text, self._begin + sample) for text, sample in segment.words)
        return replace(segment, end=self._begin + segment.end, words=words)
