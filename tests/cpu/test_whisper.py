"""The real faster-whisper on random weights: what is its own beside what every engine keeps to."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import ctranslate2
import pytest
from faster_whisper import WhisperModel
from faster_whisper.utils import _MODELS
from structlog.testing import capture_logs

from chassis.faults import NotReady, Unsupported
from cli.setup.whisper_names import find_repo
from engine_room.held_memory import held_bytes
from protos.sound import HEARD_RATE
from stt_service.engine import Hypothesis, ListenOptions, SttEngine
from stt_service.engines import whisper_cuda
from stt_service.engines.whisper import WhisperEngine
from stt_service.engines.whisper_model import WhisperWeights, choose_type, find_name, share_cores
from stt_service.engines.whisper_options import WhisperOptions
from tests.engines.stt_conformance import ENGLISH, SttConformance, first_words, hear, other_words
from tests.support.leaks import run

# The libraries' own warnings as they are imported.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
T = TypeVar("T")


class TestWhisper(SttConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tiny_whisper: Path) -> SttEngine:
        return WhisperEngine(WhisperOptions(str(tiny_whisper), slots=2))


def use(model: Path, work: Callable[[WhisperEngine], Awaitable[T]], partial_s: float = 1.0) -> T:
    async def loaded() -> T:
        engine = WhisperEngine(WhisperOptions(str(model), slots=2), partial_s)
        await engine.load()
        try:
            return await work(engine)
        finally:
            await engine.unload()

    return run(loaded(), timeout_s=90)


def test_partials_come_on_the_way_and_never_more_often_than_asked(tiny_whisper: Path) -> None:
    audio = first_words() + other_words()

    async def work(engine: WhisperEngine) -> list[str]:
        stream = engine.open(ENGLISH)
        return await hear(stream, audio, pause_s=0.01)

    partials = use(tiny_whisper, work)
    assert 1 <= len(partials) <= len(audio) / 2 / HEARD_RATE
    assert use(tiny_whisper, work, partial_s=0) == []


def test_a_final_does_not_wait_for_anybodys_partial(tiny_whisper: Path) -> None:
    async def work(engine: WhisperEngine) -> bool:
        talking, done = engine.open(ENGLISH), engine.open(ENGLISH)
        await hear(done, first_words()[: HEARD_RATE // 2])
        await talking.feed(first_words() * 5)
        assert engine._loaded is not None
        assert not engine._loaded.desk.is_free, "a partial has one thread, the other is kept"
        final = await done.finish()
        await talking.feed(bytes(640))
        return bool(final.text)

    assert use(tiny_whisper, work)


def test_a_long_utterance_is_settled_and_costs_no_more(tiny_whisper: Path) -> None:
    async def work(engine: WhisperEngine) -> tuple[Hypothesis, list[str]]:
        stream = engine.open(ENGLISH)
        partials: list[str] = []
        for _ in range(25):
            partials += await hear(stream, first_words() + other_words())
            await asyncio.sleep(0.05)
        return await stream.finish(), partials

    final, partials = use(tiny_whisper, work)
    assert partials
    assert final.text


def test_what_was_reset_is_not_heard_later(tiny_whisper: Path) -> None:
    async def work(engine: WhisperEngine) -> list[str]:
        stream = engine.open(ENGLISH)
        await hear(stream, first_words())
        await stream.reset()
        await asyncio.sleep(1)
        return await hear(stream, bytes(HEARD_RATE // 5))

    assert use(tiny_whisper, work, partial_s=0.5) == []


def test_the_memory_of_a_model_is_given_back(tmp_path: Path) -> None:
    from tests.cpu.tiny_whisper import make

    base = make(tmp_path, "base")

    async def main() -> tuple[int, int]:
        held, kept = [], []
        # What the library keeps for good it keeps after the first time; what is lost is lost each time.
        for _ in range(4):
            engine = WhisperEngine(WhisperOptions(str(base), slots=2, dtype="float32"))
            empty = held_bytes()
            await engine.load()
            held.append(held_bytes() - empty)
            await engine.unload()
            kept.append(held_bytes() - empty)
        return min(held[1:]), min(kept[1:])

    held, kept = run(main(), timeout_s=90)
    assert held > 150_000_000
    assert kept < 50_000_000


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("openai/whisper-large-v3", "large-v3"),
        ("openai/whisper-large-v3-turbo", "large-v3-turbo"),
        ("openai/whisper-large", "large-v1"),
        ("openai/whisper-base.en", "base.en"),
        ("base.en", "base.en"),
        ("whisper-small", "small"),
        ("distil-whisper/distil-large-v3", "distil-large-v3"),
        ("Systran/faster-whisper-base", "Systran/faster-whisper-base"),
    ],
)
def test_the_names_that_people_know_are_understood(name: str, meant: str) -> None:
    assert find_name(name) == meant


@pytest.mark.parametrize("name", [*_MODELS, "openai/whisper-large", "openai/whisper-small", "owner/own"])
def test_setup_downloads_what_the_engine_loads(name: str) -> None:
    loaded = find_name(name)
    assert find_repo(name) == _MODELS.get(loaded, loaded)


@pytest.mark.parametrize("name", ["largest", "openai/whisper-9", "openai/gpt"])
def test_an_unknown_model_is_refused_and_the_known_ones_named(name: str) -> None:
    with pytest.raises(NotReady, match=r"large-v3"):
        run(WhisperEngine(WhisperOptions(name)).load())


def test_a_folder_of_another_kind_is_refused_with_what_to_do(tiny_whisper: Path) -> None:
    with pytest.raises(NotReady, match="ct2-transformers-converter"):
        run(WhisperEngine(WhisperOptions(str(tiny_whisper.parent / "transformers"))).load())


def test_a_broken_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"broken")
    with pytest.raises(NotReady, match="cannot load") as refusal:
        run(WhisperEngine(WhisperOptions(str(tmp_path))).load())
    assert "\n" not in str(refusal.value)


def test_an_english_model_takes_unsaid_languages_and_says_what_helps(tiny_whisper: Path) -> None:
    async def work(engine: WhisperEngine) -> None:
        for language in ("", "auto", "en-US", "EN_gb"):
            await engine.open(ListenOptions(language)).close()
        with pytest.raises(Unsupported, match=r"\.en"):
            engine.open(ListenOptions("fr"))

    use(tiny_whisper, work)


@pytest.mark.parametrize(
    ("device", "dtype", "expected"),
    [
        ("cpu", "auto", "int8"),
        ("cpu", "float16", "int8"),
        ("cpu", "float32", "float32"),
        ("cuda", "auto", "float16"),
        ("cuda", "bfloat16", "bfloat16"),
    ],
)
def test_the_number_format_follows_the_device(device: str, dtype: str, expected: str) -> None:
    assert choose_type(device, dtype) == expected


@pytest.mark.parametrize(("slots", "cores"), [(1, 1), (4, 2), (4, 8), (16, 32)])
def test_the_cores_are_shared_with_a_thread_for_finals(slots: int, cores: int) -> None:
    workers, threads = share_cores("cpu", slots, cores)
    assert workers >= 2
    assert threads >= 1
    assert (workers - 1) * threads <= cores


def test_its_wheel_opens_the_library_that_is_looked_for() -> None:
    """Its other one, NCCL, is for models on several cards at once."""
    (library,) = Path(ctranslate2.__file__).parents[1].glob("ctranslate2.libs/libctranslate2*.so*")
    assert set(re.findall(rb"lib(?:cublas|cudnn|cufft)\w*\.so[.\d]*", library.read_bytes())) == {
        whisper_cuda.LIBRARIES[-1].encode()
    }


def test_on_a_card_without_its_library_it_is_on_the_cpu_and_the_log_says_why(
    tiny_whisper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)

    async def work(engine: WhisperEngine) -> str:
        return engine.info.device

    with capture_logs() as logs:
        assert use(tiny_whisper, work) == "cpu"
    (told,) = [log for log in logs if log["event"] == "whisper is on the CPU"]
    assert "libcublas" in told["reason"]
    assert "whisper-cuda" in told["reason"]


def test_a_card_that_was_asked_for_is_refused_without_its_library(tiny_whisper: Path) -> None:
    engine = WhisperEngine(WhisperOptions(str(tiny_whisper), device="cuda:0"))
    with pytest.raises(NotReady, match=r"needs libcublas.*whisper-cuda.*; or set ASR_DEVICE=cpu"):
        run(engine.load(), timeout_s=90)


@pytest.mark.parametrize(
    ("no_speech", "certainty", "is_heard"),
    [(0.9, -0.5, False), (0.62, -0.3, False), (0.9, -0.1, True), (0.1, -0.9, True)],
)
def test_what_is_written_of_noise_is_dropped_by_its_probability(
    tiny_whisper: Path, monkeypatch: pytest.MonkeyPatch, no_speech: float, certainty: float, is_heard: bool
) -> None:
    """Whatever the words are: "Thank you." is said too."""
    whole = WhisperModel.generate_with_fallback

    def judged(*args: Any) -> Any:
        result, _, temperature, compression = whole(*args)
        made = SimpleNamespace(sequences_ids=result.sequences_ids, no_speech_prob=no_speech)
        return made, certainty, temperature, compression

    monkeypatch.setattr(WhisperModel, "generate_with_fallback", judged)

    async def work(engine: WhisperEngine) -> str:
        stream = engine.open(ENGLISH)
        await hear(stream, first_words())
        return (await stream.finish()).text

    assert bool(use(tiny_whisper, work)) is is_heard


def test_what_is_abandoned_while_it_listens_writes_nothing(
    tiny_whisper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partial that nobody waits for leaves the cores to the final."""
    weights = WhisperWeights(WhisperOptions(str(tiny_whisper), slots=2))
    cancelled, written = threading.Event(), list[int]()
    listen, write = WhisperModel.encode, WhisperModel.generate_with_fallback

    def listen_and_stop(self: Any, features: Any) -> Any:
        heard = listen(self, features)
        if cancels:
            cancelled.set()
        return heard

    def count_and_write(self: Any, *args: Any) -> Any:
        written.append(1)
        return write(self, *args)

    monkeypatch.setattr(WhisperModel, "encode", listen_and_stop)
    monkeypatch.setattr(WhisperModel, "generate_with_fallback", count_and_write)
    cancels = False
    assert weights.transcribe(first_words(), "en", cancelled, False, ())
    assert written
    written.clear()
    cancels = True
    assert not weights.transcribe(first_words(), "en", cancelled, False, ())
    assert not written
    weights.unload()
