"""Turns whose end is known: people's, where recordings of them can be had, and the embedded voice's."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr

from engine_room.wheels import WHEELS, fetch
from protos.sound import HEARD_RATE
from tests.load.embedded.sentences import QUESTIONS, SENTENCES, recordings
from tests.support.spoken import read_wav, silence, speech

READING = "moonshine_voice/assets/two_cities.wav"
"""Dickens, read aloud, in the wheel of the embedded ear: 43 s with fourteen pauses and one end."""
READINGS = Path("~/.cache/parley/recordings")
BROKEN_OFF = "he was not an ill disposed young man"
GOES_ON = "unless to be rather cold hearted and rather selfish is to be ill disposed"
"""A sentence in two recordings: the reader paused where it is cut."""
BROKEN_OFF_S = (0.5, 0.7, 0.9)
SHORT = ("Yes.", "No.", "Okay.", "On Monday.", "Not really.", "Two, please.")
HALTING = (
    "My number is five five five, one two three, four five six seven.",
    "You can call me at zero two zero, seven nine four, six double one.",
    "My name is spelled, M, A, R, T, I, N.",
    "It is, um, in the middle of, uh, next week.",
    "If it rains tomorrow, we will stay at home and watch a film.",
    "I would like to book a table, but only if you have one outside.",
    "When I was young, my father, who was a baker, got up at four.",
    "Can you tell me, because I am new here, where the station is?",
    "My e-mail is john, dot, smith, at example, dot com.",
    "I wanted to ask, well, whether you could help me.",
    "On Monday I go swimming, on Tuesday I play chess, and on Friday I rest.",
)
PAUSES_S = (0.35, 0.5, 0.7, 0.9, 1.1)
"""At the commas, in turn."""
QUIET_RMS = 150
STEP = HEARD_RATE // 100


@dataclass(frozen=True)
class Scene:
    """`pcm`: 16-bit at 16 kHz; one turn, and silence until after any policy has ended it."""

    what: str
    pcm: bytes


def people() -> list[Scene]:
    said = {recording.words: recording.pcm for recording in recordings()}
    scenes = [_scene("a reading", asyncio.run(_reading()))]
    scenes += [_scene(words, pcm) for words, pcm in said.items() if words != BROKEN_OFF]
    if BROKEN_OFF in said:
        first, rest = said[BROKEN_OFF], said[GOES_ON]
        scenes += [_scene(f"{s} s in the middle", first + silence(s) + rest) for s in BROKEN_OFF_S]
    return scenes


def voice() -> list[Scene]:
    scenes = [_scene(text, speech(text)) for text in (*SENTENCES, *QUESTIONS, *SHORT)]
    pauses = iter(PAUSES_S * 20)
    for text in HALTING:
        pcm, spoken = speech(text), b""
        at = 0
        for place in _commas(pcm, text.count(",")):
            spoken += pcm[at : 2 * place] + silence(next(pauses))
            at = 2 * place
        scenes.append(_scene(text, spoken + pcm[at:]))
    return scenes


async def _reading() -> bytes:
    wheel = replace(WHEELS["moonshine"], wanted=(READING,))
    pcm, rate = read_wav(await fetch(wheel, READINGS) / READING)
    samples = soxr.resample(np.frombuffer(pcm, "<i2").astype(np.float32), rate, HEARD_RATE)
    return bytes(samples.astype("<i2").tobytes())


def _scene(what: str, pcm: bytes) -> Scene:
    return Scene(what, silence(0.5) + pcm + silence(3.0))


def _commas(pcm: bytes, count: int) -> list[int]:
    """The middles of the longest silences within it, in samples."""
    steps = (
        np.frombuffer(pcm[: len(pcm) // (2 * STEP) * 2 * STEP], "<i2").reshape(-1, STEP).astype(np.float64)
    )
    quiet = np.sqrt((steps**2).mean(axis=1)) < QUIET_RMS
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
    stretches = [
        (end - begin, begin) for begin, end in edges.reshape(-1, 2) if begin > 10 and end < len(quiet) - 10
    ]
    longest = sorted(stretches, reverse=True)[:count]
    return sorted(int(begin + length / 2) * STEP for length, begin in longest)
