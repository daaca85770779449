"""What the user has said so far in this turn, or over a reply: one utterance, or several."""

from dataclasses import dataclass, field

BEFORE = 0
"""No utterance has this number."""


@dataclass(slots=True)
class Hearing:
    """Utterances are numbered by the gate; the finals of all that were started are awaited.

    `flushed`: the final was asked for. `open`: those without a final. `doubted`: what a reply said meanwhile,
    where it is not proven that these words were meant to interrupt it. `guessed`: those of whose words the
    recogniser is unsure.
    """

    flushed: bool = False
    texts: dict[int, str] = field(default_factory=dict)
    sounding: set[int] = field(default_factory=set)
    open: set[int] = field(default_factory=set)
    doubted: str | None = None
    guessed: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        return " ".join(text for _, text in sorted(self.texts.items()) if text)

    @property
    def before(self) -> str:
        """What was told as final, and was not all."""
        return self.texts.get(BEFORE, "")

    def go_on_from(self, text: str) -> None:
        """So much was said before the first utterance."""
        self.texts[BEFORE] = text

    @property
    def speaking(self) -> bool:
        return bool(self.sounding)

    @property
    def is_guess(self) -> bool:
        """Whatever was understood may be wrong."""
        return self.guessed.issuperset(utterance for utterance, text in self.texts.items() if text)

    def start(self, utterance: int) -> None:
        self.flushed = False
        self.sounding.add(utterance)
        self.open.add(utterance)

    def stop(self, utterance: int) -> bool:
        """False: not one of this turn's."""
        self.sounding.discard(utterance)
        return utterance in self.open

    def change(self, utterance: int, text: str) -> bool:
        if utterance not in self.open:
            return False
        self.texts[utterance] = text.strip()
        return True

    def finish(self, utterance: int, text: str, unsure: bool = False) -> bool:
        if not self.change(utterance, text):
            return False
        if unsure:
            self.guessed.add(utterance)
        self.sounding.discard(utterance)
        self.open.discard(utterance)
        return True

    def lose(self) -> None:
        """No final comes any more."""
        self.sounding.clear()
        self.open.clear()


@dataclass(slots=True)
class Held:
    """What is said over a reply that is held since its sound had been played up to `from_sample`."""

    from_sample: int
    decide_by: float
    hearing: Hearing = field(default_factory=Hearing)
    voiced: bool = False
    """A voice was noticed that may become an utterance."""
    speech_ended: float | None = None
    end_noticed: float | None = None
