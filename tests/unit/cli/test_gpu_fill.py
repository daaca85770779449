"""The cards there are, filled with ear, voice and language model; and the files that tell the engines so."""

from pathlib import Path

import pytest

from chassis.gpu_cards import GB
from cli.gpu_fill import MODELS, RUNGS, VARIABLES, Filled, Wishes, fill, needed
from cli.profiles import PROFILES
from cli.setup.engines import ENGINES
from engine_room.footprints import FOOTPRINTS, MOST_REPLIES
from engine_room.gpu_slice import Amount, Card
from llm_service.settings import LlmSettings

RESERVED = 2 * GB
NOTHING = Wishes({}, {}, {})
COMPOSE = Path(__file__).parents[3] / "deploy/compose"


def filled(*cards_gb: int, wishes: Wishes = NOTHING) -> Filled:
    return fill([Card(index, size * GB) for index, size in enumerate(cards_gb)], RESERVED, wishes)


@pytest.mark.parametrize("card_gb", [16, 24, 40, 48, 80, 141])
def test_what_is_planned_adds_up(card_gb: int) -> None:
    made = filled(card_gb)
    assert made.plan.fits
    assert RESERVED + sum(place.bytes for place in made.plan.placed) + made.plan.left[0] == card_gb * GB
    assert 0 <= made.plan.left[0] < 0.02 * card_gb * GB
    for place in made.plan.placed:
        footprint = needed(place.service, made.models[place.service])
        assert footprint.of(made.slots[place.service]) <= place.bytes
    assert made.slots["llm"] >= made.slots["stt"]
    assert made.slots["llm"] <= MOST_REPLIES, "vLLM is made ready for no more, whatever its cache holds"


@pytest.mark.parametrize(
    ("card_gb", "slots"), [(16, (6, 4)), (24, (16, 12)), (80, (128, 32)), (141, (256, 64))]
)
def test_a_larger_card_has_more_slots(card_gb: int, slots: tuple[int, int]) -> None:
    made = filled(card_gb)
    assert (made.slots["stt"], made.slots["tts"]) == slots


def test_on_16_gb_a_smaller_language_model_stands_in_and_the_usual_one_is_refused() -> None:
    made = filled(16)
    assert made.models["llm"] == "Qwen/Qwen2.5-3B-Instruct-AWQ"
    assert made.refused == MODELS["llm"]
    insisted = filled(16, wishes=Wishes({"llm": MODELS["llm"]}, {}, {}))
    assert not insisted.plan.fits
    assert filled(24).refused == ""


def test_a_card_for_nothing_is_said_to_be_one() -> None:
    made = filled(4)
    assert not made.plan.fits
    assert made.slots["tts"] == RUNGS[-1][1]


def test_two_cards_hold_more_than_one() -> None:
    made = filled(24, 24)
    assert made.slots["stt"] > filled(24).slots["stt"]
    assert {place.gpu for place in made.plan.placed} == {0, 1}
    for variable in ("GPU", "GPU_INDEX"):
        assert "1" in {made.variables().get(f"{service.upper()}_{variable}") for service in MODELS}


def test_what_is_wished_is_not_touched() -> None:
    made = filled(80, wishes=Wishes({"stt": "kyutai/stt-2.6b-en"}, {"tts": 8}, {"llm": Amount(share=0.3)}))
    (ear,) = [place for place in made.plan.placed if place.service == "stt"]
    (writer,) = [place for place in made.plan.placed if place.service == "llm"]
    assert ear.bytes == FOOTPRINTS["kyutai/stt-2.6b-en"].of(made.slots["stt"])
    assert made.slots["tts"] == 8
    assert writer.bytes == 24 * GB
    without = filled(24, wishes=Wishes({}, {}, {"llm": None}))
    assert {place.service for place in without.plan.placed} == {"stt", "tts"}


def _env(name: str) -> dict[str, str]:
    lines = (COMPOSE / f"{name}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_gpu_profile_is_the_plan_of_a_card_of_24_gb() -> None:
    variables = filled(24).variables()
    for variable in ("STT_SLOTS", "TTS_SLOTS", "LLM_GPU_MEMORY_UTILIZATION"):
        assert _env("gpu")[variable] == variables[variable]
    for variable in ("STT_SLOTS", "TTS_SLOTS"):
        assert PROFILES["gpu"][variable] == variables[variable]
    share = LlmSettings.model_fields["llm_gpu_memory_utilization"].default
    assert f"{share:.2f}" == variables["LLM_GPU_MEMORY_UTILIZATION"]
    for service, variable in VARIABLES.items():
        engine = PROFILES["gpu"][f"{service.upper()}_ENGINE"]
        assert MODELS[service] in [
            m.default for m in ENGINES[service][engine].models if m.variable == variable
        ]


def test_ai_talks_own_models_fill_a_card_of_24_gb() -> None:
    given = _env("ai_talk")
    left = 24 * GB - RESERVED - round(float(given["LLM_GPU_MEMORY_UTILIZATION"]) * 24 * GB)
    footprints = {service: FOOTPRINTS[given[variable]] for service, variable in VARIABLES.items()}
    for service in ("stt", "tts"):
        left -= footprints[service].of(int(given[f"{service.upper()}_SLOTS"]))
    assert 0 <= left < min(footprint.per_slot for footprint in footprints.values()), "as many as fit"
    share = float(given["LLM_GPU_MEMORY_UTILIZATION"])
    assert footprints["llm"].slots_in(int(share * 24 * GB)) >= 8, "each who is heard is kept in mind"
    assert {name: value for name, value in _env("gpu").items() if name not in given} == {}
