"""WAV, AIFF and their like: to the last whole sample, whatever their heads hold."""

import struct

import numpy as np
import pytest

from protos.sound import HEARD_RATE
from tests.unit.gateway.audio.recordings import (
    CODECS,
    Kind,
    assert_alike,
    chunks,
    decode_file,
    encode,
    hear,
    record,
    refusal,
    voice,
)

KINDS: list[Kind] = list(CODECS)


@pytest.mark.parametrize(
    ("options", "codec", "form"),
    [
        ({"rf64": "always"}, "pcm_s16le", "wav"),
        ({}, "pcm_s32le", "wav"),
        ({}, "pcm_f64le", "wav"),
        ({}, "pcm_alaw", "wav"),
        ({}, "pcm_mulaw", "wav"),
        ({}, "adpcm_ms", "wav"),
        ({}, "pcm_s16be", "au"),
        ({}, "pcm_s16be", "caf"),
        ({}, "pcm_s16le", "caf"),
        ({}, "pcm_s24be", "aiff"),
        ({}, "pcm_f32be", "aiff"),
        ({}, "pcm_s16le", "matroska"),
        ({}, "mp2", "mp2"),
        ({}, "adpcm_ima_wav", "wav"),
        ({}, "aac", "latm"),
        ({}, "aac", "matroska"),
        ({}, "ac3", "ac3"),
        ({}, "libmp3lame", "flv"),
        ({}, "libmp3lame", "avi"),
        ({}, "libopencore_amrnb", "amr"),
    ],
)
def test_less_common_files_are_heard_to_the_sample(options: dict[str, str], codec: str, form: str) -> None:
    rate = {"amr": 8_000, "flv": 44_100}.get(form, 32_000)
    channels = 1 if form == "amr" else 2
    wide = {
        "pcm_s32le": "s32",
        "pcm_s24be": "s32",
        "pcm_f32be": "flt",
        "aac": "fltp",
        "ac3": "fltp",
        "adpcm_ima_wav": "s16p",
    }.get(codec, "s16")
    if codec == "pcm_f64le":
        data = as_double(record("wav", 0.7))
    else:
        data = encode(form, codec, rate, np.tile(voice(rate, 0.7), (channels, 1)), wide, options)
    for size in (len(data), 1000, 7):
        assert_alike(hear(*chunks(data, size)), decode_file(data))


def as_double(wav: bytes) -> bytes:
    """PCM of 16 bits as floats of 64."""
    at = wav.index(b"data")
    samples = np.frombuffer(wav[at + 8 :], np.int16) / 32_768
    form = struct.pack("<HHIIHH", 3, 1, 48_000, 48_000 * 8, 8, 64)
    return riff((b"fmt ", form), (b"data", samples.astype("<f8").tobytes()))


def riff(*parts: tuple[bytes, bytes], sizes: dict[bytes, int] | None = None) -> bytes:
    """A WAV of these chunks; `sizes` are what some declare instead of theirs."""
    sizes = sizes or {}
    body = b"".join(
        name + struct.pack("<I", sizes.get(name, len(data))) + data + b"\0" * (len(data) % 2)
        for name, data in parts
    )
    return b"RIFF" + struct.pack("<I", sizes.get(b"RIFF", len(body) + 4)) + b"WAVE" + body


MONO = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)
EXTENSIBLE = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 16_000, 32_000, 2, 16, 22, 16, 4) + bytes.fromhex(
    "0100000000001000800000aa00389b71"
)
PCM = voice(HEARD_RATE, 0.31).tobytes()
LISTED = (b"LIST", b"INFOISFT\x05\0\0\0Parl\0\0")
WAVS: dict[str, bytes] = {
    "plain": riff((b"fmt ", MONO), (b"data", PCM)),
    "extensible": riff((b"fmt ", EXTENSIBLE), (b"data", PCM)),
    "with a list before": riff((b"fmt ", MONO), LISTED, (b"data", PCM)),
    "with an odd chunk before": riff((b"junk", b"odd"), (b"fmt ", MONO), (b"bext", b"12345"), (b"data", PCM)),
    "with a list behind": riff((b"fmt ", MONO), (b"data", PCM), LISTED),
    "live, with nothing": riff((b"fmt ", MONO), (b"data", PCM), sizes={b"RIFF": 0, b"data": 0}),
    "live, with everything": riff(
        (b"fmt ", MONO), (b"data", PCM), sizes={b"RIFF": 0xFFFFFFFF, b"data": 0xFFFFFFFF}
    ),
    "live, with half of it": riff(
        (b"fmt ", MONO), (b"data", PCM), sizes={b"RIFF": 0x7FFFFFFF, b"data": 0x7FFFFFFF - 36}
    ),
    "no length of the whole": riff((b"fmt ", MONO), (b"data", PCM), sizes={b"RIFF": 0}),
    "a long fmt": riff((b"fmt ", MONO + bytes(2)), (b"data", PCM)),
}


@pytest.mark.parametrize("name", WAVS)
@pytest.mark.parametrize("size", [1, 5, 321, 100_000])
def test_a_wav_is_heard_to_the_sample_whatever_its_head_holds(name: str, size: int) -> None:
    assert hear(*chunks(WAVS[name], size)).tobytes() == PCM


def test_a_wav_that_goes_on_behind_its_declared_end_is_heard_on() -> None:
    """A head for the first piece, then pieces: as some pages send it."""
    assert hear(WAVS["plain"], PCM, PCM).tobytes() == PCM * 3


def test_two_wavs_in_one_message_are_both_heard() -> None:
    assert hear(WAVS["plain"] + WAVS["with a list before"]).tobytes() == PCM * 2


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (struct.pack("<HHIIHH", 1, 1, 7, 14, 2, 16), "rate is 7 Hz"),
        (struct.pack("<HHIIHH", 1, 0, 16_000, 32_000, 2, 16), "0 channels"),
        (struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 5, 40), "40 bits"),
        (struct.pack("<HHIIHH", 0x92, 1, 16_000, 32_000, 2, 16), "codec is number 0x0092"),
        (b"12", "too short"),
    ],
)
def test_a_wav_that_cannot_be_heard_says_why_in_words(form: bytes, words: str) -> None:
    assert words in refusal(riff((b"fmt ", form), (b"data", PCM)))
