"""Raw PCM is heard as it is, whatever its samples look like."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.sound import HEARD_RATE
from tests.unit.gateway.audio.recordings import (
    CODECS,
    TONE_HZ,
    Kind,
    chunks,
    hear,
    loudest_hz,
    record,
    tone,
    voice,
)

KINDS: list[Kind] = list(CODECS)


@settings(deadline=None)
@given(st.lists(st.integers(1, 2000), min_size=1, max_size=20))
def test_raw_audio_at_our_rate_is_taken_as_it_is_in_odd_pieces_too(sizes: list[int]) -> None:
    pcm = voice(HEARD_RATE, 1.5).tobytes()
    pieces, start = list[bytes](), 0
    for size in sizes:
        pieces.append(pcm[start : start + size])
        start += size
    assert hear(*pieces).tobytes() == pcm[: min(start, len(pcm)) // 2 * 2]


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100, 48_000])
def test_raw_audio_at_another_rate_is_brought_to_ours(rate: int) -> None:
    heard = hear(*chunks(tone(rate, 1.0).tobytes(), rate // 50 * 2), input_rate=rate)
    assert heard.size == HEARD_RATE
    assert loudest_hz(heard.tobytes(), HEARD_RATE) == pytest.approx(TONE_HZ, abs=2)


def test_an_empty_message_is_nothing() -> None:
    assert hear(b"").size == 0


def test_raw_audio_stays_raw_whatever_its_samples_spell() -> None:
    pieces = [bytes(640), b"RIFF", b"OggS", b"\xff\xfb\x90\x64", record("wav", 0.1)]
    assert hear(*pieces).tobytes() == b"".join(pieces)[: sum(map(len, pieces)) // 2 * 2]


def of(*samples: int, times: int = 400) -> bytes:
    return np.array(samples * times, np.int16).tobytes()


LOOKALIKES: dict[str, bytes] = {
    "silence": bytes(640),
    "a sample of silence": bytes(2),
    "minus one": of(-1),
    "minus one and one": of(-1, 1),
    "the sync of MP3 as a sample": of(-1025),
    "the sync of MP3, then quiet": of(-1025, 0x6490, times=1) + bytes(2000),
    "the sync of AAC, then quiet": of(-3585, 0x4050, 20, 3, times=1) + bytes(2000),
    "a head of MP3 again and again": of(-1025, 0x6494),
    "a head of AAC again and again": of(-3585, 0x4050, 20, 3),
    "white noise at full scale": np.random.default_rng(3)
    .integers(-32768, 32768, 16_000)
    .astype(np.int16)
    .tobytes(),
    "a square wave at full scale": of(32_767, -32_768),
    "the first letters of RIFF": b"RIFFLES!" + bytes(2000),
    "the first letters of FORM": b"FORMULAS1234" + bytes(2000),
    "the first letters of a tag": b"ID3\xff\xff\xff\xff\xff\xff\xff" + bytes(2000),
    "a box of MP4 that is none": b"\0\0\0\x20moov" + bytes(2000),
    "half a second of one letter": b" " * 48,
}


@pytest.mark.parametrize("name", LOOKALIKES)
@pytest.mark.parametrize("size", [1, 7, 640, 100_000])
def test_sound_that_looks_like_a_head_for_a_moment_is_sound(name: str, size: int) -> None:
    pcm = LOOKALIKES[name]
    assert hear(*chunks(pcm, size)).tobytes() == pcm


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 12_000), st.sampled_from([2, 20, 640, 8192]))
def test_any_noise_of_any_loudness_is_sound(seed: int, loudness: int, size: int) -> None:
    pcm = np.random.default_rng(seed).normal(0, loudness, 4000).clip(-32_768, 32_767).astype(np.int16)
    assert np.array_equal(hear(*chunks(pcm.tobytes(), size)), pcm)
