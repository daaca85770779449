"""Kyutai's recogniser in transformers' own code, on random weights, keeps to what every engine keeps to."""

import asyncio
from pathlib import Path

import pytest

from chassis.faults import NotReady
from stt_service.__main__ import make_engine, transformers_name
from stt_service.engine import SttEngine
from stt_service.engines.transformers import TransformersEngine
from stt_service.engines.transformers_options import TransformersOptions
from stt_service.settings import SttSettings
from tests.engines.stt_conformance import SttConformance

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(180)]


@pytest.fixture(scope="session")
def tiny_listener(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.engines.tiny_listener import make

    return make(tmp_path_factory.mktemp("tiny-listener"))


class TestTransformers(SttConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tiny_listener: Path) -> SttEngine:
        return TransformersEngine(TransformersOptions(str(tiny_listener), slots=2, device="cpu"))


def test_it_stands_in_for_moshi_where_that_is_allowed(tiny_listener: Path) -> None:
    """This environment has no moshi."""
    settings = SttSettings(
        stt_engine="moshi",
        asr_model_name=str(tiny_listener),
        asr_enable_kyutai_transformers=True,
        asr_device="cpu",
        stt_fallback="none",
    )
    engine = make_engine(settings)

    async def main() -> None:
        await engine.load()
        assert engine.info.name == "transformers"
        assert "moshi could not start" in engine.info.fallback
        await engine.unload()

    asyncio.run(main())


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="transformers cannot load"):
        asyncio.run(TransformersEngine(TransformersOptions(str(tmp_path))).load())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("kyutai/stt-2.6b-en", "kyutai/stt-2.6b-en-trfs"),
        ("kyutai/stt-1b-en_fr-trfs", "kyutai/stt-1b-en_fr-trfs"),
        ("/models/own", "/models/own"),
    ],
)
def test_a_model_is_found_in_transformers_format(name: str, found: str) -> None:
    assert transformers_name(name) == found
