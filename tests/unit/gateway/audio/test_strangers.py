"""What is not understood is named, once, and never taken for sound."""

import threading
import time
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.faults import InvalidArgument
from gateway.audio import piped
from gateway.audio.intake import Intake
from protos.sound import HEARD_RATE
from tests.unit.gateway.audio.recordings import (
    CODECS,
    Kind,
    chunks,
    encode,
    film,
    hear,
    record,
    refusal,
    voice,
)

KINDS: list[Kind] = list(CODECS)


def decoders() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("decode ")]


def no_decoder_is_left(timeout_s: float = 3.0) -> bool:
    until = time.monotonic() + timeout_s
    while decoders() and time.monotonic() < until:
        time.sleep(0.005)
    return not decoders()


def made(file_format: str, codec: str, sample_format: str = "s16") -> bytes:
    return encode(file_format, codec, 44_100, voice(44_100, 0.5)[None], sample_format)


STRANGERS: dict[str, tuple[bytes, str]] = {
    "a ZIP archive": (b"PK\x03\x04" + bytes(500), "a ZIP archive"),
    "a PDF": (b"%PDF-1.7\n" + bytes(500), "a PDF"),
    "a photograph": (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(500), "a picture"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(500), "a picture"),
    "an MPEG transport stream": (made("mpegts", "aac", "fltp"), "an MPEG transport stream"),
    "WavPack": (made("wv", "wavpack", "s16p"), "WavPack"),
    "TTA": (made("tta", "tta"), "TTA"),
    "Wave64": (made("w64", "pcm_s16le"), "Wave64"),
    "CAF with ALAC": (made("caf", "alac", "s16p"), "holds compressed sound"),
    "WAV with MP3": (made("wav", "libmp3lame"), "codec is number 0x0055"),
    "MIDI": (b"MThd\0\0\0\x06" + bytes(500), "holds notes"),
    "gzip": (b"\x1f\x8b\x08\x00" + zlib.compress(bytes(900)), "unpacked"),
    "base64": (b"UklGRiQAAABXQVZFZm10IBAAAAABAAEA" * 20, "the bytes that it stands for"),
    "JSON": (b'{"type":"audio","data":"' + b"x" * 100 + b'"}', "control goes as text"),
    "a web page": (b"<!DOCTYPE html>\n<html><body>no</body></html>" * 3, "text"),
    "a film without sound": (film() + bytes(40_000), "no sound in it"),
    "the middle of WebM": (record("webm", 2.0)[6001:16_001], "the middle of WebM"),
    "the middle of Ogg": (b"OggS" + record("ogg", 3.0).split(b"OggS")[3], "the middle of Ogg"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_not_understood_is_named_and_never_taken_for_sound(name: str) -> None:
    data, words = STRANGERS[name]
    for size in (len(data), 1500):
        said = refusal(*chunks(data, size))
        assert words in said
        assert "this looks like" in said
        assert len(said) < 300


async def test_after_a_refused_recording_the_next_is_heard_and_in_between_nobody_complains() -> None:
    heard, faults = bytearray(), list[str]()

    async def take(pcm: bytes) -> None:
        heard.extend(pcm)

    intake = Intake(HEARD_RATE, take)
    for piece in (*chunks(made("wv", "wavpack", "s16p"), 700), *chunks(record("webm", 1.0), 700)):
        try:
            await intake.feed(piece)
        except InvalidArgument as fault:
            faults.append(str(fault))
    await intake.drain()
    intake.close()
    assert len(faults) == 1
    assert len(heard) == pytest.approx(HEARD_RATE * 2, abs=2)


HEADS = [
    b"\x1a\x45\xdf\xa3",
    b"OggS\0\x02",
    b"RIFF1234WAVE",
    b"ID3\x04\0\0\0\0\0\x01",
    b"caff\0\x01\0\0",
    b"\0\0\0\x18ftypisom",
]


@pytest.mark.parametrize("head", HEADS)
async def test_garbage_under_a_good_head_is_one_fault_and_no_thread(head: bytes) -> None:
    garbage = head + np.random.default_rng(5).bytes(300_000)
    said = list[str]()
    heard = bytearray()

    async def take(pcm: bytes) -> None:
        heard.extend(pcm)

    intake = Intake(HEARD_RATE, take)
    for piece in (*chunks(garbage, 4000), *chunks(bytes(100_000), 4000)):
        try:
            await intake.feed(piece)
        except InvalidArgument as fault:
            said.append(str(fault))
    intake.close()
    assert len(said) <= 1
    assert len(heard) < HEARD_RATE
    assert no_decoder_is_left()


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(KINDS), st.integers(0, 3000), st.binary(max_size=40), st.integers(1, 4000))
def test_any_damage_is_heard_around_or_is_one_fault(kind: Kind, at: int, damage: bytes, size: int) -> None:
    data = record(kind, 0.5)
    hurt = data[:at] + damage + data[at + len(damage) :]
    with suppress(InvalidArgument):
        hear(*chunks(hurt, size))


def test_whatever_goes_wrong_inside_a_decoder_is_one_fault_and_nobody_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(frame: object) -> None:
        raise IndexError("nobody expected this")

    monkeypatch.setattr(piped, "mono", breaks)
    assert "nobody expected this" in refusal(*chunks(record("webm", 0.5), 500))
    assert no_decoder_is_left()


ENDS = [b"\0", b"\0\0", b"R", b"\x1a", b"Og", b"ID3", b"\xff", b"\xff\xfb\x90\x64", b"\0\0\0\x20ft", b"FORM"]


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_recording_like_a_head_does_not_hide_the_head_of_the_next(end: bytes) -> None:
    first, second = record("wav", 0.5), record("webm", 0.7)
    heard = hear(*chunks(first, 900), end, *chunks(second, 700))
    assert abs(heard.size - 1.2 * HEARD_RATE) <= 4
