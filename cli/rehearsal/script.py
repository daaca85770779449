"""A take made into sound: what the caller does, each thing with what it waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cli.rehearsal import noises
from cli.rehearsal.scenario import WORDS, Action, Pause, Scenario, Text
from cli.rehearsal.sounds import Sound, gain, resampled, silence, span, trimmed, usual, whole
from cli.rehearsal.takes import Take
from cli.rehearsal.voices import Said, speak
from cli.wav import read_wav


@dataclass(frozen=True, slots=True, eq=False)
class Cue:
    """`sound`: at 16 kHz, none where it is typed; voiced from sample `voiced[0]` to `voiced[1]`."""

    what: str
    kind: str
    trigger: str
    seconds: float
    is_meant: bool
    sound: NDArray[np.int16]
    voiced: tuple[int, int]
    typed: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    take: Take
    cues: tuple[Cue, ...]
    echo: float = 0.0
    """How much of what is heard the microphone has."""


async def write(scenario: Scenario, takes: Sequence[Take]) -> list[Script]:
    """The scripts of these takes. Raises NoVoice."""
    lines = [line for take in takes for action in scenario.actions for line in _lines(scenario, action, take)]
    spoken = await speak(lines)
    echo = 0.0 if scenario.echo is None else gain(scenario.echo)
    return [
        Script(
            take,
            tuple(
                _cue(scenario, action, take, place, spoken) for place, action in enumerate(scenario.actions)
            ),
            echo,
        )
        for take in takes
    ]


def _parts(action: Action, take: Take) -> tuple[str | Pause, ...]:
    text: Text | None = take.words if action.say == WORDS else action.say
    return (text,) if isinstance(text, str) else text or ()


def _lines(scenario: Scenario, action: Action, take: Take) -> list[Said]:
    return [_said(scenario, action, take, part) for part in _parts(action, take) if isinstance(part, str)]


def _said(scenario: Scenario, action: Action, take: Take, text: str) -> Said:
    language = "en" if scenario.language == "auto" else scenario.language
    return Said(text, action.voice or take.voice, language)


def _cue(scenario: Scenario, action: Action, take: Take, place: int, spoken: Mapping[Said, Sound]) -> Cue:
    what, kind, sound = _sound(scenario, action, take, place, spoken)
    sound = sound * gain(take.loudness if action.loudness is None else action.loudness)
    trigger, seconds = action.trigger
    return Cue(what, kind, trigger, seconds, action.is_meant, whole(sound), span(sound), action.type or "")


def _sound(
    scenario: Scenario, action: Action, take: Take, place: int, spoken: Mapping[Said, Sound]
) -> tuple[str, str, Sound]:
    if action.type is not None:
        return action.type, "type", silence(0)
    if action.noise is not None:
        made = noises.make(action.noise, action.lasts, 1000 * take.number + place)
        return action.noise, "noise", usual(made)
    if action.play is not None:
        recording = read_wav(Path(action.play))
        samples = np.frombuffer(recording.pcm, "<i2").astype(np.float64)
        return Path(action.play).name, "play", resampled(samples, recording.rate)
    pieces = [
        silence(part.pause)
        if isinstance(part, Pause)
        else usual(trimmed(spoken[_said(scenario, action, take, part)]))
        for part in _parts(action, take)
    ]
    words = " … ".join(part for part in _parts(action, take) if isinstance(part, str))
    return words, "say", np.concatenate(pieces)
