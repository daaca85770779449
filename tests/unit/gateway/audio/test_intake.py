"""Recordings are heard while they still come, at the pace of whoever listens, in bounded memory."""

import asyncio
import threading
import time
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from chassis.faults import InvalidArgument
from gateway.audio.intake import PIECE_S, Intake
from protos.sound import HEARD_RATE
from tests.unit.gateway.audio.recordings import (
    CODECS,
    TONE_HZ,
    Kind,
    assert_alike,
    chunks,
    decode_file,
    encode,
    hear,
    loudest_hz,
    record,
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


@pytest.mark.parametrize("size", [997, 4099, 60_000])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_recording_is_heard_while_it_still_comes(kind: Kind, size: int) -> None:
    """Nothing but what is not whole yet is late: a frame, a page."""
    sent_s, heard = 0.0, bytearray()

    async def take(pcm: bytes) -> None:
        heard.extend(pcm)

    intake, data = Intake(HEARD_RATE, take), record(kind, 8.0)
    for piece in chunks(data, size):
        await intake.feed(piece)
        sent_s += 8.0 * len(piece) / len(data)
        late_s = 1.3 if kind == "ogg" else 0.7
        assert sent_s - len(heard) / 2 / HEARD_RATE < late_s + size * 8 / len(data)
    intake.close()
    assert loudest_hz(bytes(heard), HEARD_RATE) == pytest.approx(TONE_HZ, abs=2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_recording_in_one_message_is_heard_whole_without_a_next_one(kind: Kind) -> None:
    data = record(kind, 0.2)
    assert hear(data).size == decode_file(data).size >= 0.2 * HEARD_RATE


def test_a_file_of_mp3_behind_a_large_picture_is_heard() -> None:
    data = encode("mp3", "libmp3lame", 44_100, voice(44_100, 1.0)[None], options={"id3v2_version": "0"})
    size = 300_000
    tag = b"ID3\x04\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    whole = tag + bytes(size) + data
    for pieces in (chunks(whole, 5000), [whole]):
        assert_alike(hear(*pieces), hear(data))


def test_mp3_that_begins_within_a_frame_or_is_damaged_is_heard_around_it() -> None:
    data = encode(
        "mp3",
        "libmp3lame",
        44_100,
        voice(44_100, 2.0)[None],
        options={"id3v2_version": "0", "write_xing": "0"},
    )
    hurt = data[:8000] + bytes(500) + data[8500:]
    assert hear(hurt).size > HEARD_RATE * 1.7
    assert hear(*chunks(data[300:], 4000)).size > HEARD_RATE * 1.7


async def test_nothing_is_decoded_before_what_came_before_it_was_taken() -> None:
    """A minute of silence in few bytes does not pile up: the pace is that of whoever takes it."""
    given, most = 0, 0
    data = encode("flac", "flac", 48_000, np.zeros((1, 48_000 * 60), np.int16))

    async def take(pcm: bytes) -> None:
        nonlocal given, most
        given, most = given + len(pcm) // 2, max(most, len(pcm) // 2)
        await asyncio.sleep(0)

    intake = Intake(HEARD_RATE, take)
    feeding = asyncio.create_task(intake.feed(data))
    await asyncio.sleep(0.005)
    assert given < HEARD_RATE * 50, "it waits for its time"
    feeding.cancel()
    await asyncio.wait([feeding])
    intake.close()
    assert most <= HEARD_RATE * PIECE_S


@pytest.mark.parametrize("kind", ["webm", "ogg"])
async def test_a_slow_listener_holds_the_decoders_thread_back(kind: Kind) -> None:
    taken, waits = 0, asyncio.Event()

    async def take(pcm: bytes) -> None:
        nonlocal taken
        taken += 1
        if taken == 3:
            await waits.wait()

    intake = Intake(HEARD_RATE, take)
    feeding = asyncio.create_task(intake.feed(record(kind, 20.0)))
    await asyncio.sleep(0.3)
    assert taken == 3
    waits.set()
    await feeding
    assert taken > 150
    intake.close()
    assert no_decoder_is_left()


@pytest.mark.parametrize("when", [0.0, 0.001, 0.02])
async def test_a_session_that_ends_in_the_middle_leaves_no_thread(when: float) -> None:
    async def take(pcm: bytes) -> None:
        await asyncio.sleep(0.01)

    intake = Intake(HEARD_RATE, take)
    feeding = asyncio.create_task(intake.feed(record("webm", 5.0)))
    await asyncio.sleep(when)
    feeding.cancel()
    await asyncio.wait([feeding])
    intake.close()
    assert no_decoder_is_left()


def test_ogg_sent_page_by_page_is_one_recording() -> None:
    """As Firefox's recorder sends it: each message is whole pages."""
    data = record("ogg", 3.0)
    pages = [b"OggS" + page for page in data.split(b"OggS")[1:]]
    assert len(pages) > 3
    assert_alike(hear(*pages), hear(data))


async def test_many_recordings_leave_one_decoder_and_are_counted() -> None:
    async def take(pcm: bytes) -> None:
        pass

    intake = Intake(HEARD_RATE, take)
    for _ in range(20):
        await intake.feed(record("webm", 0.1))
    assert intake.recordings == 20
    until = time.monotonic() + 3
    while len(decoders()) > 1 and time.monotonic() < until:
        await asyncio.sleep(0.01)
    assert len(decoders()) == 1
    intake.close()
    assert no_decoder_is_left()


def test_an_mp4_whose_index_comes_first_is_heard_to_the_sample(tmp_path: Path) -> None:
    """As cameras and editors write it for the web."""
    file = tmp_path / "index-first.m4a"
    samples = voice(44_100, 1.0)
    with av.open(str(file), "w", "mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("aac", rate=44_100)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        wide = np.asarray(samples / 32_768, np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(wide, format="fltp", layout="mono")
        frame.sample_rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    data = file.read_bytes()
    for size in (len(data), 1000, 100, 7):
        assert_alike(hear(*chunks(data, size)), decode_file(data))


def id3(size: int) -> bytes:
    return b"ID3\x04\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)


HEAD = encode("flac", "flac", 48_000, np.zeros((1, 48_000), np.int16))
SOUNDLESS: dict[str, bytes] = {
    "nothing behind a tag": id3(100) + b"\xff\xfb\x90\x64" + bytes(8_000_000),
    "noise behind a tag": id3(100) + b"\xff\xfb\x90\x64" + np.random.default_rng(1).bytes(4_000_000),
    "half heads behind a tag": id3(100) + b"\xff\xfb\x90\x64" + b"\xff\xfb\x90" * 1_000_000,
    "heads of FLAC and no frame": HEAD[: HEAD.index(b"\xff\xf8") + 16]
    + HEAD[HEAD.index(b"\xff\xf8") : HEAD.index(b"\xff\xf8") + 14] * 20_000,
    "a list without end": b"RIFF\0\0\0\0WAVE" + b"LIST\xf0\xff\xff\x70" + bytes(8_000_000),
}


@pytest.mark.parametrize("name", SOUNDLESS)
async def test_megabytes_without_sound_keep_nobody_else_waiting(name: str) -> None:
    longest = 0.0

    async def take(pcm: bytes) -> None:
        pass

    async def watch() -> None:
        nonlocal longest
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            longest, before = max(longest, time.thread_time() - before), time.thread_time()

    intake = Intake(HEARD_RATE, take)
    watching = asyncio.create_task(watch())
    with suppress(InvalidArgument):
        await intake.feed(SOUNDLESS[name])
    watching.cancel()
    await asyncio.wait([watching])
    intake.close()
    assert longest < 0.1, "of this thread's own time, however busy the machine is"
