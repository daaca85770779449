"""What a recording is, by its first bytes. Declared types are ignored: browsers and files get them wrong.

Few bytes are believed only where sound cannot have them: samples may spell anything for a while.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

import numpy as np

from gateway.audio.big_endian import CAF_PLAIN, parse_aiff, parse_au, parse_caf
from gateway.audio.flac import parse_flac
from gateway.audio.mpeg import (
    AMR_NB,
    AMR_WB,
    ReadHead,
    ac3_head,
    adts_head,
    id3_bytes,
    is_chain,
    loas_head,
    mp3_head,
    parse_amr,
    parse_frames,
    parse_mp3,
    ts_head,
)
from gateway.audio.source import Parser, Source
from gateway.audio.wav import MAGICS as RIFF_MAGICS
from gateway.audio.wav import parse_wav

CHAIN_FRAMES = 3
WILD_SAMPLES, WILD_BYTES, WILD_STEP = 20, 4096, 15_000
LONGEST_HEAD = 16 * 1024
"""So many bytes are looked at, at most, until it is said what they are."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`parse` reads it as it comes; else libavformat, by the name `demuxer`; else nobody, for `refusal`."""

    name: str
    parse: Callable[[Source], Parser] | None = None
    demuxer: str = ""
    refusal: str = ""
    index_behind: bool = False
    """It cannot be heard before the whole has come."""
    is_message: bool = False
    """What is refused is one message; the next may be anything."""


class Unsure(Enum):
    UNDECIDED = "more must come"
    NOTHING_KNOWN = "nothing that is known"


Verdict = Kind | Unsure

MP3 = Kind("MP3", parse=parse_mp3)
FLAC = Kind("FLAC", parse=parse_flac)
AAC = Kind("AAC", parse=parse_frames("aac", adts_head, b"\xff"))
_MP4_INDEX_BEHIND = Kind("MP4", demuxer="mov", index_behind=True)
WEBM = Kind("WebM", demuxer="matroska")
OGG = Kind("Ogg", demuxer="ogg")
MP4 = Kind("MP4", demuxer="mov")
CAF = Kind("CAF", parse=parse_caf)
_CAF_PACKED = Kind("CAF", refusal="holds compressed sound, whose index may come behind it")
WAV = Kind("WAV", parse=parse_wav)
_CHAINS: tuple[tuple[Kind, ReadHead, int], ...] = (
    (MP3, mp3_head, CHAIN_FRAMES),
    (AAC, adts_head, CHAIN_FRAMES),
    (Kind("AAC in LOAS", parse=parse_frames("aac_latm", loas_head, b"\x56")), loas_head, CHAIN_FRAMES),
    (Kind("AC-3", parse=parse_frames("eac3", ac3_head, b"\x0b")), ac3_head, CHAIN_FRAMES),
    (Kind("an MPEG transport stream", refusal="is not decoded here"), ts_head, 6),
)
"""What has no magic: so many frames must follow each other."""
_MAGICS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x1a\x45\xdf\xa3", WEBM),
    (b"fLaC\x00\x00\x00\x22", FLAC),
    (b"fLaC\x80\x00\x00\x22", FLAC),
    (AMR_NB, Kind("AMR", parse=parse_amr)),
    (AMR_WB, Kind("AMR-WB", parse=parse_amr)),
    (b".snd\x00\x00", Kind("AU", parse=parse_au)),
    (b"0&\xb2u\x8ef\xcf\x11", Kind("WMA", demuxer="asf")),
    (b"FLV\x01", Kind("FLV", demuxer="flv")),
    (b"wvpk", Kind("WavPack", refusal="is not decoded here")),
    (b"riff\x2e\x91\xcf\x11", Kind("Wave64", refusal="is not decoded here")),
    (b"\x7f\xfe\x80\x01", Kind("DTS", refusal="is not decoded here")),
    (b"TTA1", Kind("TTA", refusal="is not decoded here")),
    (b"MAC \x00", Kind("Monkey's Audio", refusal="is not decoded here")),
    (b"MThd\x00\x00\x00\x06", Kind("MIDI", refusal="holds notes, not sound")),
    (b"#!SILK", Kind("SILK", refusal="is not decoded here")),
    (b"\x02#!SILK", Kind("SILK", refusal="is not decoded here")),
    (b"PK\x03\x04", Kind("a ZIP archive", refusal="is no recording")),
    (b"%PDF-", Kind("a PDF", refusal="is no recording")),
    (b"\x89PNG\r\n", Kind("a picture", refusal="is no recording")),
    (b"\xff\xd8\xff\xe0", Kind("a picture", refusal="is no recording")),
    (b"\xff\xd8\xff\xe1", Kind("a picture", refusal="is no recording")),
    (b"GIF8", Kind("a picture", refusal="is no recording")),
    (b"\x1f\x8b\x08\x00", Kind("gzip", refusal="must be unpacked before it is sent")),
)
_BASE64 = Kind("base64", refusal="is text; send the bytes that it stands for", is_message=True)
_BASE64_HEADS = (b"UklGR", b"GkXfo", b"T2dnUw", b"ZkxhQ", b"SUQz", b"data:")
_TEXT = Kind("text", refusal="is no sound; control goes as text messages", is_message=True)
_HINT = "send PCM, WAV, FLAC, MP3, AAC, WebM, Ogg or fragmented MP4"


