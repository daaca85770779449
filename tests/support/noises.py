"""What a microphone hears when nobody speaks: made anew from a seed, 16-bit at 16 kHz."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from protos.sound import HEARD_RATE

Sound = NDArray[np.float64]
Make = Callable[[np.random.Generator, int], Sound]


def hiss(dice: np.random.Generator, count: int) -> Sound:
    return dice.standard_normal(count)


def rumble(dice: np.random.Generator, count: int) -> Sound:
    """Traffic, wind: mostly below 200 Hz."""
    return _smooth(np.cumsum(dice.standard_normal(count)), 40) - _smooth(np.cumsum(hiss(dice, count)), 4000)


def hum(dice: np.random.Generator, count: int) -> Sound:
    """The mains and its overtones, or a fan."""
    base = dice.uniform(48, 130)
    hums = np.zeros(count)
    for overtone in range(1, 6):
        hums += _tone(base * overtone, count) / overtone
    return hums


def breath(dice: np.random.Generator, count: int) -> Sound:
    """In and out, as close to a microphone."""
    swell: Sound = np.sin(np.pi * np.arange(count) / HEARD_RATE / dice.uniform(0.8, 1.6)) ** 4
    return _smooth(dice.standard_normal(count), int(dice.integers(3, 12))) * swell


def clicks(dice: np.random.Generator, count: int) -> Sound:
    """A keyboard: bursts of a few milliseconds, five a second or so."""
    sound = np.zeros(count)
    for begin in dice.integers(0, count, max(2, count // 3000)):
        length = min(int(dice.integers(60, 400)), count - begin)
        sound[begin : begin + length] += hiss(dice, length) * np.exp(-np.arange(length) / 80)
    return sound


def cough(dice: np.random.Generator, count: int) -> Sound:
    """A burst of noise that dies away, twice or once."""
    sound = 0.001 * hiss(dice, count)
    for begin in dice.integers(0, max(1, count - 6000), int(dice.integers(1, 3))):
        length = min(int(dice.integers(2000, 5000)), count - begin)
        burst = _smooth(hiss(dice, length), 6) * np.exp(-np.arange(length) / dice.uniform(500, 1500))
        sound[begin : begin + length] += 3 * burst
    return sound


def melody(dice: np.random.Generator, count: int) -> Sound:
    """Notes of a scale with overtones, each dying away: a piano, a ringtone."""
    sound = np.zeros(count)
    for begin in range(0, count, 4000):
        length = min(8000, count - begin)
        pitch = 220 * 2 ** (dice.choice([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
        note = sum((_tone(pitch * n, length) / n**2 for n in range(1, 5)), np.zeros(length))
        sound[begin : begin + length] += note * np.exp(-np.arange(length) / 3000)
    return sound


def beat(dice: np.random.Generator, count: int) -> Sound:
    """A drum twice a second over a low note."""
    times = np.arange(count) / HEARD_RATE
    return 0.3 * _tone(dice.uniform(60, 110), count) + hiss(dice, count) * np.exp(-40 * (times % 0.5))


KINDS: tuple[Make, ...] = (hiss, rumble, hum, breath, clicks, cough, melody, beat)


def noises(count: int, seed: int, longest_s: float = 4.0) -> list[tuple[str, bytes]]:
    """So many pieces of every kind in turn, of 0.3 s and more, as loud as speech or much less; with names."""
    dice = np.random.default_rng(seed)
    pieces = []
    for number in range(count):
        make = KINDS[number % len(KINDS)]
        made = make(dice, round(dice.uniform(0.3, longest_s) * HEARD_RATE))
        level = dice.choice([0.003, 0.01, 0.03, 0.1])
        pcm = np.clip(made / np.sqrt(np.mean(made**2)) * level * 32767, -32768, 32767).astype("<i2").tobytes()
        pieces.append((f"{number} {make.__name__} {level}", pcm))
    return pieces


def _tone(pitch: float, count: int) -> Sound:
    return np.sin(2 * np.pi * pitch * np.arange(count) / HEARD_RATE)


def _smooth(sound: Sound, width: int) -> Sound:
    return np.convolve(sound, np.ones(width) / width, mode="same")[: len(sound)]
