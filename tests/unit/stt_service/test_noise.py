"""Which transcripts are dropped as noise, and why."""

import pytest

from stt_service.gate.noise import NoiseFilter, NoiseSettings

QUIET, LOUD = 0.01, 0.1


@pytest.mark.parametrize(
    ("text", "duration_s", "rms", "why"),
    [
        ("hello", 0.09, LOUD, "too_short"),
        ("hello", 0.1, LOUD, ""),
        ("hello", 1.0, QUIET, ""),
        ("hello", float("nan"), LOUD, "not_a_number"),
        ("hello", 1.0, float("nan"), "not_a_number"),
        ("you", 1.0, LOUD, "false_positive"),
        ("You.", 2.0, LOUD, "false_positive"),
        ("you", 2.1, LOUD, ""),
        ("you", 2.1, QUIET, ""),
        ("thank you", 1.0, LOUD, ""),
        ("", 1.0, QUIET, "low_information"),
        ("...", 1.0, QUIET, "low_information"),
        ("", 1.0, LOUD, ""),
        ("Um", 1.0, QUIET, "low_information"),
        ("Um", 1.0, 0.012, ""),
        ("hmm", 2.0, 0.0119, "low_information"),
        ("hmm", 2.1, QUIET, ""),
        ("no", 1.0, QUIET, ""),
        ("no, no", 1.0, QUIET, "low_information"),
        ("no no no", 1.0, QUIET, "low_information"),
        ("no no no no", 1.0, QUIET, ""),
        ("no no yes", 1.0, QUIET, ""),
        ("no no", 1.0, LOUD, ""),
    ],
)
def test_short_quiet_fillers_are_noise(text: str, duration_s: float, rms: float, why: str) -> None:
    assert NoiseFilter(NoiseSettings()).why_dropped(text, duration_s, rms) == why


def test_each_rule_can_be_switched_off() -> None:
    assert NoiseFilter(NoiseSettings(enabled=False)).why_dropped("you", 0.01, QUIET) == ""
    kept = NoiseFilter(NoiseSettings(drop_false_positives=False))
    assert kept.why_dropped("you", 1.0, LOUD) == ""
    assert kept.why_dropped("you", 1.0, QUIET) == "low_information"
    bye = NoiseFilter(NoiseSettings(false_positives=("bye bye",)))
    assert bye.why_dropped("Bye-bye!", 1.0, LOUD) == "false_positive"


@pytest.mark.parametrize(
    ("confidence", "duration_s", "unsure"),
    [(-0.5, 0.5, True), (-0.5, 0.8, False), (-0.3, 0.5, False), (None, 0.5, False)],
)
def test_words_made_out_of_a_short_sound_are_doubted(
    confidence: float | None, duration_s: float, unsure: bool
) -> None:
    assert NoiseFilter(NoiseSettings()).is_unsure(confidence, duration_s) is unsure
    assert not NoiseFilter(NoiseSettings(enabled=False)).is_unsure(confidence, duration_s)
