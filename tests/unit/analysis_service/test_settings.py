"""What the analysis service may be told about where others are."""

import pytest
from pydantic import ValidationError

from analysis_service.__main__ import make_engine
from analysis_service.settings import AnalysisSettings
from chassis.settings import complaints


def refused(**given: str) -> list[str]:
    with pytest.raises(ValidationError) as bad:
        AnalysisSettings.model_validate(given)
    return complaints(AnalysisSettings, bad.value)


@pytest.mark.parametrize(
    "addresses", ["llm", "llm:", ":50052", "llm:0", "llm:65536", "llm:x", " , ", "llm:²"]
)
def test_addresses_that_cannot_be_are_refused_by_name(addresses: str) -> None:
    (line,) = refused(llm_addresses=addresses)
    assert line.startswith("LLM_ADDRESSES=")


def test_several_replicas_may_be_named() -> None:
    assert AnalysisSettings(llm_addresses="a:1, b:2").llm_addresses == "a:1, b:2"


def test_a_store_of_another_kind_is_refused_without_showing_its_password() -> None:
    (line,) = refused(redis_url="http://:secret@redis:6379")
    assert line.startswith("REDIS_URL=")
    assert "redis://" in line
    assert "secret" not in line


def test_without_a_store_nothing_is_kept() -> None:
    assert AnalysisSettings().redis_url.get_secret_value() == ""
    assert "secret" not in repr(
        AnalysisSettings.model_validate({"redis_url": "redis://:secret@redis:6379/0"})
    )


@pytest.mark.parametrize("name", ["rules", "llm", "fake"])
def test_each_engine_can_be_chosen(name: str) -> None:
    settings = AnalysisSettings.model_validate({"analysis_engine": name, "analysis_slots": 3})
    info = make_engine(settings).info
    assert (info.name, info.slots) == (name, 3)
