"""FLAC: each frame is decoded once it is whole.

A frame does not say how long it is. It ends where the next begins, and what looks like the next is believed
when what lies before it decodes and its checksum fits; the last one, when nothing more comes, likewise.
"""

from collections.abc import Generator

import av

from gateway.audio.codec import Codec
from gateway.audio.mpeg import id3_bytes
from gateway.audio.source import Parser, Sound, Source, peek, skip, take

MAGIC = b"fLaC"
STREAMINFO, STREAMINFO_BYTES = 0, 34
LONGEST_HEAD = 16
MOST_TRIES = 16
"""So many false ends of a frame are looked at; chance gives one in a hundred frames."""
LONGEST_FRAME = 4 * 1024 * 1024
"""A block of 65,535 samples, eight channels, 32 bits, has half of it."""


def _crc8_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte << 1 ^ (0x07 if byte & 0x80 else 0)
        table.append(byte & 0xFF)
    return tuple(table)


_CRC8 = _crc8_table()


def is_frame_head(head: bytes) -> bool:
    """Whether a frame begins with these bytes, its own checksum included."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xFE != 0xF8:
        return False
    block, rate, channels, width = head[2] >> 4, head[2] & 15, head[3] >> 4, head[3] >> 1 & 7
    if not block or rate == 15 or channels > 10 or width == 3 or head[3] & 1:
        return False
    number = _number_bytes(head[4])
    if not number:
        return False
    end = 4 + number + {6: 1, 7: 2}.get(block, 0) + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    return len(head) > end and _crc8(head[:end]) == head[end]


def _number_bytes(first: int) -> int:
    """How long a number is, written as UTF-8 writes its own; 0: none begins so."""
    ones = 8 - (~first & 0xFF).bit_length()
    return {0: 1, 1: 0, 8: 0}.get(ones, ones)


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def parse_flac(source: Source) -> Parser:
    while True:
        info = yield from _read_info(source)
        yield from _parse_frames(source, info)


def _read_info(source: Source) -> Generator[None, None, bytes]:
    yield from skip(source, id3_bytes((yield from peek(source, 10))) + len(MAGIC))
    info, last = b"", False
    while not last:
        head = yield from take(source, 4)
        last, kind, size = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:4], "big")
        if kind == STREAMINFO and size == STREAMINFO_BYTES and not info:
            info = yield from take(source, size)
        elif not info:
            raise ValueError("its first block is not the one that says what the others hold")
        else:
            yield from skip(source, size)
    return info


def _parse_frames(source: Source, info: bytes) -> Parser:
    """Until another file begins."""
    codec, looked, tries = _codec(info), 1, 0
    while True:
        if (yield from peek(source, 4)) == MAGIC:
            return
        end = _next_head(source.waiting, looked)
        if end is None and not source.draining:
            looked = max(len(source.waiting) - LONGEST_HEAD, 1)
            if looked > LONGEST_FRAME:
                raise ValueError("no frame of it is whole")
            yield None
            continue
        sounds = _decode(codec, bytes(source.waiting[:end]))
        if sounds is None and end is None:
            yield None  # its second half is still to come
        elif sounds is None and end is not None and tries < MOST_TRIES:
            looked, tries = end + 1, tries + 1
        else:
            del source.waiting[:end]
            looked, tries = 1, 0
            yield from sounds or ()


def _next_head(data: bytearray, start: int) -> int | None:
    """Where the next frame, or file, seems to begin."""
    at = data.find(b"\xff", start)
    while at >= 0:
        if is_frame_head(bytes(data[at : at + LONGEST_HEAD])):
            return at
        at = data.find(b"\xff", at + 1)
    at = data.find(MAGIC, start)
    return at if at >= 0 else None


def _codec(info: bytes) -> Codec:
    return Codec("flac", extradata=info, options={"err_detect": "crccheck+explode"})


def _decode(codec: Codec, frame: bytes) -> list[Sound] | None:
    """None: this is not a whole frame."""
    try:
        return codec.decode(frame) or None
    except av.FFmpegError:
        return None
