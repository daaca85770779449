"""Cuts a conversation into parts that a small context window holds together with the answer.

A window of 4096 tokens less an answer of 1024 and our own words of about 600 leaves some 2400: at the
usual three to four characters a token, PART_SIZE of English, and a third of it in other scripts.
"""

import math
from collections.abc import Iterator, Sequence

PART_SIZE = 6000
UTTERANCE_SIZE = 4
"""What an utterance takes besides its words: quotes, a comma."""
FOREIGN = 3
"""What a character beyond ASCII may take of it."""


def cut(utterances: Sequence[str], part_size: int = PART_SIZE) -> list[tuple[str, ...]]:
    """Parts of about the same size, at most `part_size` each, in order; nothing is lost but outer spaces."""
    pieces = [piece for utterance in utterances for piece in _pieces(utterance.strip(), part_size)]
    sizes = [size_of(piece) for piece in pieces]
    fair = sum(sizes) / max(math.ceil(sum(sizes) / part_size), 1)
    parts: list[list[str]] = []
    filled = math.inf
    for piece, size in zip(pieces, sizes, strict=True):
        if filled + size > part_size or filled >= fair:
            parts.append([])
            filled = 0
        parts[-1].append(piece)
        filled += size
    return [tuple(part) for part in parts]


def size_of(utterance: str) -> int:
    """In characters of English."""
    return UTTERANCE_SIZE + sum(map(_character_size, utterance))


def _character_size(character: str) -> int:
    return 1 if character.isascii() else FOREIGN


def _pieces(utterance: str, part_size: int) -> Iterator[str]:
    """An utterance too long for a part, cut between words where there are any."""
    while size_of(utterance) > part_size:
        end = _fitting(utterance, part_size)
        space = utterance.rfind(" ", 1, end + 1)
        end = space if space > end // 2 else end
        yield utterance[:end].rstrip()
        utterance = utterance[end:].lstrip()
    if utterance:
        yield utterance


def _fitting(utterance: str, part_size: int) -> int:
    """How many of its first characters fit; at least one."""
    left = part_size - UTTERANCE_SIZE
    for position, character in enumerate(utterance):
        left -= _character_size(character)
        if left < 0:
            return max(position, 1)
    return len(utterance)
