"""`parley gpu plan`: which services fit on which cards, before anything is started."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from chassis.gpu_cards import GB, look_at_gpus
from engine_room.gpu_slice import Amount, Card, Plan, make_plan, read_amount, read_memory, show_gb, show_short

SLICES = {"stt": "8", "llm": "0.35", "tts": "5"}
"""What the GPU profile's engines take where nobody says anything else."""
RESERVED = "2"


def add_arguments(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(required=True, metavar="ACTION")
    plan = actions.add_parser("plan", help="which services fit on which cards")
    plan.add_argument(
        "--gpu",
        type=_memory,
        action="append",
        metavar="GB",
        help="a card; again for each (default: this machine's)",
    )
    plan.add_argument(
        "--slice",
        type=_slice,
        action="append",
        default=[],
        metavar="SERVICE=AMOUNT",
        help=f"GB, or a share up to 1; 0: none (default: {', '.join(f'{s}={a}' for s, a in SLICES.items())})",
    )
    plan.add_argument(
        "--reserved",
        type=_memory,
        default=RESERVED,
        metavar="GB",
        help=f"left free on each (default {RESERVED})",
    )
    plan.add_argument("--json", action="store_true", help="print one JSON object")
    plan.set_defaults(run=show_plan)


def _memory(text: str) -> int:
    """An argparse type: GB, in bytes."""
    try:
        return read_memory(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _slice(text: str) -> tuple[str, Amount | None]:
    """An argparse type: a service and its slice; None: it needs none."""
    service, equals, amount = text.partition("=")
    if not service.strip() or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not SERVICE=AMOUNT, such as stt=8 or llm=0.35")
    if amount.strip() == "0":
        return service.strip(), None
    try:
        return service.strip(), read_amount(amount)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def show_plan(options: argparse.Namespace) -> int:
    """0: everything fits; 1: it does not, or there is no card."""
    cards = _cards(options.gpu)
    if not cards:
        print("parley gpu: this machine shows no GPU; say what there is: --gpu 24", file=sys.stderr)
        return 1
    slices = _slices(options.slice)
    plan = make_plan(slices, cards, options.reserved)
    if options.json:
        print(json.dumps(_as_json(plan, cards, options.reserved), indent=2))
    else:
        print(_as_table(plan, cards, slices, options.reserved))
    return 0 if plan.fits else 1


def _cards(given: Sequence[int] | None) -> list[Card]:
    """Those that were named, else those of this machine that say what they have."""
    if given:
        return [Card(index, size) for index, size in enumerate(given)]
    return [Card(gpu.index, gpu.total) for gpu in look_at_gpus() if gpu.total]


def _slices(given: Sequence[tuple[str, Amount | None]]) -> dict[str, Amount]:
    wanted = {service: read_amount(amount) for service, amount in SLICES.items()} | dict(given)
    return {service: amount for service, amount in wanted.items() if amount is not None}


def _as_table(plan: Plan, cards: Sequence[Card], slices: Mapping[str, Amount], reserved: int) -> str:
    lines = []
    for card in cards:
        lines.append(f"GPU {card.index}: {show_gb(card.bytes)}")
        for place in (place for place in plan.placed if place.gpu == card.index):
            share = slices[place.service].share
            lines.append(_row(place.service, place.bytes, f"{share:g} of the card" if share else ""))
        lines += [_row("reserved", reserved), _row("left", plan.left[card.index])]
    lines += [
        f"{short.service} does not fit: it needs {show_gb(short.bytes)} of GPU {short.gpu}, "
        f"{show_short(short.short)} more than are left"
        for short in plan.short
    ]
    return "\n".join(lines)


def _row(what: str, size: int, note: str = "") -> str:
    return f"  {what:<10}{show_gb(size):>9}  {note}".rstrip()


def _as_json(plan: Plan, cards: Sequence[Card], reserved: int) -> dict[str, Any]:
    return {
        "fits": plan.fits,
        "cards": [
            {
                "gpu": card.index,
                "total_gb": card.bytes / GB,
                "reserved_gb": reserved / GB,
                "left_gb": plan.left[card.index] / GB,
                "slices": {p.service: p.bytes / GB for p in plan.placed if p.gpu == card.index},
            }
            for card in cards
        ],
        "short": [
            {"service": s.service, "gpu": s.gpu, "needs_gb": s.bytes / GB, "short_gb": s.short / GB}
            for s in plan.short
        ],
    }
