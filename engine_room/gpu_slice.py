"""How much of a GPU each service may hold, and which cards a set of services fits on. Pure: asks nobody."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chassis.gpu_cards import GB

CONTEXT_BYTES = 500_000_000
"""What CUDA itself takes of a process's slice, about: an allocator's bound does not count it."""
MOST_STEPS = 50_000
_AMOUNT = re.compile(r"(?a:(\d+(?:\.\d*)?|\.\d+))\s*(gb)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """`bytes` of a card, or, where `share` is over 0, that part (up to 1) of whatever card it is."""

    bytes: int = 0
    share: float = 0.0

    def of(self, card_bytes: int) -> int:
        """In bytes, rounded down: shares that add up to 1 fit on the card.

        A thousandth is added first, for 0.35 as a float is a little less.
        """
        return int(self.share * card_bytes + 0.001) if self.share else self.bytes

    def __str__(self) -> str:
        return f"{self.share:g}" if self.share else f"{self.bytes / GB:g}GB"


@dataclass(frozen=True, slots=True)
class GpuNeed:
    """What an engine takes of each of `gpus` GPUs, where the service's settings say nothing.

    `lower`: the setting that makes it less.
    """

    amount: Amount
    gpus: int = 1
    lower: str = field(default="GPU_SLICE", compare=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """The most that an engine may hold of each of its GPUs: `bytes`, of a card that has `card_bytes`."""

    bytes: int
    card_bytes: int

    @property
    def share(self) -> float:
        """0 to 1, of the card, all included: vLLM's gpu_memory_utilization."""
        return min(self.bytes / self.card_bytes, 1.0)

    @property
    def allocator_share(self) -> float:
        """0 to 1, of the card, less what CUDA takes: torch.cuda.set_per_process_memory_fraction."""
        return max(self.share - CONTEXT_BYTES / self.card_bytes, 0.0)


def read_amount(text: str) -> Amount:
    """A number up to 1 is a share of the card, a greater one GB; "0.5GB" is GB. Raises ValueError."""
    found = _AMOUNT.fullmatch(text.strip())
    number = float(found[1]) if found else 0.0
    if found is None or not 0 < number < math.inf:
        raise ValueError(f"{text!r} is no part of a GPU: give GB (8, 8GB) or a share of it up to 1 (0.35)")
    if number <= 1 and not found[2]:
        return Amount(share=number)
    return Amount(bytes=max(round(number * GB), 1))


def read_memory(text: str) -> int:
    """A number of GB in bytes: what a card has or keeps free, 0 included. Raises ValueError."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or math.isinf(float(found[1])):
        raise ValueError(f"{text!r} is no amount of memory: give GB (24)")
    return round(float(found[1]) * GB)


def shortage(slice_bytes: int, free_bytes: int, reserved_bytes: int) -> int:
    """Bytes by which a slice is too big for what is free less what is reserved; 0: it fits."""
    return max(slice_bytes + reserved_bytes - free_bytes, 0)


def show_gb(count: int) -> str:
    """Bytes as GB with one decimal: "8.0 GB"."""
    return f"{count / GB:.1f} GB"


def show_short(count: int) -> str:
    """Bytes that are missing, as `show_gb` does, and at least "0.1 GB"."""
    return show_gb(max(count, GB // 10))


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU by nvidia-smi's number, with all its memory in bytes."""

    index: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A service, the index of the card that it goes to, and its slice of that card in bytes."""

    service: str
    gpu: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Short:
    """A service that fits nowhere. `gpu`: the card where it fits best; `short`: bytes missing there."""

    service: str
    gpu: int
    bytes: int
    short: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`left`: bytes by card index, reserved ones taken off; under 0 where a card is smaller than those."""

    placed: tuple[Placed, ...]
    short: tuple[Short, ...]
    left: Mapping[int, int]

    @property
    def fits(self) -> bool:
        return not self.short


def make_plan(slices: Mapping[str, Amount], cards: Sequence[Card], reserved_bytes: int) -> Plan:
    """Every service on a card, or said by how much it does not fit. Cards are filled in their order.

    At least one card. Where not all fit the biggest are placed first.
    """
    biggest = max(card.bytes for card in cards)
    order = sorted(slices, key=lambda service: (-slices[service].of(biggest), service))
    wants = [(service, slices[service]) for service in order]
    placed = _Search(wants, cards, reserved_bytes).find()
    if placed is None:
        placed = _place_greedily(wants, cards, reserved_bytes)
    left = {card.index: card.bytes - reserved_bytes for card in cards}
    for place in placed:
        left[place.gpu] -= place.bytes
    found = {place.service for place in placed}
    short = [_say_short(service, slices[service], cards, left) for service in order if service not in found]
    return Plan(tuple(placed), tuple(short), left)


class _Search:
    """Tries card after card for one service after the other, and goes back where the rest does not fit.

    Placing the biggest first alone would refuse some sets that fit.
    """

    def __init__(self, wants: Sequence[tuple[str, Amount]], cards: Sequence[Card], reserved: int) -> None:
        self._wants, self._cards = wants, cards
        self._room = {card.index: card.bytes - reserved for card in cards}
        self._steps = 0

    def find(self, at: int = 0) -> list[Placed] | None:
        """Where those from `at` on go; None: they do not all fit, or it would take too long to know."""
        if at == len(self._wants):
            return []
        service, amount = self._wants[at]
        for card in self._different():
            size = amount.of(card.bytes)
            self._steps += 1
            if size > self._room[card.index] or self._steps > MOST_STEPS:
                continue
            self._room[card.index] -= size
            rest = self.find(at + 1)
            if rest is not None:
                return [Placed(service, card.index, size), *rest]
            self._room[card.index] += size
        return None

    def _different(self) -> list[Card]:
        """One card of each size and room left: trying a second one like it finds nothing new."""
        sorts = {(card.bytes, self._room[card.index]): card for card in reversed(self._cards)}
        return sorted(sorts.values(), key=self._cards.index)


def _place_greedily(
    wants: Iterable[tuple[str, Amount]], cards: Sequence[Card], reserved: int
) -> list[Placed]:
    room = {card.index: card.bytes - reserved for card in cards}
    placed = []
    for service, amount in wants:
        card = next((card for card in cards if amount.of(card.bytes) <= room[card.index]), None)
        if card is not None:
            placed.append(Placed(service, card.index, amount.of(card.bytes)))
            room[card.index] -= placed[-1].bytes
    return placed


def _say_short(service: str, amount: Amount, cards: Sequence[Card], left: Mapping[int, int]) -> Short:
    best = min(cards, key=lambda card: amount.of(card.bytes) - left[card.index])
    size = amount.of(best.bytes)
    return Short(service, best.index, size, size - left[best.index])
