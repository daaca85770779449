"""MP3, AAC and AC-3 as files of nothing but frames, each with a head of its own; AMR likewise.

The heads say how long the frames are, so each is decoded as soon as it is whole. A head has few bits that
must be so: what looks like one is believed when another follows where it says.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import av

from gateway.audio.codec import Codec
from gateway.audio.source import Parser, Sound, Source, peek, skip, take

HEAD_BYTES = 7
"""Enough of a frame to know its length."""
_MP3_KBPS = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""By version (2 stands for 2.5 too) and layer."""
_MP3_RATES = (44_100, 48_000, 32_000)
_AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_AMR_NB_BYTES = (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1)
_AMR_WB_BYTES = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1)
AMR_NB, AMR_WB = b"#!AMR\n", b"#!AMR-WB\n"
MP3_DELAY = 528 + 1
"""Samples that every MP3 decoder adds at the front."""


@dataclass(frozen=True, slots=True)
class FrameHead:
    """`alike` is the same for all frames of a recording."""

    size: int
    alike: tuple[int, ...]
    samples: int = 0


ReadHead = Callable[[bytes], FrameHead | None]


def mp3_head(head: bytes) -> FrameHead | None:
    """Of the frame that begins with these four bytes; None: no frame begins so."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version_bits, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbps_index, rate_index = head[2] >> 4, head[2] >> 2 & 3
    if version_bits == 1 or layer == 4 or kbps_index in (0, 15) or rate_index == 3 or head[3] & 3 == 2:
        return None
    version = 1 if version_bits == 3 else 2
    rate = _MP3_RATES[rate_index] >> (3 - version_bits if version_bits else 2)
    kbps, padding = _MP3_KBPS[version, layer][kbps_index], head[2] >> 1 & 1
    if layer == 1:
        return FrameHead((12_000 * kbps // rate + padding) * 4, (version_bits, layer, rate), 384)
    samples = 576 if version == 2 and layer == 3 else 1152
    return FrameHead(samples * 125 * kbps // rate + padding, (version_bits, layer, rate), samples)


def adts_head(head: bytes) -> FrameHead | None:
    """Of the AAC frame that begins with these seven bytes; None: no frame begins so."""
    if len(head) < HEAD_BYTES or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return None
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    shortest = 7 if head[1] & 1 else 9
    return FrameHead(size, (head[1], head[2])) if size > shortest else None


def loas_head(head: bytes) -> FrameHead | None:
    """Of AAC in LOAS, as broadcasts have it."""
    if len(head) < 3 or head[0] != 0x56 or head[1] & 0xE0 != 0xE0:
        return None
    return FrameHead(3 + ((head[1] & 0x1F) << 8 | head[2]), ())


def ac3_head(head: bytes) -> FrameHead | None:
    """Of AC-3 and of E-AC-3."""
    if len(head) < 6 or head[:2] != b"\x0b\x77" or head[5] >> 3 > 16:
        return None
    if head[5] >> 3 > 10:
        return FrameHead(((head[2] & 7) << 8 | head[3]) * 2 + 2, (head[5],))
    rate_index, kbps_index = head[4] >> 6, (head[4] & 0x3F) >> 1
    if rate_index == 3 or kbps_index >= len(_AC3_KBPS):
        return None
    kbps, odd = _AC3_KBPS[kbps_index], head[4] & 1
    words = (kbps * 2, kbps * 320 // 147 + odd, kbps * 3)[rate_index]
    return FrameHead(words * 2, (rate_index, head[5]))


def ts_head(head: bytes) -> FrameHead | None:
    """Of a packet of an MPEG transport stream."""
    return FrameHead(188, ()) if head[:1] == b"\x47" else None


def amr_head(sizes: tuple[int, ...]) -> ReadHead:
    return lambda head: FrameHead(sizes[head[0] >> 3 & 15], ()) if head and not head[0] & 0x83 else None


def is_chain(data: bytes, read_head: ReadHead, frames: int, whole: bool) -> bool | None:
    """Whether frame follows frame from the first byte on; None: too little has come to say.

    `whole`: nothing more comes, so that a chain which ends where the data ends is enough.
    """
    at, alike = 0, None
    for _ in range(frames):
        head = read_head(data[at : at + HEAD_BYTES])
        if head is None:
            return _is_end(data, at, whole)
        if (alike is not None and head.alike != alike) or data[at : at + 4] in data[at + 1 : at + head.size]:
            return False  # what looks like a head and comes again and again is a wave
        alike = head.alike
        at += head.size
    return True


def _is_end(data: bytes, at: int, whole: bool) -> bool | None:
    if whole:
        return at == len(data) > 0
    left = data[at : at + HEAD_BYTES]
    return None if len(left) < HEAD_BYTES and _may_begin(left) else False


def _may_begin(left: bytes) -> bool:
    if left[:1] == b"\xff":
        return len(left) < 2 or left[1] & 0xE0 == 0xE0
    return left[:1] in (b"", b"\x56", b"\x0b")


def id3_bytes(head: bytes) -> int:
    """The length of the ID3v2 tag that these ten bytes open; 0: none does."""
    if (
        len(head) < 10
        or not head.startswith(b"ID3")
        or head[3] > 4
        or any(byte & 0x80 for byte in head[6:10])
    ):
        return 0
    size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return 10 + size + (10 if head[5] & 0x10 else 0)


# ---------------------------------------------------------------------- reading


def frames(
    source: Source, read_head: ReadHead, sync: bytes
) -> Generator[tuple[FrameHead, bytes] | None, None, None]:
    """Frame after frame. Tags are passed over; after damage it looks for two that follow each other.

    `sync` is the byte that every head begins with.
    """
    in_step = True
    while True:
        yield from peek(source, HEAD_BYTES)
        start = bytes(source.waiting[:HEAD_BYTES])
        if start.startswith(b"ID3"):
            yield from skip(source, id3_bytes((yield from peek(source, 10))) or 1)
            continue
        head = read_head(start)
        if head is not None and not in_step:
            head = head if (yield from _is_followed(source, head, read_head)) else None
        if head is None:
            in_step = False
            next_sync = source.waiting.find(sync, 1)
            del source.waiting[: next_sync if next_sync > 0 else len(source.waiting)]
            continue
        in_step = True
        yield head, (yield from take(source, head.size))


def _is_followed(source: Source, head: FrameHead, read_head: ReadHead) -> Generator[None, None, bool]:
    while len(source.waiting) < head.size + HEAD_BYTES and not source.draining:
        yield None
    follower = read_head(bytes(source.waiting[head.size : head.size + HEAD_BYTES]))
    return follower is not None and follower.alike == head.alike


def parse_mp3(source: Source) -> Parser:
    """Without what the encoder put around the sound, where the file says how much that is."""
    codec, trim = Codec("mp3"), Trim()
    for found in frames(source, mp3_head, b"\xff"):
        if found is None:
            yield None
            continue
        head, frame = found
        if (about := read_lame(head, frame)) is not None:
            codec, trim = Codec("mp3"), about
            continue
        yield from trim.cut(decoded(codec, frame))


def parse_frames(name: str, read_head: ReadHead, sync: bytes) -> Callable[[Source], Parser]:
    """Of a codec that has nothing around its frames."""

    def parse(source: Source) -> Parser:
        codec = Codec(name)
        for found in frames(source, read_head, sync):
            if found is None:
                yield None
            else:
                yield from decoded(codec, found[1])

    return parse


def parse_amr(source: Source) -> Parser:
    wide = (yield from peek(source, len(AMR_WB))) == AMR_WB
    yield from skip(source, len(AMR_WB if wide else AMR_NB))
    codec = Codec("amrwb", 16_000, 1) if wide else Codec("amrnb", 8_000, 1)
    sizes = _AMR_WB_BYTES if wide else _AMR_NB_BYTES
    read_head = amr_head(sizes)
    while True:
        head = read_head((yield from peek(source, 1)))
        if head is None:
            raise ValueError("a frame has a head that no frame of AMR has")
        yield from decoded(codec, (yield from take(source, head.size)))


def decoded(codec: Codec, frame: bytes) -> Iterator[Sound]:
    """Nothing where a frame is damaged: the next may be whole."""
    try:
        yield from codec.decode(frame)
    except av.FFmpegError:
        return


# ---------------------------------------------------------------------- what the encoder added


class Trim:
    """Of the next `span` samples, drops the first `front` and keeps `kept` after them; then keeps all."""

    def __init__(self, front: int = 0, kept: int = 0, span: int = 0) -> None:
        self._at, self._front, self._span = 0, front, span
        self._end = front + kept if span else None

    def cut(self, sounds: Iterator[Sound]) -> Iterator[Sound]:
        for sound in sounds:
            at, self._at = self._at, self._at + sound.samples.size
            end = self._end if self._end is not None and self._at <= self._span else self._at
            samples = sound.samples[max(self._front - at, 0) : max(end - at, 0)]
            if samples.size:
                yield Sound(sound.rate, samples)


def read_lame(head: FrameHead, frame: bytes) -> Trim | None:
    """What a frame says that holds no sound but is about the file (Xing, Info, VBRI); None: it is sound."""
    mono, low = frame[3] >> 6 == 3, head.samples == 576
    at = 4 + (9 if low and mono else 17 if low or mono else 32)
    if frame[36:40] == b"VBRI":
        return Trim()
    if frame[at : at + 4] not in (b"Xing", b"Info"):
        return None
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    count = int.from_bytes(frame[at + 8 : at + 12], "big") if flags & 1 else 0
    lame = at + 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    if frame[lame : lame + 4] not in (b"LAME", b"Lavf", b"Lavc"):
        return Trim()
    around = int.from_bytes(frame[lame + 21 : lame + 24], "big")
    front, end, whole = (around >> 12) + MP3_DELAY, (around & 0xFFF) - MP3_DELAY, count * head.samples
    return Trim(front, max(whole - end - front, 0), whole + MP3_DELAY) if count else Trim(front)
