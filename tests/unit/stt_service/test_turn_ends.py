"""The model that hears whether somebody has finished: its real weights, and what happens without them."""

import asyncio
import os
import threading
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from chassis.faults import NotReady, TooSlow, Unsupported
from engine_room.engine_host import EngineHost
from engine_room.wheels import WHEELS, Wheel, fetch
from protos.parley.v1 import stt_pb2 as pb
from stt_service.__main__ import serve
from stt_service.engines.fake import FakeEngine
from stt_service.engines.smart_turn_model import FILE, SmartTurn
from stt_service.service import SttService
from stt_service.settings import SttSettings
from stt_service.turn_end import turn_ends
from stt_service.turn_end.pause_judge import SURE
from stt_service.turn_end.turn_ends import Judge, TurnEnds
from tests.support.spoken import silence, speech

FINISHED = (
    "I would like a cup of tea and some bread, please.",
    "My brother works in a small hospital near the river.",
    "What time is it?",
    "Yes.",
)
UNFINISHED = ("I am from Spain and", "I would like to, um", "because", "Well,")
PAUSE = silence(0.2)


@pytest.fixture(scope="module")
def model() -> SmartTurn:
    return SmartTurn(asyncio.run(fetch(WHEELS["smart-turn"])))


@pytest.mark.parametrize("said", FINISHED)
def test_a_sentence_sounds_finished(model: SmartTurn, said: str) -> None:
    assert model.finished(silence(0.4) + speech(said) + PAUSE) >= SURE


@pytest.mark.parametrize("said", UNFINISHED)
def test_what_goes_on_does_not(model: SmartTurn, said: str) -> None:
    assert model.finished(silence(0.4) + speech(said) + PAUSE) < SURE


def test_what_was_said_long_before_does_not_matter(model: SmartTurn) -> None:
    said = silence(8.0) + speech(UNFINISHED[0]) + PAUSE
    assert model.finished(speech(FINISHED[0]) + said) == model.finished(said)


async def test_it_answers_several_at_once_and_each_its_own() -> None:
    ends = TurnEnds()
    await ends.prepare()
    judge = await ends.judge()
    said = [silence(0.4) + speech(text) + PAUSE for text in (FINISHED[0], UNFINISHED[0]) * 3]
    likely = [await answer for answer in [judge.ask(pcm) for pcm in said]]
    await ends.close()
    assert [value >= SURE for value in likely] == [True, False] * 3


class FakeModel:
    """Answers when `goes` is set, and keeps what it was asked."""

    def __init__(self) -> None:
        self.goes, self.begun = threading.Event(), threading.Event()
        self.asked: list[bytes] = []

    def finished(self, pcm: bytes) -> float:
        self.asked.append(pcm)
        self.begun.set()
        assert self.goes.wait(5)
        return 0.5


async def test_what_matters_to_nobody_any_more_is_never_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a machine with too much to do does less, not more later."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    model = FakeModel()
    judge = Judge(model)
    first, second, third = (judge.ask(pcm) for pcm in (b"first", b"second", b"third"))
    await asyncio.to_thread(model.begun.wait, 5)
    second.cancel()
    await asyncio.sleep(0)  # the loop tells the thread
    model.goes.set()
    assert (await first, await third) == (0.5, 0.5)
    assert model.asked == [b"first", b"third"]
    judge.close()


async def test_a_lane_does_not_wait_for_a_download_and_is_told_how_to_do_without(tmp_path: Path) -> None:
    settings = SttSettings(stt_engine="fake", weights_dir=str(tmp_path))
    service = SttService(EngineHost(FakeEngine("hello", 0, 1)), settings)
    with pytest.raises(
        Unsupported, match=r"pipecat-ai 1\.14\.0 is not here: STT_END_OF_TURN=smart_turn has it fetched"
    ) as refused:
        await service._find_judge(pb.ListenConfig(end_of_turn="smart_turn"))
    assert str(refused.value).endswith("; say silence")
    assert not list(tmp_path.iterdir())


async def test_where_it_cannot_be_fetched_turns_of_who_did_not_ask_for_it_end_by_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(wheel: Wheel, folder: str) -> Path:
        raise TooSlow(f"fetching {wheel} took longer than 1200 s")

    monkeypatch.setattr(turn_ends, "fetch", fail)
    settings = SttSettings(stt_engine="fake", stt_end_of_turn="smart_turn", weights_dir=str(tmp_path))
    service = SttService(EngineHost(FakeEngine("hello", 0, 1)), settings)
    await service.prepare()
    assert await service._find_judge(pb.ListenConfig()) is None
    with pytest.raises(Unsupported, match="took longer than 1200 s; say silence"):
        await service._find_judge(pb.ListenConfig(end_of_turn="smart_turn"))
    await service.close()


async def test_who_did_not_ask_for_it_has_nothing_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_ends, "fetch", pytest.fail)
    settings = SttSettings(stt_engine="fake", weights_dir=str(tmp_path))
    await SttService(EngineHost(FakeEngine("hello", 0, 1)), settings).prepare()


async def test_a_file_that_is_broken_is_named(tmp_path: Path) -> None:
    file = WHEELS["smart-turn"].place(tmp_path) / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no model")
    with pytest.raises(NotReady, match=r"smart-turn cannot be read: .* it is fetched anew"):
        await TurnEnds(str(tmp_path)).judge()


async def test_a_start_without_the_library_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> ModuleSpec | None:
        assert name == "onnxruntime"
        return None

    monkeypatch.setattr(turn_ends, "find_spec", find)
    settings = SttSettings(stt_engine="fake", stt_end_of_turn="smart_turn")
    with pytest.raises(NotReady, match=r"needs onnxruntime, .*'\.\[smart-turn\]', or say STT_END_OF_TURN="):
        await serve(settings, asyncio.Event())
