"""The machine's part of a turn: what was written, spoken and played so far."""

from dataclasses import dataclass, field

from gateway.conversation.events import Word

SAMPLE_RATE = 24_000


@dataclass(slots=True)
class Reply:
    turn: int
    user_text: str
    asked_at: float
    text: str = ""
    text_done: bool = False
    speech_done: bool = False
    mute: bool = False
    """No audio will come: the reply can only be read."""
    apologised: bool = False
    audio_samples: int = 0
    played_samples: int = 0
    words: list[Word] = field(default_factory=list)

    @property
    def remaining_s(self) -> float:
        """Seconds of audio that arrived and have not been played."""
        return max(self.audio_samples - self.played_samples, 0) / SAMPLE_RATE

    def heard_text(self) -> str:
        """The reply cut at the last word of which anything was played; all of it when all was."""
        if self.mute and not self.audio_samples:
            return self.text.strip()
        if self.speech_done and self.text_done and self.played_samples >= self.audio_samples:
            return self.text.strip()
        if not self.words:
            return self._cut_by_time()
        heard = [word.text for word in self.words if word.start_sample < self.played_samples]
        return cut_after_words(self.text, heard)

    def _cut_by_time(self) -> str:
        """For an engine without word times: as much of the text as of the audio, to a whole word."""
        if not self.audio_samples:
            return ""
        share = min(self.played_samples / self.audio_samples, 1.0)
        end = int(len(self.text) * share)
        if end < len(self.text) and not self.text[end : end + 1].isspace():
            end = self.text.rfind(" ", 0, end) + 1
        return self.text[:end].strip()


def cut_after_words(text: str, heard: list[str]) -> str:
    """The prefix of `text` that ends with the last of the heard words, found in order.

    What TTS spoke may differ from the text (markdown gone, figures spelled out): a word that is not
    found near where the last one ended is passed over.
    """
    end = 0
    lowered = text.lower()
    for word in heard:
        found = lowered.find(word.lower().strip(), end, end + 80 + len(word))
        if found >= 0 and word.strip():
            end = found + len(word.strip())
    while 0 < end < len(text) and not text[end].isspace():
        end += 1  # the punctuation that belongs to the word
    return text[:end].rstrip()
