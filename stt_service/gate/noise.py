"""Which transcripts are only noise: what engines write when somebody breathes, coughs or types.

Pure rules over a finished utterance. It must never drop what is long or loud enough to have been meant,
except the few words that engines are known to invent.
"""

import re
from dataclasses import dataclass
from math import isfinite

LOW_INFORMATION_WORDS = frozenset({"you", "yeah", "uh", "um", "hmm", "mm", "oh", "ah", "huh", "hm"})
FEW_WORDS = 3
UNSURE_UP_TO_S = 0.75
"""Of so short a sound recognisers make out words that nobody said: "and chorus" of "of course"."""
LEAST_CONFIDENCE = -0.35
"""The mean log probability below which such words are as often wrong as right."""
QUIET_FACTOR = 2.0
"""What the level gate let through and is still below twice its threshold counts as quiet here."""


@dataclass(frozen=True, slots=True)
class NoiseSettings:
    """`rms_threshold` (of full scale) is the level gate's; rules hold up to `max_duration_s` of speech."""

    enabled: bool = True
    min_duration_s: float = 0.1
    max_duration_s: float = 2.0
    rms_threshold: float = 0.006
    drop_false_positives: bool = True
    false_positives: tuple[str, ...] = ("you",)


class NoiseFilter:
    """Decides after speech-to-text, from the words and from how long and how loud the utterance was."""

    def __init__(self, settings: NoiseSettings) -> None:
        self._settings = settings

    def why_dropped(self, text: str, duration_s: float, rms: float) -> str:
        """A machine word for the reason, or "" to keep the text.

        Args: the final text, the seconds from speech started to speech stopped, their RMS of full scale.
        """
        settings = self._settings
        if not settings.enabled:
            return ""
        if not (isfinite(duration_s) and isfinite(rms)):
            return "not_a_number"
        if duration_s < settings.min_duration_s:
            return "too_short"
        return self._why_short_text_dropped(text, rms) if duration_s <= settings.max_duration_s else ""

    def is_unsure(self, confidence: float | None, duration_s: float) -> bool:
        """Whether something was said, but perhaps something else; `confidence`: as a Hypothesis has it."""
        doubtful = confidence is not None and confidence < LEAST_CONFIDENCE
        return self._settings.enabled and doubtful and duration_s <= UNSURE_UP_TO_S

    def _why_short_text_dropped(self, text: str, rms: float) -> str:
        settings = self._settings
        words = re.findall(r"[\w']+", text.lower())
        if settings.drop_false_positives and " ".join(words) in settings.false_positives:
            return "false_positive"
        if rms < QUIET_FACTOR * settings.rms_threshold and _is_low_information(words):
            return "low_information"
        return ""


def _is_low_information(words: list[str]) -> bool:
    """Nothing, one filler word, or two or three times the same word."""
    if len(words) <= 1:
        return not words or words[0] in LOW_INFORMATION_WORDS
    return len(words) <= FEW_WORDS and len(set(words)) == 1
