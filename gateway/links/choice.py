"""Which replica a conversation is given. Pure: told how each stands, it names one.

Taken places are counted, late replicas passed over, a conversation goes back to the replica that has its
prefix, and ties are broken by chance, so that many gateways do not all choose the same one.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.faults import NoSlot, Unavailable

LATE_S = 10.0
"""For so long a replica that kept somebody waiting is asked only where nobody else is free."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one replica stands now. `free`: places that nobody has; `late`: it kept somebody waiting lately.

    `bare`: it answers, and its model is not loaded.
    """

    address: str
    ready: bool
    free: int
    late: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """`prefer`: taken while it has a place and is not late. `avoid`: not asked, whoever else there is."""

    prefer: str = ""
    avoid: frozenset[str] = frozenset()


ANY = Wish()


@dataclass(slots=True)
class Count:
    """The places of one replica: how many others hold, by its last status; ours are counted as they come."""

    total: int = 0
    others: int = 0

    def note_status(self, total: int, free: int, ours: int) -> None:
        """A status came while `ours` lanes were open from here."""
        self.total = total
        self.others = max(total - free - ours, 0)

    def free(self, ours: int) -> int:
        return max(self.total - self.others - ours, 0)


def choose(
    service: str, standings: Sequence[Standing], wish: Wish = ANY, chance: random.Random | None = None
) -> str:
    """The address to ask. Raises Unavailable (nobody is ready) or NoSlot (all are full)."""
    asked = [standing for standing in standings if standing.address not in wish.avoid]
    ready = [standing for standing in asked if standing.ready]
    if not ready:
        if any(standing.bare for standing in asked):
            raise Unavailable(f"the model of the {service} service is not loaded")
        raise Unavailable(f"the {service} service does not answer")
    open_to_us = [standing for standing in ready if standing.free > 0]
    if not open_to_us:
        raise NoSlot(f"all places of the {service} service are taken")
    best = max(_rank(standing, wish) for standing in open_to_us)
    return (chance or random).choice([s.address for s in open_to_us if _rank(s, wish) == best])


def _rank(standing: Standing, wish: Wish) -> tuple[bool, bool, int]:
    return not standing.late, standing.address == wish.prefer, standing.free
