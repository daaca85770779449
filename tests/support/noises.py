"""What a microphone hears when nobody speaks: made anew from a seed, 16-bit at 16 kHz."""

import numpy as np

from cli.rehearsal.noises import Make, Sound, beat, cough, hiss, melody, smooth, tone
from protos.sound import HEARD_RATE


def rumble(dice: np.random.Generator, count: int) -> Sound:
    """Traffic, wind: mostly below 200 Hz."""
    return smooth(np.cumsum(dice.standard_normal(count)), 40) - smooth(np.cumsum(hiss(dice, count)), 4000)


def hum(dice: np.random.Generator, count: int) -> Sound:
    """The mains and its overtones, or a fan."""
    base = dice.uniform(48, 130)
    hums = np.zeros(count)
    for overtone in range(1, 6):
        hums += tone(base * overtone, count) / overtone
    return hums


def breath(dice: np.random.Generator, count: int) -> Sound:
    """In and out, as close to a microphone."""
    swell: Sound = np.sin(np.pi * np.arange(count) / HEARD_RATE / dice.uniform(0.8, 1.6)) ** 4
    return smooth(dice.standard_normal(count), int(dice.integers(3, 12))) * swell


def clicks(dice: np.random.Generator, count: int) -> Sound:
    """A keyboard: bursts of a few milliseconds, five a second or so."""
    sound = np.zeros(count)
    for begin in dice.integers(0, count, max(2, count // 3000)):
        length = min(int(dice.integers(60, 400)), count - begin)
        sound[begin : begin + length] += hiss(dice, length) * np.exp(-np.arange(length) / 80)
    return sound


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
