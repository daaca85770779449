"""What has come of a recording and was not read yet, and how its parsers read: as generators of sound.

A parser takes from a Source and yields Sound; it yields None when it cannot go on before more has come.
"""

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sound:
    """16-bit mono at `rate` Hz."""

    rate: int
    samples: NDArray[np.int16]


@dataclass(slots=True)
class Source:
    """`draining`: nothing more comes just now, so what is whole must not wait for what would follow."""

    waiting: bytearray = field(default_factory=bytearray)
    draining: bool = False


Parser = Generator[Sound | None, None, None]
Part = Generator[None, None, bytes]


def take(source: Source, size: int) -> Part:
    """The next `size` bytes."""
    while len(source.waiting) < size:
        yield None
    taken = bytes(source.waiting[:size])
    del source.waiting[:size]
    return taken


def peek(source: Source, size: int) -> Part:
    """The next `size` bytes, which stay."""
    while len(source.waiting) < size:
        yield None
    return bytes(source.waiting[:size])


def skip(source: Source, size: int) -> Generator[None, None, None]:
    """Pass over `size` bytes, holding none of them."""
    while size > 0:
        passed = min(size, len(source.waiting))
        del source.waiting[:passed]
        size -= passed
        if size > 0:
            yield None
