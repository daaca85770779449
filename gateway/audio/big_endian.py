"""Other files of plain samples: AIFF and AIFF-C, Sun's AU, Apple's CAF."""

import struct
from collections.abc import Generator

from gateway.audio.plain import Plain, declared, parse_blocks, pcm, samples
from gateway.audio.source import Parser, Source, skip, take

LONGEST_FORM = 64 * 1024
CAF_PLAIN = (b"lpcm", b"ulaw", b"alaw")
_LAWS = {b"ulaw": "pcm_mulaw", b"ULAW": "pcm_mulaw", b"alaw": "pcm_alaw", b"ALAW": "pcm_alaw"}
_AU_PCM = {2: (1, "s"), 3: (2, "s"), 4: (3, "s"), 5: (4, "s"), 6: (4, "f"), 7: (8, "f")}
"""Bytes of a sample and their kind, by AU's number."""


def parse_aiff(source: Source) -> Parser:
    compressed = (yield from take(source, 12)).endswith(b"AIFC")
    plain: Plain | None = None
    while True:
        name, size = struct.unpack(">4sI", (yield from take(source, 8)))
        if name == b"SSND":
            if plain is None:
                raise ValueError("its sound comes before it says what form it has")
            offset = int.from_bytes((yield from take(source, 8))[:4], "big")
            yield from skip(source, offset)
            yield from parse_blocks(source, plain, declared(size - 8 - offset))
            while True:
                yield from skip(source, len(source.waiting))
                yield None
        form = yield from _chunk(source, size, name == b"COMM")
        plain = _read_comm(form, compressed) if form else plain


def _chunk(source: Source, size: int, wanted: bool) -> Generator[None, None, bytes]:
    """Its body; nothing of one that is not wanted."""
    padded = size + size % 2
    if not wanted:
        yield from skip(source, padded)
        return b""
    if padded > LONGEST_FORM:
        raise ValueError(f"what says its form has {size} bytes")
    return (yield from take(source, padded))


def _read_comm(form: bytes, compressed: bool) -> Plain:
    if len(form) < (22 if compressed else 18):
        raise ValueError("what says its form is too short")
    channels, _, bits, exponent, mantissa = struct.unpack(">HIHHQ", form[:18])
    rate, wide = round(mantissa * 2.0 ** ((exponent & 0x7FFF) - 16_446)), (bits + 7) // 8
    codec = form[18:22] if compressed else b"NONE"
    if codec in (b"NONE", b"twos", b"sowt"):
        return pcm(rate, channels, wide, "le" if codec == b"sowt" else "be")
    if codec.lower() in (b"fl32", b"fl64"):
        return pcm(rate, channels, int(codec[2:]) // 8, "be", "f")
    if codec in _LAWS:
        return samples(_LAWS[codec], rate, channels, 1)
    raise ValueError(f"its codec is {codec!r}; PCM, float, A-law and mu-law can be heard")


def parse_au(source: Source) -> Parser:
    offset, _, codec, rate, channels = struct.unpack(">IIIII", (yield from take(source, 24))[4:])
    yield from skip(source, offset - 24)
    if codec in (1, 27):
        plain = samples("pcm_mulaw" if codec == 1 else "pcm_alaw", rate, channels, 1)
    elif codec in _AU_PCM:
        plain = pcm(rate, channels, _AU_PCM[codec][0], "be", _AU_PCM[codec][1])
    else:
        raise ValueError(f"its codec is number {codec}; PCM, float, A-law and mu-law can be heard")
    yield from parse_blocks(source, plain, None)


def parse_caf(source: Source) -> Parser:
    """With plain samples."""
    yield from skip(source, 8)
    plain: Plain | None = None
    while True:
        name, size = struct.unpack(">4sq", (yield from take(source, 12)))
        if name == b"data":
            if plain is None:
                raise ValueError("its sound comes before it says what form it has")
            yield from skip(source, 4)
            yield from parse_blocks(source, plain, declared(size - 4))
            while True:
                yield from skip(source, len(source.waiting))
                yield None
        if size < 0:
            raise ValueError(f"its chunk {name!r} has no length")
        form = b""
        if name == b"desc" and size < LONGEST_FORM:
            form = yield from take(source, size)
        else:
            yield from skip(source, size)
        plain = _read_desc(form) if form else plain


def _read_desc(form: bytes) -> Plain:
    if len(form) < 32:
        raise ValueError("what says its form is too short")
    rate, codec, flags, _, _, channels, bits = struct.unpack(">d4sIIIII", form[:32])
    if not 0 < rate < 1e7:
        raise ValueError(f"its rate is {rate:g} Hz")
    if codec in _LAWS:
        return samples(_LAWS[codec], round(rate), channels, 1)
    return pcm(round(rate), channels, (bits + 7) // 8, "le" if flags & 2 else "be", "f" if flags & 1 else "s")
