"""`parley gpu plan`: which services fit on which cards, before anything is started."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from chassis.gpu_cards import GB, look_at_gpus
from cli.gpu_fill import MODELS, Filled, Wishes, fill
from engine_room.gpu_slice import Amount, Card, read_amount, read_memory, show_gb, show_short

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
        help="GB, or a share up to 1; 0: none (default: what its model and slots need)",
    )
    plan.add_argument(
        "--slots",
        type=_slots,
        action="append",
        default=[],
        metavar="SERVICE=NUMBER",
        help="of stt, llm or tts (default: as many as fit)",
    )
    plan.add_argument(
        "--model",
        type=_model,
        action="append",
        default=[],
        metavar="SERVICE=NAME",
        help=f"of stt, llm or tts (default: {', '.join(MODELS.values())})",
    )
    plan.add_argument(
        "--reserved",
        type=_memory,
        default=RESERVED,
        metavar="GB",
        help=f"left free on each (default {RESERVED})",
    )
    shape = plan.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print one JSON object")
    shape.add_argument("--env", action="store_true", help="print the settings that make it so")
    plan.set_defaults(run=show_plan)


def _memory(text: str) -> int:
    """An argparse type: GB, in bytes."""
    try:
        return read_memory(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _slice(text: str) -> tuple[str, Amount | None]:
    """An argparse type: a service and its slice; None: it needs none."""
    service, amount = _pair(text, "SERVICE=AMOUNT, such as stt=8 or llm=0.35")
    if amount == "0":
        return service, None
    try:
        return service, read_amount(amount)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _slots(text: str) -> tuple[str, int]:
    """An argparse type: a service of the profile and its number of slots."""
    service, number = _known(text, "SERVICE=NUMBER, such as stt=16")
    if not re.fullmatch(r"(?a:\d{1,4})", number) or not int(number):
        raise argparse.ArgumentTypeError(f"{number!r} is no number of slots: give 1 to 9999")
    return service, int(number)


def _model(text: str) -> tuple[str, str]:
    """An argparse type: a service of the profile and its model."""
    return _known(text, "SERVICE=NAME, such as stt=kyutai/stt-2.6b-en")


def _known(text: str, form: str) -> tuple[str, str]:
    service, value = _pair(text, form)
    if service not in MODELS:
        raise argparse.ArgumentTypeError(
            f"{service!r} has no model on a GPU here; those that have: {', '.join(MODELS)}"
        )
    return service, value


def _pair(text: str, form: str) -> tuple[str, str]:
    service, equals, value = (part.strip() for part in text.partition("="))
    if not service or not equals or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not {form}")
    return service, value


def show_plan(options: argparse.Namespace) -> int:
    """0: everything fits; 1: it does not, or there is no card."""
    cards = _cards(options.gpu)
    if not cards:
        print("parley gpu: this machine shows no GPU; say what there is: --gpu 24", file=sys.stderr)
        return 1
    wishes = Wishes(dict(options.model), dict(options.slots), dict(options.slice))
    made = fill(cards, options.reserved, wishes)
    if options.json:
        print(json.dumps(_as_json(made, options.reserved), indent=2))
    elif options.env and made.plan.fits:
        print("\n".join(f"{name}={value}" for name, value in made.variables().items()))
    else:
        print(_as_table(made, options.reserved))
    return 0 if made.plan.fits else 1


def _cards(given: Sequence[int] | None) -> list[Card]:
    """Those that were named, else those of this machine that say what they have."""
    if given:
        return [Card(index, size) for index, size in enumerate(given)]
    return [Card(gpu.index, gpu.total) for gpu in look_at_gpus() if gpu.total]


def _as_table(made: Filled, reserved: int) -> str:
    plan, lines = made.plan, []
    for card in made.cards:
        lines.append(f"GPU {card.index}: {show_gb(card.bytes)}")
        here = [place for place in plan.placed if place.gpu == card.index]
        lines += [_row(place.service, place.bytes, _say_model(made, place.service)) for place in here]
        lines += [_row("reserved", reserved), _row("left", plan.left[card.index])]
    lines += [
        f"{short.service} does not fit: {_say_model(made, short.service, 'it')} needs {show_gb(short.bytes)} "
        f"of GPU {short.gpu}, {show_short(short.short)} more than are left"
        for short in plan.short
    ]
    if made.refused:
        lines.append(f"{made.refused} does not fit beside ear and voice; {made.models['llm']} does")
    return "\n".join(lines)


def _say_model(made: Filled, service: str, nameless: str = "") -> str:
    if service not in made.models:
        return nameless
    count = made.slots[service]
    return f"{made.models[service]}, {count} slot{'s' if count > 1 else ''}"


def _row(what: str, size: int, note: str = "") -> str:
    return f"  {what:<10}{show_gb(size):>9}  {note}".rstrip()


def _as_json(made: Filled, reserved: int) -> dict[str, Any]:
    plan = made.plan
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
            for card in made.cards
        ],
        "models": {p.service: made.models[p.service] for p in plan.placed if p.service in made.models},
        "slots": {p.service: made.slots[p.service] for p in plan.placed if p.service in made.slots},
        "short": [
            {"service": s.service, "gpu": s.gpu, "needs_gb": s.bytes / GB, "short_gb": s.short / GB}
            for s in plan.short
        ],
        "refused": made.refused,
    }
