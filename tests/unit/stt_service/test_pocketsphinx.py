"""The embedded recogniser and the processes it lives in."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chassis.faults import NoSlot, NotReady, TooSlow, Unavailable, Unsupported
from stt_service.engine import Hypothesis, ListenOptions, SttStream
from stt_service.engines import pocketsphinx_process
from stt_service.engines.pocketsphinx import PocketsphinxEngine
from tests.support.spoken import silence, speech

ENGLISH = ListenOptions("en")
ROOT = Path(__file__).parents[3]


def home() -> bytes:
    return silence(0.3) + speech("I want to go home", speed=0.9) + silence(0.5)


def weather() -> bytes:
    return silence(0.3) + speech("the weather is very good today", speed=0.9) + silence(0.5)


@asynccontextmanager
async def loaded(slots: int = 1) -> AsyncIterator[PocketsphinxEngine]:
    engine = PocketsphinxEngine(slots)
    await engine.load()
    try:
        yield engine
    finally:
        await engine.unload()


async def hear(stream: SttStream, audio: bytes, pause_s: float = 0.0) -> list[str]:
    """Feed as a microphone does; the partials that came meanwhile."""
    partials: list[str] = []
    for begin in range(0, len(audio), 640):
        for output in await stream.feed(audio[begin : begin + 640]):
            assert isinstance(output, Hypothesis)
            partials.append(output.text)
        await asyncio.sleep(pause_s)
    return partials


def is_alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_it_understands_an_easy_sentence_and_shows_partials_on_the_way() -> None:
    async with loaded() as engine:
        stream = engine.open(ENGLISH)
        partials = await hear(stream, home(), pause_s=0.015)
        began = time.perf_counter()
        final = (await stream.finish()).text
        final_s = time.perf_counter() - began
    assert len({"i", "want", "to", "go", "home"} & set(final.split())) >= 3
    assert 2 <= len(partials) <= 15
    assert final_s < 0.3


async def test_two_streams_at_once_do_not_mix() -> None:
    async with loaded(slots=2) as engine:
        one, two = engine.open(ENGLISH), engine.open(ENGLISH)
        await hear(one, home())
        alone_home = (await one.finish()).text
        await hear(two, weather())
        alone_weather = (await two.finish()).text
        async with asyncio.TaskGroup() as group:
            group.create_task(hear(one, home()))
            group.create_task(hear(two, weather()))
        home_text, weather_text = (await one.finish()).text, (await two.finish()).text
    assert home_text == alone_home
    assert weather_text == alone_weather
    assert home_text != weather_text


async def test_reset_forgets_and_utterances_leave_no_trace() -> None:
    async with loaded() as engine:
        stream = engine.open(ENGLISH)
        await hear(stream, home())
        first = (await stream.finish()).text
        await hear(stream, weather())
        await stream.reset()
        nothing = (await stream.finish()).text
        await hear(stream, home())
        again = (await stream.finish()).text
    assert nothing == ""
    assert again == first


async def test_a_cancelled_finish_does_not_answer_the_next_utterance() -> None:
    async with loaded() as engine:
        stream = engine.open(ENGLISH)
        await hear(stream, home())
        wanted = (await stream.finish()).text
        await hear(stream, weather())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await stream.finish()
        await hear(stream, home())
        assert (await stream.finish()).text == wanted


async def test_slots_are_counted_and_freed_once() -> None:
    async with loaded() as engine:
        stream = engine.open(ENGLISH)
        with pytest.raises(NoSlot):
            engine.open(ENGLISH)
        await hear(stream, home())
        await stream.close()
        await stream.close()
        with pytest.raises(NotReady):
            await stream.feed(b"\0\0")
        again = engine.open(ENGLISH)
        assert (await again.finish()).text == ""
        with pytest.raises(NoSlot):
            engine.open(ENGLISH)


@pytest.mark.parametrize("language", ["en", "en-US", "en-us", "auto", ""])
def test_english_and_unsaid_languages_are_known(language: str) -> None:
    with pytest.raises(NotReady):
        PocketsphinxEngine().open(ListenOptions(language))


@pytest.mark.parametrize("language", ["de", "fr-CA", "english"])
def test_other_languages_are_refused_and_typing_is_offered(language: str) -> None:
    with pytest.raises(Unsupported, match=r"en-US.*typed text"):
        PocketsphinxEngine().open(ListenOptions(language))


async def test_a_crashed_worker_is_noticed_and_replaced() -> None:
    async with loaded() as engine:
        stream = engine.open(ENGLISH)
        await hear(stream, home())
        (pid,) = engine.worker_pids
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match="say it again"):
            await stream.finish()
        await hear(stream, home())
        assert "go" in (await stream.finish()).text.split()
        (successor,) = engine.worker_pids
        assert successor != pid
        assert not Path(f"/proc/{pid}").exists()


async def test_a_crash_between_feeds_is_told_once() -> None:
    async with loaded() as engine:
        stream = engine.open(ENGLISH)
        await hear(stream, home())
        os.kill(engine.worker_pids[0], signal.SIGKILL)
        with pytest.raises(Unavailable):
            await hear(stream, home(), pause_s=0.01)
        await hear(stream, home())
        assert (await stream.finish()).text


async def test_a_frozen_worker_is_killed_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pocketsphinx_process, "FINAL_DEADLINE_S", 0.2)
    async with loaded() as engine:
        stream = engine.open(ENGLISH)
        await hear(stream, home())
        os.kill(engine.worker_pids[0], signal.SIGSTOP)
        with pytest.raises(TooSlow):
            await stream.finish()
        monkeypatch.undo()
        await hear(stream, home())
        assert (await stream.finish()).text


async def test_signals_to_the_group_leave_workers_to_their_parent() -> None:
    async with loaded() as engine:
        stream = engine.open(ENGLISH)
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(engine.worker_pids[0], number)
        await hear(stream, home())
        assert (await stream.finish()).text


async def test_unload_ends_every_process_and_may_be_repeated() -> None:
    async with loaded(slots=2) as engine:
        pids = engine.worker_pids
        assert len(pids) == 2
        await engine.unload()
        await engine.unload()
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        await engine.load()
        assert len(engine.worker_pids) == 2


PARENT = """
import asyncio
from stt_service.engines.pocketsphinx import PocketsphinxEngine
async def main():
    engine = PocketsphinxEngine(1)
    await engine.load()
    print(engine.worker_pids[0], flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_workers_die_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(pid)


async def test_the_event_loop_is_not_kept_waiting_while_two_streams_decode() -> None:
    async def busy_s(stop: asyncio.Event) -> float:
        """The longest this thread computed between two turns of the loop, whatever else the machine does."""
        worst = 0.0
        while not stop.is_set():
            began = time.thread_time()
            await asyncio.sleep(0.0005)
            worst = max(worst, time.thread_time() - began)
        return worst

    home()  # spoken before, not while, the loop is watched
    async with loaded(slots=2) as engine:
        streams = [engine.open(ENGLISH), engine.open(ENGLISH)]
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(busy_s(stop))
            async with asyncio.TaskGroup() as listening:
                for stream in streams:
                    listening.create_task(hear(stream, home(), pause_s=0.002))
            for stream in streams:
                assert (await stream.finish()).text
            stop.set()
    assert watch.result() < 0.005
