"""What fits on a GPU is known before anything is loaded, and what does not fit is told what would."""

from pathlib import Path

import pytest

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.footprints import FOOTPRINTS, LARGEST, SMALLER, check_fit, check_share, footprint_of
from engine_room.gpu_slice import Grant
from stt_service.engines.moshi import MoshiEngine as SttEngine
from stt_service.engines.moshi_options import MoshiOptions
from tts_service.engines.moshi import MoshiEngine as TtsEngine

EAR = "kyutai/stt-1b-en_fr"
WRITER = "Qwen/Qwen2.5-7B-Instruct-AWQ"


def grant(share: float, card_gb: int) -> Grant:
    return Grant(int(share * card_gb * GB), card_gb * GB)


def test_each_slot_adds_its_state() -> None:
    ear = FOOTPRINTS[EAR]
    assert ear.of(16) - ear.of(15) == ear.per_slot
    for slots in (1, 16, 400):
        assert ear.slots_in(ear.of(slots)) == slots
        assert ear.slots_in(ear.of(slots) - 1) == slots - 1
    assert ear.slots_in(1) == 0


def test_a_model_of_ones_own_counts_by_its_weights() -> None:
    own = footprint_of("/models/mine", weights=GB)
    assert (own.weights, own.per_slot, own.working) == (GB, LARGEST.per_slot, LARGEST.working)
    assert footprint_of("somebody/else") == LARGEST, "when in doubt it is taken for a large one"


def test_slots_that_do_not_fit_are_told_how_many_do() -> None:
    ear = FOOTPRINTS[EAR]
    check_fit(EAR, ear, 16, ear.of(16), "STT_SLOTS")
    with pytest.raises(
        NotReady, match=r"16 slots of kyutai/stt-1b-en_fr need 5\.2 GB .*: 14 fit; .*STT_SLOTS=14"
    ):
        check_fit(EAR, ear, 16, 5 * GB, "STT_SLOTS")
    with pytest.raises(NotReady, match=r"3\.0 GB: 0 fit; one slot alone needs 3\.5 GB: set GPU_SLICE"):
        check_fit(EAR, ear, 16, 3 * GB, "STT_SLOTS")


@pytest.mark.parametrize(
    ("engine", "variable"),
    [(SttEngine(MoshiOptions(EAR, 16)), "STT_SLOTS"), (TtsEngine("kyutai/tts-1.6b-en_fr", 16), "TTS_SLOTS")],
)
def test_an_engine_asks_for_what_its_slots_need_and_refuses_less(
    engine: SttEngine | TtsEngine, variable: str
) -> None:
    need = engine.gpu_need
    assert need is not None
    size = need.amount.of(24 * GB)
    assert size == FOOTPRINTS[engine.info.model].of(16)
    engine.keep_to(Grant(size, 24 * GB))
    with pytest.raises(NotReady, match=variable):
        engine.keep_to(Grant(size - 1, 24 * GB))


def test_a_folder_of_ones_own_is_weighed(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(1000))
    need = SttEngine(MoshiOptions(str(tmp_path), 2)).gpu_need
    assert need is not None
    assert need.amount.bytes == footprint_of("", weights=1000).of(2)


@pytest.mark.parametrize(
    ("share", "card_gb", "gpus", "remedy"),
    [
        (0.4, 24, 1, ""),
        (0.4, 80, 1, ""),
        (0.25, 24, 1, "LLM_GPU_MEMORY_UTILIZATION=0.3 or LLM_MODEL_NAME=Qwen/Qwen2.5-3B-Instruct-AWQ"),
        (0.35, 16, 1, "LLM_GPU_MEMORY_UTILIZATION=0.45 or LLM_MODEL_NAME=Qwen/Qwen2.5-3B-Instruct-AWQ"),
        (0.35, 16, 2, ""),
        (0.9, 4, 1, "choose a smaller model or a larger card"),
    ],
)
def test_a_language_model_is_refused_a_share_that_is_too_small_for_it(
    share: float, card_gb: int, gpus: int, remedy: str
) -> None:
    if not remedy:
        check_share(WRITER, gpus, grant(share, card_gb))
        return
    with pytest.raises(NotReady) as refused:
        check_share(WRITER, gpus, grant(share, card_gb))
    assert str(refused.value).endswith(remedy)


def test_one_that_nobody_has_counted_is_left_to_its_engine() -> None:
    check_share("somebody/else", 1, grant(0.1, 8))


def test_the_smaller_one_is_smaller() -> None:
    for model, smaller in SMALLER.items():
        assert FOOTPRINTS[smaller].of(1) < FOOTPRINTS[model].of(1)
