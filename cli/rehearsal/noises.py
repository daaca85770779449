"""Sounds that mean nothing, made anew from a seed: 16 kHz, of any level."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from protos.sound import HEARD_RATE

Sound = NDArray[np.float64]
Make = Callable[[np.random.Generator, int], Sound]


def hiss(dice: np.random.Generator, count: int) -> Sound:
    return dice.standard_normal(count)


def cough(dice: np.random.Generator, count: int) -> Sound:
    """A burst of noise that dies away, twice or once."""
    sound = 0.001 * hiss(dice, count)
    for begin in dice.integers(0, max(1, count - 6000), int(dice.integers(1, 3))):
        length = min(int(dice.integers(2000, 5000)), count - begin)
        burst = smooth(hiss(dice, length), 6) * np.exp(-np.arange(length) / dice.uniform(500, 1500))
        sound[begin : begin + length] += 3 * burst
    return sound


def door(dice: np.random.Generator, count: int) -> Sound:
    """A latch, and a thud below 200 Hz that rings out in a room."""
    sound = 0.001 * hiss(dice, count)
    thud = int(dice.integers(0, max(1, count // 4)))
    times = np.arange(count - thud) / HEARD_RATE
    for pitch in dice.uniform(55, 190, 4):
        sound[thud:] += np.sin(2 * np.pi * pitch * times) * np.exp(-times * dice.uniform(8, 20))
    sound[thud:] += smooth(hiss(dice, count - thud), 12) * 2 * np.exp(-times * 30)
    for begin in (thud, min(count - 1, thud + int(dice.integers(1200, 3000)))):
        length = min(300, count - begin)
        sound[begin : begin + length] += hiss(dice, length) * np.exp(-np.arange(length) / 60)
    return sound


def melody(dice: np.random.Generator, count: int) -> Sound:
    """Notes of a scale with overtones, each dying away: a piano, a ringtone."""
    sound = np.zeros(count)
    for begin in range(0, count, 4000):
        length = min(8000, count - begin)
        pitch = 220 * 2 ** (dice.choice([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
        note = sum((tone(pitch * n, length) / n**2 for n in range(1, 5)), np.zeros(length))
        sound[begin : begin + length] += note * np.exp(-np.arange(length) / 3000)
    return sound


def beat(dice: np.random.Generator, count: int) -> Sound:
    """A drum twice a second over a low note."""
    times = np.arange(count) / HEARD_RATE
    return 0.3 * tone(dice.uniform(60, 110), count) + hiss(dice, count) * np.exp(-40 * (times % 0.5))


def music(dice: np.random.Generator, count: int) -> Sound:
    """A melody over a beat."""
    return melody(dice, count) + 0.3 * beat(dice, count)


MAKERS: dict[str, Make] = {"cough": cough, "door": door, "music": music}


def make(kind: str, seconds: float, seed: int) -> Sound:
    """`kind`: of scenario.NOISES."""
    return MAKERS[kind](np.random.default_rng(seed), round(seconds * HEARD_RATE))


def tone(pitch: float, count: int) -> Sound:
    return np.sin(2 * np.pi * pitch * np.arange(count) / HEARD_RATE)


def smooth(sound: Sound, width: int) -> Sound:
    return np.convolve(sound, np.ones(width) / width, mode="same")[: len(sound)]
