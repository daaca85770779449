"""One answer of an agent: what was written, spoken and played so far, and what is still awaited."""

import re
from dataclasses import dataclass, field

from gateway.conversation.events import Failure, ReplyEvent, ReplyTextArrived, ReplyTextFinished, Word
from gateway.conversation.items import ChatMessage
from gateway.conversation.limits import Limits
from protos.sound import SPOKEN_RATE

SPEAKABLE = re.compile(r"\W*\w[^.!?…。！？\n]*[.!?…。！？\n]")
"""Once words end with one of these there is something to speak, however the voice gathers its text."""
WORD = re.compile(r"\w")
CLOSING_S = 1.0
BEFORE_S, AFTER_S = 2, 1
"""An echo comes late, and recognisers take its beginning from before it was noticed."""
FENCE = "```"
"""Code stands between two of them, and is never spoken."""


@dataclass(slots=True)
class Draft:
    """What is written of a reply that nobody has asked for yet. `id`: the reply's, if it becomes one.

    `agent`: its name and variant. `messages`: what it was asked behind their prompt.
    """

    id: int
    agent: tuple[str, str]
    messages: tuple[ChatMessage, ...]
    text: str = ""
    done: bool = False

    @property
    def question(self) -> str:
        return self.messages[-1].content

    def events(self, at: float) -> list[ReplyEvent]:
        """What came of it until now, as if it came now."""
        written = [ReplyTextArrived(at, self.id, self.text)] if self.text else []
        return [*written, *([ReplyTextFinished(at, self.id)] if self.done else [])]


@dataclass(slots=True)
class Reply:
    """`id` is its own for all of the conversation. `user_text`: what the user said in its turn; the question
    may be older.
    """

    id: int
    turn: int
    agent: str
    user_text: str
    asked_at: float
    question: int = 0
    """The item that it answers, where its turn has one."""
    text: str = ""
    text_done: bool = False
    speech_done: bool = False
    mute: bool = False
    """No audio will come: the reply can only be read."""
    asked_again: bool = False
    spoken_again: bool = False
    first_failure: tuple[Failure, str] | None = None
    """Why the language model was asked again, and in which words."""
    audio_samples: int = 0
    played_samples: int = 0
    words: list[Word] = field(default_factory=list)
    written_at: float = 0.0
    audible_until: float = 0.0
    """When the sound that has arrived will have been played."""
    owed_since: float | None = None
    """Since when there is text to speak of which no sound has come. None: there is none that we know of."""
    interrupted: bool = False
    item: int = 0
    """In the history, once it was stopped; 0: none."""
    has_unspoken: bool = False
    """Words, not code, were written since sound came last."""
    backchannels: list[str] = field(default_factory=list)
    """What the user said over it, to say that they listen."""

    def note_text(self, at: float, text: str) -> None:
        self.text += text
        self.written_at = at
        if self.text.count(FENCE) % 2:
            self.has_unspoken = False
        elif self.owed_since is None:
            new = ("w" if self.has_unspoken else "") + text.rpartition(FENCE)[2]
            self.has_unspoken = WORD.search(new) is not None
            if SPEAKABLE.match(new):
                self.owed_since = at

    def note_text_done(self, at: float, limits: Limits) -> None:
        self.text_done = True
        if self.owed_since is None:
            self.owed_since = at
        if limits.text_first:
            self.audible_until = at + self.remaining_s

    def note_audio(self, at: float, samples: int, words: tuple[Word, ...]) -> None:
        self.audio_samples += samples
        self.words.extend(words)
        self.owed_since = at if self.text_done else None
        self.has_unspoken = False
        self.audible_until = at + self.remaining_s

    def note_played(self, at: float, samples: int) -> bool:
        """False: no progress. A client that reports the same for ever is not playing."""
        played = min(samples, self.audio_samples)
        if played <= self.played_samples:
            return False
        self.played_samples = played
        self.audible_until = at + self.remaining_s
        return True

    def note_last_word(self, samples: int) -> None:
        """It was stopped, and the client says what it really played, be it less than was thought."""
        self.played_samples = min(max(samples, 0), self.audio_samples)

    def note_played_out(self, at: float) -> None:
        """All sound that has arrived was heard."""
        self.played_samples = self.audio_samples
        self.audible_until = min(self.audible_until, at)

    def has_left_text(self, attempt: int) -> bool:
        """Another replica was asked in the place of this one, which is of no matter any more."""
        return 0 < attempt <= int(self.asked_again) and not self.text

    def has_left_voice(self, attempt: int) -> bool:
        return 0 < attempt <= int(self.spoken_again) and not self.audio_samples

    def asks_again(self, at: float, failure: Failure, limits: Limits) -> bool:
        """Whether another replica may write it: once, while nothing of it has come and time is left."""
        begun = bool(self.text) or self.asked_again
        return failure is not Failure.FINAL and not begun and at < self.latest(limits)

    def speaks_again(self, at: float, failure: Failure, limits: Limits) -> bool:
        """The same for the voice."""
        begun = bool(self.audio_samples) or self.spoken_again
        return failure is not Failure.FINAL and not begun and at < self.latest(limits)

    def latest(self, limits: Limits) -> float:
        """By when something of it must be heard."""
        return self.asked_at + limits.whole_wait_s

    def holds_sound(self, limits: Limits) -> bool:
        """There is some, and the text that must come first is not whole: only that is awaited."""
        return limits.text_first and bool(self.audio_samples) and not self.text_done

    @property
    def is_closing(self) -> bool:
        """It has said all but its last second."""
        return self.speech_done and self.remaining_s < CLOSING_S

    def spoken_from(self, samples: int) -> str:
        """What its voice has said since a little before it had played so many samples, and says next."""
        begin, end = samples - BEFORE_S * SPOKEN_RATE, self.played_samples + AFTER_S * SPOKEN_RATE
        if self.words:
            return " ".join(word.text for word in self.words if begin <= word.start_sample <= end)
        per_sample = len(self.text) / max(self.audio_samples, 1)
        return self.text[max(int(begin * per_sample), 0) : int(end * per_sample)]

    @property
    def awaits_voice(self) -> bool:
        """Sound, or its playback, is what is awaited; else it is text."""
        return self.speech_done or self.owed_since is not None

    def due(self, at: float, limits: Limits, is_heard: bool) -> float:
        """When to give up what is awaited next.

        While nothing is heard yet: the first audio soon after the latest text, all within one bound. A reply
        that can only be read is awaited as long as it is written.
        """
        if self.holds_sound(limits):
            return max(self.written_at + limits.text_stall_s, at)
        if not is_heard:
            soon = at + limits.first_audio_s
            return at + limits.text_stall_s if self.mute else max(min(soon, self.latest(limits)), at)
        if self.awaits_voice:
            return max(self.audible_until, self.owed_since or 0.0) + limits.stall_s
        return max(self.written_at + limits.text_stall_s, self.audible_until)

    @property
    def remaining_s(self) -> float:
        """Seconds of audio that arrived and have not been played."""
        return max(self.audio_samples - self.played_samples, 0) / SPOKEN_RATE

    @property
    def heard_ms(self) -> int | None:
        """None: it had no sound."""
        return self.played_samples * 1000 // SPOKEN_RATE if self.audio_samples else None

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
