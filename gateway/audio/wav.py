"""WAV: RIFF and RF64, with whatever chunks around its sound."""

import struct
from collections.abc import Generator

from gateway.audio.plain import Plain, declared, parse_blocks, pcm, samples, wav_blocks
from gateway.audio.source import Parser, Source, skip, take

MAGICS = (b"RIFF", b"RF64", b"BW64")
LONGEST_FORM = 64 * 1024
_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 0x01, 0x03, 0x06, 0x07, 0xFFFE
_IN_BLOCKS = (0x02, 0x11, 0x31)
"""ADPCM, IMA's ADPCM, GSM: every block stands for itself."""


def parse_wav(source: Source) -> Parser:
    """File after file. After the end that its head declares, sound that still comes is of the same form."""
    while True:
        riff_size = int.from_bytes((yield from take(source, 12))[4:8], "little")
        plain, size, before = yield from _read_head(source)
        yield from parse_blocks(source, plain, size)
        if size is not None:
            yield from skip(source, size % plain.block_bytes)
            if declared(riff_size) is not None:
                yield from skip(source, max(riff_size + 8 - before - size, 0))
            if not (yield from _begins_another(source)):
                yield from parse_blocks(source, plain, None)


def _begins_another(source: Source) -> Generator[None, None, bool]:
    while len(source.waiting) < 4 and any(magic.startswith(source.waiting) for magic in MAGICS):
        yield None
    return bytes(source.waiting[:4]) in MAGICS


def _read_head(source: Source) -> Generator[None, None, tuple[Plain, int | None, int]]:
    """Up to the first sample: the form, the declared length of the sound, the bytes until here."""
    form, long_size, at = b"", 0, 12
    while True:
        name, size = struct.unpack("<4sI", (yield from take(source, 8)))
        at += 8
        if name == b"data":
            if not form:
                raise ValueError("its sound comes before it says what form it has")
            return _read_form(form), declared(long_size or size), at
        padded = size + size % 2
        if (padded >= LONGEST_FORM and name in (b"fmt ", b"ds64")) or (declared(padded) is None and size):
            raise ValueError(f"its chunk {name!r} has {size} bytes")
        if name == b"fmt ":
            form = (yield from take(source, padded))[:size]
        elif name == b"ds64":
            long_size = int.from_bytes((yield from take(source, padded))[8:16], "little")
        else:
            yield from skip(source, padded)
        at += padded


def _read_form(form: bytes) -> Plain:
    if len(form) < 16:
        raise ValueError("what says its form is too short")
    tag, channels, rate, _, block_bytes, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == _EXTENSIBLE and len(form) >= 26:
        tag = int.from_bytes(form[24:26], "little")
    sample_bytes = block_bytes // channels if channels and block_bytes >= channels else (bits + 7) // 8
    if tag == _PCM:
        return pcm(rate, channels, sample_bytes, "le", "u" if sample_bytes == 1 else "s")
    if tag == _FLOAT:
        return pcm(rate, channels, sample_bytes, "le", "f")
    if tag in (_ALAW, _MULAW):
        return samples("pcm_alaw" if tag == _ALAW else "pcm_mulaw", rate, channels, 1)
    if tag in _IN_BLOCKS:
        return wav_blocks(form, block_bytes)
    raise ValueError(
        f"its codec is number 0x{tag:04x}; PCM, float, A-law, mu-law, ADPCM and GSM can be heard"
    )
