"""A recogniser of the hub's: found whole in one repository, in the folder that the operator chose."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from huggingface_hub import constants

from chassis.faults import NotReady
from engine_room.models_folder import use_models_folder
from stt_service.engine import PAUSES
from tests.kyutai.ears import make_ear
from tests.kyutai.tiny_kyutai import make_stt

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
COMMIT = "0" * 40


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models, chosen as the service does; the hub itself cannot be reached."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", constants.HF_HUB_CACHE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setitem(os.environ, "HF_HUB_CACHE", "")
    use_models_folder(str(tmp_path))
    return tmp_path


def publish(models: Path, repository: str, pauses: bool = True) -> Path:
    """As Hugging Face's library keeps what it has downloaded."""
    place = models / f"models--{repository.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs/main").write_text(COMMIT)
    snapshot = place / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    return make_stt(snapshot, pauses)


def test_the_small_model_is_taken_whole_from_the_repository_with_the_pause_heads(
    runner: asyncio.Runner, models: Path
) -> None:
    publish(models, "kyutai/stt-1b-en_fr-candle")
    engine = make_ear(Path("kyutai/stt-1b-en_fr"), 1, "cpu", needs_pauses=True)
    runner.run(engine.load())
    assert engine.info.model == "kyutai/stt-1b-en_fr"
    assert engine.info.languages == ("en", "fr")
    assert engine.info.abilities == (PAUSES,)
    runner.run(engine.unload())


def test_another_model_is_taken_by_its_own_name_and_its_manner_is_its_own(
    runner: asyncio.Runner, models: Path
) -> None:
    folder = publish(models, "kyutai/stt-2.6b-en", pauses=False)
    config = json.loads((folder / "config.json").read_text())
    config["stt_config"] = {"audio_delay_seconds": 2.5, "audio_silence_prefix_seconds": 1.0}
    (folder / "config.json").write_text(json.dumps(config))
    engine = make_ear(Path("kyutai/stt-2.6b-en"), 1, "cpu")
    runner.run(engine.load())
    assert engine._loaded is not None
    assert engine._loaded.manner.lead_frames == 13
    assert engine.info.abilities == ()
    runner.run(engine.unload())


def test_a_model_that_cannot_tell_pauses_is_refused_where_they_were_asked_for(
    runner: asyncio.Runner, models: Path
) -> None:
    publish(models, "kyutai/stt-2.6b-en", pauses=False)
    engine = make_ear(Path("kyutai/stt-2.6b-en"), 1, "cpu", needs_pauses=True)
    with pytest.raises(NotReady, match=r"'kyutai/stt-2\.6b-en' does not: say STT_END_OF_TURN=silence"):
        runner.run(engine.load())


def test_a_model_that_is_not_there_is_named(runner: asyncio.Runner, models: Path) -> None:
    assert models.is_dir()
    with pytest.raises(NotReady, match="moshi cannot load 'kyutai/stt-1b-en_fr'"):
        runner.run(make_ear(Path("kyutai/stt-1b-en_fr"), 1, "cpu").load())
