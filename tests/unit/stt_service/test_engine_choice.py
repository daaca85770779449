"""AI-Talk's variables choose which recogniser is tried first, and who stands in for it."""

import pytest

from stt_service.__main__ import make_engine
from stt_service.engine import SttEngine
from stt_service.engines.fallback import FallbackEngine
from stt_service.settings import SttSettings


def chain(engine: SttEngine) -> list[str]:
    """The names in the order in which they are tried."""
    if isinstance(engine, FallbackEngine):
        return [*chain(engine._chosen), *chain(engine._substitute)]
    return [engine.info.name]


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, ["moshi", "whisper"]),
        ({"stt_fallback": "none"}, ["moshi"]),
        ({"asr_enable_kyutai_transformers": True}, ["moshi", "transformers", "whisper"]),
        (
            {"asr_enable_kyutai_transformers": True, "asr_prefer_moshi": False},
            ["transformers", "moshi", "whisper"],
        ),
        ({"stt_engine": "transformers"}, ["transformers"]),
        ({"stt_engine": "whisper"}, ["whisper"]),
    ],
)
def test_engines_are_tried_in_the_order_that_was_asked_for(
    variables: dict[str, object], names: list[str]
) -> None:
    settings = SttSettings.model_validate({"stt_engine": "moshi", **variables})
    assert chain(make_engine(settings)) == names


def test_a_model_of_kyutais_is_the_first_choice() -> None:
    engine = make_engine(SttSettings(stt_engine="moshi", stt_fallback="none"))
    assert (engine.info.model, engine.info.languages) == ("kyutai/stt-1b-en_fr", ("en", "fr"))
