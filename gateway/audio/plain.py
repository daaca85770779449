"""Sound that lies in a file as it is, sample after sample: heard as it comes, to the last whole sample.

The lengths that heads declare are believed only where something follows the sound: a live stream declares
0, or more than ever comes.
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av

from gateway.audio.codec import Codec, check_channels, check_rate, mono
from gateway.audio.source import Parser, Sound, Source

PIECE_BYTES = 8192
ENDLESS = 0x7FFF_0000
"""A length from here on is what a live stream declares."""


@dataclass(frozen=True, slots=True)
class Plain:
    """`decode` takes any number of whole blocks."""

    block_bytes: int
    decode: Callable[[bytes], Iterator[Sound]]


def samples(codec: str, rate: int, channels: int, sample_bytes: int) -> Plain:
    """Blocks of one sample of every channel."""
    decoder = Codec(codec, check_rate(rate), check_channels(channels))
    return Plain(channels * sample_bytes, lambda blocks: iter(decoder.decode(blocks)))


def pcm(rate: int, channels: int, sample_bytes: int, order: str, kind: str = "s") -> Plain:
    """`order` is le or be; `kind` is s, u or f: signed, unsigned, floating."""
    widths = (4, 8) if kind == "f" else (1, 2, 3, 4)
    if sample_bytes not in widths:
        raise ValueError(f"its samples have {sample_bytes * 8} bits; {_bits(widths)} can be heard")
    name = f"pcm_{kind}{sample_bytes * 8}" + (order if sample_bytes > 1 else "")
    return samples(name, rate, channels, sample_bytes)


def _bits(widths: tuple[int, ...]) -> str:
    return ", ".join(str(width * 8) for width in widths)


def wav_blocks(form: bytes, block_bytes: int) -> Plain:
    """Blocks of a codec of WAV, each decodable alone: as small files of their own."""

    def decode(blocks: bytes) -> Iterator[Sound]:
        body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(blocks))
        file = io.BytesIO(b"RIFF" + struct.pack("<I", len(body) + len(blocks)) + body + blocks)
        with av.open(file, "r", "wav") as opened:
            for frame in opened.decode(audio=0):
                yield mono(frame)

    if block_bytes < 1:
        raise ValueError("it does not say how long its blocks are")
    return Plain(block_bytes, decode)


def parse_blocks(source: Source, plain: Plain, size: int | None) -> Parser:
    """`size` bytes of sound; None: until another recording begins."""
    block = plain.block_bytes
    piece = max(PIECE_BYTES // block, 1) * block
    while size is None or size >= block:
        most = piece if size is None else min(piece, size)
        whole = min(len(source.waiting), most) // block * block
        if not whole:
            yield None
            continue
        blocks = bytes(source.waiting[:whole])
        del source.waiting[:whole]
        size = None if size is None else size - whole
        yield from plain.decode(blocks)


def declared(size: int) -> int | None:
    """A length as the parsers take it."""
    return size if 0 < size < ENDLESS else None