def refused(kind: Kind, why: str = "") -> str:
    """What to tell the client about a recording that is not heard."""
    return f"this looks like {kind.name}, which {why or kind.refusal}; {_HINT}"


def judge(head: bytes, current: Kind | None, whole: bool, paused: bool = True) -> Verdict:
    """What begins with these bytes, at the front of a message. `current`: what has been coming until now.

    `whole`: nothing more is coming just now, so it must be said by what has come. `paused`: nothing came for
    a while before; else what may be the beginning of another recording is not waited for.
    """
    head = head[:LONGEST_HEAD]
    unsure = Unsure.NOTHING_KNOWN
    for look in (_by_magic, _by_form, _by_id3, _by_chain, _by_text, _by_middle):
        verdict = look(head, current)
        if isinstance(verdict, Kind):
            return verdict
        if verdict is Unsure.UNDECIDED and (look is not _by_chain or current is None or paused):
            unsure = verdict
    if unsure is Unsure.UNDECIDED and (whole or len(head) >= LONGEST_HEAD):
        return _by_end(head, current) if whole else Unsure.NOTHING_KNOWN
    return unsure


def _by_magic(head: bytes, current: Kind | None) -> Verdict:  # noqa: ARG001
    unsure = Unsure.NOTHING_KNOWN
    for magic, kind in _MAGICS:
        if head.startswith(magic):
            return kind
        if magic.startswith(head):
            unsure = Unsure.UNDECIDED
    return unsure


def _by_form(head: bytes, current: Kind | None) -> Verdict:
    """Files whose magic is followed by a length and what they hold."""
    first, form = head[:4], head[8:12]
    if first in RIFF_MAGICS or first == b"FORM":
        if len(head) < 12:
            return Unsure.UNDECIDED
        if first == b"FORM":
            return Kind("AIFF", parse=parse_aiff) if form in (b"AIFF", b"AIFC") else Unsure.NOTHING_KNOWN
        if form == b"WAVE":
            return WAV
        return Kind("AVI", demuxer="avi") if form == b"AVI " else Unsure.NOTHING_KNOWN
    if first == b"OggS":
        return _read_ogg(head, current)
    if first == b"caff":
        if len(head) < 32:
            return Unsure.UNDECIDED
        return CAF if head[28:32] in CAF_PLAIN else _CAF_PACKED
    if head[:3] == bytes(3) or (len(head) < 3 and not head.strip(b"\0")):
        return _read_mp4(head)
    begun = any(magic.startswith(first) for magic in (*RIFF_MAGICS, b"FORM", b"OggS", b"caff"))
    return Unsure.UNDECIDED if begun and len(head) < 4 else Unsure.NOTHING_KNOWN


def _read_ogg(head: bytes, current: Kind | None) -> Verdict:
    """Every page has this head; bit 2 of its type says that it begins a stream."""
    if len(head) < 6:
        return Unsure.UNDECIDED
    begins = head[4] == 0 and head[5] & 2
    if begins:
        return OGG
    return Unsure.NOTHING_KNOWN if current is not None else _middle("Ogg")


