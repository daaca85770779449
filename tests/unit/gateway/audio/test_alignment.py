"""Every recording is heard from its first sample to its last, however it is cut: against libav's own decode
of the whole file, and for what is kept exactly, against the sound that was recorded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from tests.unit.gateway.audio.recordings import (
    Samples,
    assert_alike,
    chunks,
    decode_file,
    encode,
    hear,
    to_heard,
    voice,
)

SPLIT = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "200000"}
BARE = {"id3v2_version": "0", "write_xing": "0"}


@dataclass(frozen=True)
class Form:
    """How a recording is written. `exact`: what was recorded comes back sample by sample."""

    file_format: str
    codec: str
    sample_format: str = "s16"
    options: tuple[tuple[str, str], ...] = ()
    exact: bool = False
    only_rate: int = 0
    late: bool = False
    """Not heard before the whole has come."""

    def write(self, rate: int, samples: Samples) -> bytes:
        return encode(self.file_format, self.codec, rate, samples, self.sample_format, dict(self.options))


FORMS = {
    "WAV 8": Form("wav", "pcm_u8", "u8", exact=True),
    "WAV 16": Form("wav", "pcm_s16le", exact=True),
    "WAV 24": Form("wav", "pcm_s24le", "s32", exact=True),
    "WAV float": Form("wav", "pcm_f32le", "flt", exact=True),
    "WAV mu-law": Form("wav", "pcm_mulaw"),
    "AIFF": Form("aiff", "pcm_s16be", exact=True),
    "FLAC 16": Form("flac", "flac", exact=True),
    "FLAC 24": Form("flac", "flac", "s32", exact=True),
    "MP3": Form("mp3", "libmp3lame"),
    "MP3 without tags": Form("mp3", "libmp3lame", options=tuple(BARE.items())),
    "AAC": Form("adts", "aac", "fltp"),
    "MP4 in fragments": Form("mp4", "aac", "fltp", options=tuple(SPLIT.items())),
    "MP4 with its index behind": Form("ipod", "aac", "fltp", late=True),
    "WebM": Form("webm", "libopus", only_rate=48_000),
    "Ogg": Form("ogg", "libopus", options=(("page_duration", "100000"),), only_rate=48_000),
}
SECONDS = (0.2, 1.5, 7.0, 60.0)
RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
CHANNELS = (1, 2)
SLICES_MS = (1, 100, 1000, 100_000)
"""The last is the whole."""


def pairwise(*factors: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Combinations in which every value of each factor meets every value of each other."""
    places = list(combinations(range(len(factors)), 2))
    left = {(a, b, x, y) for a, b in places for x, y in product(factors[a], factors[b])}
    every = list(product(*factors))
    while left:
        best = max(every, key=lambda case: sum((a, b, case[a], case[b]) in left for a, b in places))
        left -= {(a, b, best[a], best[b]) for a, b in places}
        yield best


CASES = list(pairwise(tuple(FORMS), SECONDS, RATES, CHANNELS, SLICES_MS))


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_a_recording_is_heard_to_the_sample_however_long_it_is_and_however_it_is_cut(
    case: tuple[str, float, int, int, int],
) -> None:
    name, seconds, rate, channels, slice_ms = case
    form = FORMS[name]
    rate = form.only_rate or rate
    samples = recorded(rate, seconds, channels)
    data = form.write(rate, samples)
    size = max(len(data) * slice_ms // int(seconds * 1000), 1)
    heard = hear(*chunks(data, size))
    assert_alike(heard, decode_file(data))
    if form.exact:
        kept = samples >> 8 << 8 if name == "WAV 8" else samples
        assert_alike(heard, to_heard(np.rint(kept.mean(axis=0)).astype(np.int16), rate))


def recorded(rate: int, seconds: float, channels: int) -> Samples:
    return np.stack([voice(rate, seconds, seed) for seed in range(channels)])


@pytest.mark.parametrize("name", FORMS)
def test_a_recording_that_pauses_is_heard_to_there_and_goes_on_to_the_sample(name: str) -> None:
    """Cut in the middle of a frame, as a network cuts it."""
    form, rate = FORMS[name], FORMS[name].only_rate or 44_100
    data = form.write(rate, recorded(rate, 2.0, 1))
    half = len(data) // 2 + 1
    before = hear(data[:half]).size
    heard, expected = hear(data[:half], data[half:], drain_after=0), decode_file(data)
    assert heard.size == expected.size
    far = np.abs(np.arange(heard.size) - before) > 200
    assert_alike(heard[far], expected[far])  # the filter's tail had to do without what followed
    assert form.late or 0.8 < before / 16_000 < 1.2


@pytest.mark.parametrize("name", FORMS)
def test_of_a_recording_after_another_nothing_is_lost_nor_of_the_one_before(name: str) -> None:
    form, rate = FORMS[name], FORMS[name].only_rate or 44_100
    first = FORMS["FLAC 16"].write(24_000, recorded(24_000, 1.3, 1))
    second = form.write(rate, recorded(rate, 1.1, 2))
    third = FORMS["WebM"].write(48_000, recorded(48_000, 0.9, 1))
    heard = hear(*chunks(first, 777), *chunks(second, 3333), *chunks(third, 555))
    expected = np.concatenate([decode_file(data) for data in (first, second, third)])
    assert_alike(heard, expected)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("size", [1, 3, 641, 10_000_000])
def test_raw_audio_cut_anywhere_even_within_a_sample_is_heard_to_the_sample(rate: int, size: int) -> None:
    samples = voice(rate, 0.5)
    heard = hear(*chunks(samples.tobytes(), size), input_rate=rate)
    assert_alike(heard, to_heard(samples, rate))
