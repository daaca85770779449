"""Who speaks for the machine: prompt, voice, language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

AUTO = "auto"
"""The language is found out from what is said."""


@dataclass(frozen=True, slots=True)
class Agent:
    """`variants` by name: what each adds to the prompt that all share. `variant`: the one to begin with.

    `end_of_turn`: what ends its user's turns, by the names of ListenConfig; "": the recogniser's own choice.
    `needs`: abilities that the language model must have to speak for it, by the names in `links/fitness.py`.
    """

    name: str
    prompt: str
    variants: Mapping[str, str] = field(default_factory=dict)
    variant: str = ""
    language: str = "en"
    voice: str = ""
    end_of_turn: str = ""
    needs: frozenset[str] = frozenset({"agents"})

    def system_prompt(self, variant: str) -> str:
        addition = self.variants.get(variant, "")
        return f"{self.prompt}\n\n{addition}" if addition else self.prompt

    def spoken_to_in(self, language: str) -> "Agent":
        """Whoever is heard in another language is understood by it; AUTO: by its own, as nobody knows yet."""
        return self if language in ("", AUTO) else replace(self, language=language)

    def beginning_as(self, variant: str) -> "Agent":
        return replace(self, variant=variant)


TUTOR = Agent(
    name="tutor",
    prompt=(
        "You are Alex, a warm and patient English tutor in a spoken conversation; stay Alex whatever "
        "happens. Answer in two to four short sentences with contractions, as people talk, never in lists "
        "or markdown. When the learner makes a mistake, use the right form naturally in your answer "
        "instead of explaining it. Bring in one or two new words each time. Always encourage, and end with "
        "an open question."
    ),
    variants={
        "beginner": (
            "The learner is a beginner (CEFR A1 to A2). Use five to ten easy words a sentence, mostly in the "
            "present tense, no idioms, and praise often."
        ),
        "intermediate": (
            "The learner is intermediate (CEFR B1 to B2). Speak at a natural length with varied tenses, and "
            "explain an idiom in passing when you use one."
        ),
        "advanced": (
            "The learner is advanced (CEFR C1 to C2). Use idioms and phrasal verbs freely, go into abstract "
            "topics, and care about nuance."
        ),
    },
    variant="intermediate",
    needs=frozenset(),  # the engine of the embedded profile was written for it
)
"""Its variants are the learner's levels."""

AGENTS = (TUTOR,)
"""All that this gateway has. One that keeps a child company needs "children" and "guardrails" besides."""