def _read_mp4(head: bytes) -> Verdict:
    """What comes first, its sound or its index, is seen behind the boxes that say neither."""
    if len(head) < 8:
        return Unsure.UNDECIDED if len(head) < 4 or 8 <= head[3] <= 64 else Unsure.NOTHING_KNOWN
    if head[4:8] != b"ftyp":
        return Unsure.NOTHING_KNOWN
    at = 0
    while len(head) >= at + 8:
        size, name = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        if name == b"mdat":
            return _MP4_INDEX_BEHIND
        if name in (b"moov", b"moof", b"sidx") or size < 8 or at + size > LONGEST_HEAD - 8:
            return MP4
        at += size
    return Unsure.UNDECIDED


def _by_id3(head: bytes, current: Kind | None) -> Verdict:  # noqa: ARG001
    if len(head) < 10:
        return Unsure.UNDECIDED if b"ID3".startswith(head[:3]) else Unsure.NOTHING_KNOWN
    size = id3_bytes(head)
    if not size:
        return Unsure.NOTHING_KNOWN
    behind = head[size : size + 4]
    if behind == b"fLaC":
        return FLAC
    if adts_head(head[size : size + 7]) is not None:
        return AAC
    return MP3 if behind or size > LONGEST_HEAD // 2 else Unsure.UNDECIDED


def _by_chain(head: bytes, current: Kind | None) -> Verdict:
    unsure = Unsure.NOTHING_KNOWN
    for kind, read_head, frames in _CHAINS:
        if kind is not current:
            chained = is_chain(head, read_head, frames, whole=False)
            if chained:
                return kind
            if chained is None:
                unsure = Unsure.UNDECIDED
    return unsure


def _by_text(head: bytes, current: Kind | None) -> Verdict:
    """Bytes that are all printable are samples of no sound."""
    if current is not None or len(head) < 64 or not head[:256].isascii():
        return Unsure.NOTHING_KNOWN
    if not "".join(head[:256].decode("ascii").split()).isprintable():
        return Unsure.NOTHING_KNOWN
    return _BASE64 if head.startswith(_BASE64_HEADS) else _TEXT


def _by_end(head: bytes, current: Kind | None) -> Verdict:
    """A whole recording so short that only its end says what it is."""
    if id3_bytes(head):
        return MP3
    for kind, read_head, frames in _CHAINS[:2]:
        if kind is not current and is_chain(head, read_head, frames, whole=True):
            return kind
    return Unsure.NOTHING_KNOWN


def _by_middle(head: bytes, current: Kind | None) -> Verdict:
    """What has no beginning looks like noise. It is noise when nothing of a recording is found in it."""
    if current is not None or not is_wild(head):
        return Unsure.NOTHING_KNOWN
    if b"OggS\0" in head:
        return _middle("Ogg")
    if any(box in head for box in (b"moof", b"mdat")):
        return _middle("MP4")
    if b"\x1fC\xb6u" in head or any(map(partial(_is_block, head), _places(head, b"\xa3"))):
        return _middle("WebM")
    for at in _places(head, b"\xff"):
        for kind, read_head, frames in _CHAINS[:2]:
            if is_chain(head[at:], read_head, frames, whole=False):
                return kind
    return Unsure.UNDECIDED if len(head) < WILD_BYTES else Unsure.NOTHING_KNOWN


def is_wild(head: bytes) -> bool:
    """Whether neighbouring samples jump as hardly any sound does."""
    samples = np.frombuffer(head[: min(len(head), WILD_BYTES) // 2 * 2], np.int16).astype(np.int32)
    return samples.size >= WILD_SAMPLES and float(np.abs(np.diff(samples)).mean()) > WILD_STEP


def _places(head: bytes, byte: bytes) -> Iterator[int]:
    at = head.find(byte)
    while at >= 0:
        yield at
        at = head.find(byte, at + 1)


def _is_block(head: bytes, at: int) -> bool:
    """Whether a block of WebM begins here: behind it the next begins, of the same track."""
    size_bytes = 1 if head[at + 1 : at + 2] >= b"\x80" else 2
    size = int.from_bytes(head[at + 1 : at + 1 + size_bytes], "big") & (0x7F if size_bytes == 1 else 0x3FFF)
    track, behind = head[at + 1 + size_bytes : at + 2 + size_bytes], at + 1 + size_bytes + size
    follower = head[behind : behind + 1 + size_bytes + 1]
    return (
        track == b"\x81"
        and size > 4
        and follower[:1] == b"\xa3"
        and b"\x81" in (follower[2:3], head[behind + 3 : behind + 4])
    )


def _middle(name: str) -> Kind:
    return Kind(
        f"the middle of {name}", refusal="is understood from its beginning only: start a new recording"
    )
