"""Kyutai's recogniser in transformers' own code, on random weights, keeps to what every engine keeps to."""

import asyncio
from pathlib import Path

import pytest

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.gpu_slice import Grant
from protos.sound import HEARD_RATE
from stt_service.__main__ import make_engine
from stt_service.engine import ListenOptions, SttEngine
from stt_service.engines.transformers import TransformersEngine
from stt_service.engines.transformers_options import TransformersOptions
from stt_service.kyutai_names import transformers_name
from stt_service.settings import SttSettings
from tests.engines.stt_conformance import SttConformance
from tests.kyutai.cuda_rehearsal import rehearse_cuda

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(180)]
SLICE = Grant(8 * GB, 24 * GB)


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


@pytest.mark.parametrize("device", ["", "cuda"])
def test_it_loads_on_a_card_and_hears_there(tiny_listener: Path, device: str) -> None:
    engine = TransformersEngine(TransformersOptions(str(tiny_listener), device=device))
    engine.keep_to(SLICE)

    async def main() -> None:
        await engine.load()
        assert engine.info.device == "cuda:0"
        stream = engine.open(ListenOptions())
        await stream.feed(bytes(2 * HEARD_RATE))
        await stream.finish()
        await stream.close()
        await engine.unload()

    with rehearse_cuda() as cuda:
        asyncio.run(main())
    assert cuda.shares == {0: pytest.approx(SLICE.allocator_share)}


def test_a_slice_on_an_old_driver_is_no_silent_run_on_the_cpu(tiny_listener: Path) -> None:
    engine = TransformersEngine(TransformersOptions(str(tiny_listener)))
    engine.keep_to(SLICE)
    with rehearse_cuda(cards=0), pytest.raises(NotReady, match="driver too old: needs driver 580"):
        asyncio.run(engine.load())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("kyutai/stt-2.6b-en", "kyutai/stt-2.6b-en-trfs"),
        ("kyutai/stt-1b-en_fr", "kyutai/stt-1b-en_fr-trfs"),
        ("kyutai/stt-1b-en_fr-candle", "kyutai/stt-1b-en_fr-trfs"),
        ("kyutai/stt-1b-en_fr-trfs", "kyutai/stt-1b-en_fr-trfs"),
        ("/models/own", "/models/own"),
    ],
)
def test_a_model_is_found_in_transformers_format(name: str, found: str) -> None:
    assert transformers_name(name) == found
