"""The runs of a scenario: each a variety of it, spread so that any first few are a fair sample."""

from dataclasses import dataclass

from cli.rehearsal.scenario import Scenario, Text, Voice


@dataclass(frozen=True, slots=True)
class Take:
    """`number` from 0: the seed of its noises too. `loudness` in dB of what is usual."""

    number: int
    voice: Voice
    loudness: float
    words: Text | None

    def __str__(self) -> str:
        said = " … ".join(part for part in self.parts if isinstance(part, str))
        return f"{self.number + 1}: {self.voice} {self.loudness:+g} dB{f' “{said}”' if said else ''}"

    @property
    def parts(self) -> tuple[object, ...]:
        return (self.words,) if isinstance(self.words, str) else self.words or ()


def takes(scenario: Scenario, most: int | None = None) -> list[Take]:
    """As many as the scenario has runs, or all its variants once; the first `most` of them."""
    variants = scenario.variants
    voices, loudness, words = variants.voices, variants.loudness, variants.words or (None,)
    runs = scenario.runs or len(voices) * len(loudness) * len(words)
    chosen = []
    for number in range(min(runs, most or runs)):
        rest, word = divmod(number, len(words))
        rest, voice = divmod(rest, len(voices))
        # Shifted, so that neither goes through its whole list before another begins to.
        voice = (voice + word) % len(voices)
        loud = (rest + voice + word) % len(loudness)
        chosen.append(Take(number, voices[voice], loudness[loud], words[word]))
    return chosen
