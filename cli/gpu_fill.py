"""Which models, with how many slots, fill the GPUs that there are. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cli.setup.model_size import estimate_bytes
from engine_room.footprints import FOOTPRINTS, MOST_REPLIES, MOST_SHARE, SMALLER, Footprint, footprint_of
from engine_room.gpu_slice import Amount, Card, Plan, make_plan

MODELS = {
    "stt": "kyutai/stt-1b-en_fr",
    "llm": "Qwen/Qwen2.5-7B-Instruct-AWQ",
    "tts": "kyutai/tts-1.6b-en_fr",
}
"""The GPU profile's."""
VARIABLES = {"stt": "ASR_MODEL_NAME", "llm": "LLM_MODEL_NAME", "tts": "TTS_MODEL_NAME"}
RUNGS = ((256, 64), (128, 32), (64, 24), (32, 16), (16, 12), (8, 4), (6, 4), (4, 2), (2, 1), (1, 1))
"""Slots of the ear (and conversations that the language model keeps), and of the voice: people are heard for
longer than they are answered, and a voice's step costs the most.
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is not left to the plan, by service: its model, its slots, its slice (None: it has no GPU)."""

    models: Mapping[str, str]
    slots: Mapping[str, int]
    slices: Mapping[str, Amount | None]


@dataclass(frozen=True, slots=True)
class Filled:
    """`models` and `slots` by service; `refused`: the language model in whose place a smaller one is."""

    cards: Sequence[Card]
    plan: Plan
    models: Mapping[str, str]
    slots: Mapping[str, int]
    refused: str = ""

    def variables(self) -> dict[str, str]:
        """The settings that start a cluster so."""
        set_to: dict[str, str] = {}
        sizes = {card.index: card.bytes for card in self.cards}
        for place in sorted(self.plan.placed, key=lambda place: place.service):
            if place.service not in self.models:
                continue
            set_to[VARIABLES[place.service]] = self.models[place.service]
            if place.service == "llm":
                set_to["LLM_GPU_MEMORY_UTILIZATION"] = f"{place.bytes / sizes[place.gpu]:.2f}"
            else:
                set_to[f"{place.service.upper()}_SLOTS"] = str(self.slots[place.service])
            if place.gpu:
                for variable in ("GPU", "GPU_INDEX"):  # compose's, and that of make run
                    set_to[f"{place.service.upper()}_{variable}"] = str(place.gpu)
        return set_to


def fill(cards: Sequence[Card], reserved: int, wishes: Wishes) -> Filled:
    """As many slots as fit; the language model has what is left of its card. Where not even the fewest fit,
    the plan of those, which says what does not.
    """
    last: Filled | None = None
    for models in _sets_of_models(wishes):
        for stt, tts in RUNGS:
            slots = {"stt": stt, "llm": stt, "tts": tts, **wishes.slots}
            plan = make_plan(_slices(models, slots, wishes), cards, reserved)
            made = Filled(cards, plan, models, slots)
            if plan.fits:
                refused = "" if last is None or last.models == models else last.models["llm"]
                return replace(_give_the_rest(made, wishes), refused=refused)
        last = last or made
    assert last is not None
    return last


def needed(service: str, model: str, weights: int = 0) -> Footprint:
    """`weights`: its bytes where they are known; else its name tells them, about."""
    return footprint_of(model, weights or estimate_bytes(model), like=FOOTPRINTS[MODELS[service]])


def _sets_of_models(wishes: Wishes) -> Iterator[dict[str, str]]:
    """What was asked for; then, where the language model was left to the plan, with a smaller one."""
    models = {**MODELS, **wishes.models}
    yield models
    if "llm" not in wishes.models and wishes.slices.get("llm", MODELS) is not None:
        yield {**models, "llm": SMALLER[models["llm"]]}


def _slices(models: Mapping[str, str], slots: Mapping[str, int], wishes: Wishes) -> dict[str, Amount]:
    own = {
        service: Amount(bytes=needed(service, model).of(slots[service])) for service, model in models.items()
    }
    return {service: amount for service, amount in {**own, **wishes.slices}.items() if amount is not None}


def _give_the_rest(made: Filled, wishes: Wishes) -> Filled:
    """To the language model, in whole hundredths of its card: it keeps more conversations in mind."""
    plan = made.plan
    place = next((place for place in plan.placed if place.service == "llm"), None)
    if place is None or "llm" in wishes.slices:
        return made
    card = next(card for card in made.cards if card.index == place.gpu)
    share = min(int(100 * (place.bytes + plan.left[card.index]) / card.bytes) / 100, MOST_SHARE)
    size = Amount(share=share).of(card.bytes)
    if size < place.bytes:
        return made
    placed = tuple(replace(p, bytes=size) if p is place else p for p in plan.placed)
    left = {**plan.left, card.index: plan.left[card.index] + place.bytes - size}
    room = needed("llm", made.models["llm"]).slots_in(size)
    slots = {**made.slots, "llm": max(min(room, MOST_REPLIES), made.slots["llm"])}
    return replace(made, plan=replace(plan, placed=placed, left=left), slots=slots)
