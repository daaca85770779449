"""One check's outcome, and how it is shown to a person."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    FINE = "fine"
    DOUBTFUL = "doubtful"
    MISSING = "missing"


MARKS = {Verdict.FINE: "✓", Verdict.DOUBTFUL: "!", Verdict.MISSING: "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, what is needed, and how to put it right where it is not enough."""

    name: str
    verdict: Verdict
    found: str
    needed: str = ""
    remedy: str = ""

    def as_line(self) -> str:
        needed = f" (needed: {self.needed})" if self.needed else ""
        remedy = f"\n    → {self.remedy}" if self.remedy else ""
        return f"{MARKS[self.verdict]} {self.name}: {self.found}{needed}{remedy}"

    def as_json(self) -> dict[str, str]:
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "found": self.found,
            "needed": self.needed,
            "remedy": self.remedy,
        }


def gigabytes(count: float) -> str:
    """Bytes in decimal gigabytes, as disks and graphics cards are sold: 5580000000 → "5.6 GB"."""
    return f"{count / 1e9:.1f} GB" if count >= 5e7 else f"{count / 1e6:.1f} MB"
