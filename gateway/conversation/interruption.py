"""Whether a user who makes a sound over a reply means to interrupt it."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    REAL = "real"
    """The reply ends, and the floor is the user's."""
    FALSE = "false"
    """The reply goes on as if nothing had been said."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is known of a sound over a reply. `sounding`: anything of the reply is heard already."""

    sounding: bool


def judge(overlap: Overlap) -> Verdict:  # noqa: ARG001
    """The user wins: every voice that lasted long enough to be told of is an interruption."""
    return Verdict.REAL
