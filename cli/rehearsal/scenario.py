"""What a caller does, in which varieties, and what must come back: one YAML file a scenario."""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

WORDS = "$words"
"""In place of a text: the words of the variant."""
NOISES = ("cough", "door", "music")
VOICES = ("hibari", "espeak")
TRIGGERS = ("at", "then", "into_reply", "after_reply")
DOINGS = ("say", "play", "noise", "type")
SHARE = re.compile(r"(\d{1,4}) of (\d{1,4})")

Seconds = Annotated[float, Field(ge=0, le=120)]
Decibels = Annotated[float, Field(ge=-60, le=20)]
Line = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Voice = Literal["hibari", "espeak"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pause(Part):
    """Silence between two parts of what is said, in seconds."""

    pause: Seconds


Text = Line | Annotated[tuple[Line | Pause, ...], Field(min_length=1)]


class Action(Part):
    """One thing that the caller does: says, plays, makes a noise or types.

    It begins `at` s from the start, `then` s after what was done before has ended (0 unless said),
    `into_reply` s after a reply has begun to sound that did not when the one before began, or
    `after_reply` s after such a reply's end. `meant`: whether it is meant to stop a reply that sounds.
    """

    say: Text | None = None
    play: Line | None = None
    noise: Literal["cough", "door", "music"] | None = None
    type: Line | None = None
    at: Seconds | None = None
    then: Seconds | None = None
    into_reply: Seconds | None = None
    after_reply: Seconds | None = None
    meant: bool | None = None
    voice: Voice | None = None
    loudness: Decibels | None = None
    lasts: Annotated[float, Field(ge=0.1, le=20)] = 1.0
    repeat: Annotated[int, Field(ge=1, le=50)] = 1

    @model_validator(mode="after")
    def _is_one_thing_at_one_time(self) -> Self:
        doings = [key for key in DOINGS if getattr(self, key) is not None]
        if len(doings) != 1:
            raise ValueError(f"give exactly one of {', '.join(DOINGS)}, not {_several(doings)}")
        triggers = [key for key in TRIGGERS if getattr(self, key) is not None]
        if len(triggers) > 1:
            raise ValueError(f"give one of {', '.join(TRIGGERS)} at most, not {_several(triggers)}")
        return self

    @property
    def trigger(self) -> tuple[str, float]:
        """Which of TRIGGERS, and its seconds."""
        for key in TRIGGERS:
            if (seconds := getattr(self, key)) is not None:
                return key, seconds
        return "then", 0.0

    @property
    def is_meant(self) -> bool:
        return self.noise is None if self.meant is None else self.meant


class Variants(Part):
    """They multiply; loudness in dB of what is usual."""

    voices: Annotated[tuple[Voice, ...], Field(min_length=1)] = ("hibari",)
    loudness: Annotated[tuple[Decibels, ...], Field(min_length=1)] = (0.0,)
    words: tuple[Text, ...] = ()


class Expected(Part):
    """Of every run: how many replies sound, and bounds. Of all runs: how many may fail, as "1 of 40"."""

    answers: Annotated[int, Field(ge=0, le=200)] | None = None
    latency_ms: Annotated[float, Field(gt=0)] | None = None
    silence_after_ms: Annotated[float, Field(gt=0)] | None = None
    talk_over_ms: Annotated[float, Field(ge=0)] | None = None
    may_fail: str = "0 of 1"

    @model_validator(mode="after")
    def _has_a_share(self) -> Self:
        share = SHARE.fullmatch(self.may_fail)
        if share is None or not int(share[1]) <= int(share[2]) or not int(share[2]):
            raise ValueError(f'write may_fail as "1 of 40", not {self.may_fail!r}')
        return self

    def may_fail_of(self, runs: int) -> int:
        """Who may fail once in forty may so in any of the forty."""
        failed, of = map(int, self.may_fail.split(" of "))
        return failed if runs <= of else runs * failed // of


class Scenario(Part):
    """`echo`: how loud the microphone has what is being heard, in dB of it."""

    name: Name
    shows: Line
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$|^auto$")] = "en"
    level: Literal["beginner", "intermediate", "advanced"] = "intermediate"
    runs: Annotated[int, Field(ge=1, le=1000)] | None = None
    variants: Variants = Variants()
    echo: Decibels | None = None
    caller: Annotated[tuple[Action, ...], Field(min_length=1, max_length=200)]
    expect: Expected

    @model_validator(mode="after")
    def _has_its_words(self) -> Self:
        if not self.variants.words and any(action.say == WORDS for action in self.caller):
            raise ValueError(f"say: {WORDS} needs variants.words; list what is to be said there")
        if self.variants.words and not any(action.say == WORDS for action in self.caller):
            raise ValueError(f"variants.words are said by nobody; write say: {WORDS} where they belong")
        return self

    @property
    def actions(self) -> tuple[Action, ...]:
        """Each as often as it is repeated."""
        return tuple(action for action in self.caller for _ in range(action.repeat))


def _several(keys: list[str]) -> str:
    return " and ".join(keys) or "none"
