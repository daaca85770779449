"""Whatever a client sends becomes 16-bit mono at 16 kHz, or one fault that says what was wrong."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.faults import ClientFault, InvalidArgument, Overflow
from gateway.audio.containers import MAX_WAITING_CHUNKS, ContainerDecoder, sniff
from gateway.audio.intake import Intake, is_headless
from gateway.audio.microphone import SAMPLE_RATE
from tests.unit.gateway.audio.recordings import CODECS, TONE_HZ, Kind, chunks, film, loudest_hz, record, tone

KINDS: list[Kind] = list(CODECS)
HEADS = [b"\x1a\x45\xdf\xa3", b"OggS", b"RIFF", b"fLaC", b"ID3"]


class Ear:
    """Takes what an intake gives, from whatever thread."""

    def __init__(self, input_rate: int = SAMPLE_RATE) -> None:
        self.pcm = bytearray()
        self.faults: list[ClientFault] = []
        self.intake = Intake(input_rate, self.pcm.extend, self.faults.append)

    def feed(self, *pieces: bytes) -> None:
        for number, piece in enumerate(pieces):
            self.pcm += self.intake.feed(piece)
            if number % 100 == 99:
                time.sleep(0.01)

    @property
    def heard_s(self) -> float:
        return len(self.pcm) / 2 / SAMPLE_RATE


def flood(decoder: ContainerDecoder, data: bytes) -> None:
    for _ in range(MAX_WAITING_CHUNKS * 3):
        decoder.feed(data)


def wait_until(condition: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    until = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
    return condition()


def decoders() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("decode ")]


# ---------------------------------------------------------------------- raw


@settings(deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=20))
def test_raw_audio_at_our_rate_is_taken_as_it_is(sizes: list[int]) -> None:
    ear, pcm = Ear(), tone(SAMPLE_RATE, 1.5).tobytes()
    start = 0
    for size in sizes:
        ear.feed(pcm[start : start + size * 2])
        start += size * 2
    assert bytes(ear.pcm) == pcm[:start]


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100, 48_000])
def test_raw_audio_at_another_rate_is_brought_to_ours(rate: int) -> None:
    ear = Ear(rate)
    ear.feed(*chunks(tone(rate, 1.0).tobytes(), rate // 50 * 2))
    assert ear.heard_s == pytest.approx(1.0, abs=0.05)
    assert loudest_hz(bytes(ear.pcm), SAMPLE_RATE) == pytest.approx(TONE_HZ, abs=3)


def test_half_a_sample_is_refused_in_words() -> None:
    with pytest.raises(InvalidArgument, match="641 bytes, an odd number"):
        Ear().feed(bytes(641))


def test_an_empty_message_is_nothing() -> None:
    ear = Ear()
    ear.feed(b"")
    assert ear.heard_s == 0


def test_raw_audio_stays_raw_whatever_its_samples_spell() -> None:
    ear = Ear()
    ear.feed(bytes(640), b"RIFF", b"OggS")
    assert bytes(ear.pcm) == bytes(640) + b"RIFFOggS"
    assert not decoders()


def test_compressed_audio_without_its_head_is_refused() -> None:
    headless = record("webm", 1.0)[2001:4001]
    assert is_headless(np.array([30_000, -30_000] * 10, np.int16).tobytes())
    ear = Ear()
    with pytest.raises(InvalidArgument):
        # By chance a few bytes may look like sound; not all of these do.
        ear.feed(*[headless[start : start + 333] for start in range(0, 1665, 333)])


@given(st.integers(100, 14_000), st.floats(20, 7000))
def test_no_sound_that_leaves_room_passes_for_compressed(loudness: int, hertz: float) -> None:
    times = np.arange(400) / SAMPLE_RATE
    pcm = (np.sin(2 * np.pi * hertz * times) * loudness).astype(np.int16)
    assert not is_headless(pcm.tobytes())


# ---------------------------------------------------------------------- containers


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_is_known_by_its_first_bytes(kind: Kind) -> None:
    assert sniff(record(kind, 0.2)) == kind
    assert sniff(tone(SAMPLE_RATE, 0.1).tobytes()) is None


@pytest.mark.parametrize("size", [997, 4099, 60_000])
@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_is_heard_while_it_still_comes(kind: Kind, size: int) -> None:
    """However it is cut. What a file format holds back for its reader is allowed to be late."""
    ear = Ear()
    try:
        ear.feed(*chunks(record(kind, 8.0), size))
        assert wait_until(lambda: ear.heard_s > 2.5), f"heard {ear.heard_s} s, {ear.faults}"
        heard = bytes(ear.pcm[: SAMPLE_RATE * 4])
        assert loudest_hz(heard, SAMPLE_RATE) == pytest.approx(TONE_HZ, abs=3)
        assert not ear.faults
    finally:
        ear.intake.close()


@pytest.mark.parametrize("kind", ["webm", "ogg"])
def test_a_browsers_recording_is_heard_without_delay(kind: Kind) -> None:
    ear = Ear()
    try:
        ear.feed(*chunks(record(kind, 2.0, layout="stereo"), 700))
        assert wait_until(lambda: ear.heard_s > 1.8), f"heard {ear.heard_s} s of 2"
    finally:
        ear.intake.close()


def test_a_new_head_begins_a_new_recording() -> None:
    ear = Ear()
    try:
        for number in (1, 2):
            ear.feed(*chunks(record("webm", 1.0), 500))
            assert wait_until(lambda: ear.heard_s > 0.9 * number)  # noqa: B023
        assert not ear.faults
        assert wait_until(lambda: decoders() == ["decode webm"])
    finally:
        ear.intake.close()


def test_closing_ends_the_decoders_thread() -> None:
    ear = Ear()
    ear.feed(record("webm", 0.5))
    assert decoders()
    ear.intake.close()
    assert wait_until(lambda: not decoders())
    assert not ear.faults


@pytest.mark.parametrize("head", [head for head in HEADS if head != b"fLaC"])
def test_garbage_under_a_good_head_is_one_fault_and_no_thread(head: bytes) -> None:
    ear = Ear()
    ear.feed(*chunks(head + np.random.default_rng(5).bytes(300_000), 4000))
    assert wait_until(lambda: bool(ear.faults) and not decoders())
    ear.feed(*chunks(bytes(100_000), 4000))
    assert len(ear.faults) == 1
    assert "not the" in str(ear.faults[0])
    assert not ear.pcm
    ear.intake.close()


def test_garbage_under_the_head_of_flac_is_never_heard() -> None:
    """Its decoder looks for the next frame for ever; it holds nothing and ends with the recording."""
    ear = Ear()
    ear.feed(*chunks(b"fLaC" + np.random.default_rng(5).bytes(300_000), 4000))
    ear.intake.close()
    assert wait_until(lambda: not decoders())
    assert not ear.pcm


def test_a_decoder_that_cannot_keep_up_says_so_instead_of_growing() -> None:
    decoder = ContainerDecoder("webm", SAMPLE_RATE, lambda _: time.sleep(0.2), lambda _: None)
    data = record("webm", 1.0)
    try:
        with pytest.raises(Overflow, match="faster than it can be decoded"):
            flood(decoder, data)
    finally:
        decoder.close()
        decoder.join(5)


def test_ogg_sent_page_by_page_is_one_recording() -> None:
    """As Firefox's recorder sends it: each message is whole pages."""
    pages = [b"OggS" + page for page in record("ogg", 3.0).split(b"OggS")[1:]]
    assert len(pages) > 3
    ear = Ear()
    try:
        ear.feed(*pages)
        assert wait_until(lambda: ear.heard_s > 1.5, timeout_s=1.0)
    finally:
        ear.intake.close()


def test_a_film_without_sound_is_a_fault() -> None:
    ear = Ear()
    try:
        ear.feed(film() + bytes(40_000))
        assert wait_until(lambda: bool(ear.faults), timeout_s=1.0)
    finally:
        ear.intake.close()
