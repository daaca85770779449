"""What an engine heard, as it is told: words that are safe to show, counted in the lane's samples."""

from protos.parley.v1 import stt_pb2 as pb
from stt_service.engine import Hypothesis
from stt_service.gate.outputs import Started

MAX_TEXT = 4000


def heard_words(heard: Hypothesis, utterance: Started) -> list[pb.HeardWord]:
    """The words, counted in the lane's samples."""
    return [
        pb.HeardWord(text=clean(word.text), sample=utterance.audio_sample + word.sample)
        for word in heard.words
    ]


def clean(text: str) -> str:
    """Text that is safe to show: printable, single-spaced, bounded. Engines do write rubbish."""
    if len(text) <= MAX_TEXT and text.isprintable():
        return " ".join(text.split())  # as good as always
    printable = "".join(c if c.isprintable() else " " for c in text[: MAX_TEXT * 2])
    return " ".join(printable.split())[:MAX_TEXT]
