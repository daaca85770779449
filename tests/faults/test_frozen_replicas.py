"""SIGSTOP on one of two replicas: it is noticed in seconds, and the other does its work."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.talking import SPEECH, apologised, begin, complete, connected, errors
from tests.limits.own_gateway import own_gateway, status_of
from tests.support.client import Client
from tests.support.cluster import Cluster
from tests.support.replica import Replica, replica

NOTICED_S = 8.0
TALKS = 4
TALK_S = 6.0


@contextmanager
def frozen(process: Replica) -> Iterator[None]:
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def test_a_frozen_replica_is_not_ready_in_seconds_and_ready_again_when_it_thaws(
    victim: Cluster, tmp_path: Path
) -> None:
    with replica("llm", tmp_path) as only:
        settings = {"LLM_ADDRESSES": only.address}
        with own_gateway(victim, tmp_path, settings) as gateway:
            began = time.monotonic()
            with frozen(only):
                while status_of(f"{gateway.url}/ready") == 200:
                    assert time.monotonic() - began < NOTICED_S
                    time.sleep(0.1)
            began = time.monotonic()
            while status_of(f"{gateway.url}/ready") != 200:
                assert time.monotonic() - began < NOTICED_S
                time.sleep(0.1)


@pytest.mark.parametrize(("service", "wanted"), [("llm", "say:0.5s"), ("tts", "say:0.5s")])
async def test_with_one_of_two_replicas_frozen_no_turn_fails(
    victim: Cluster, tmp_path: Path, service: str, wanted: str
) -> None:
    """Those that were asked just before as well as those that are asked while nobody has noticed yet."""

    async def talk(url: str, until_s: float) -> None:
        async with connected(url) as client:
            began = time.monotonic()
            while time.monotonic() - began < until_s:
                turn = await begin(client, wanted)
                await complete(client, turn)
                assert errors(client) == []
                assert not apologised(client, turn)
                assert client.audio(), "it was answered aloud"

    with replica(service, tmp_path) as one, replica(service, tmp_path) as two:
        settings = {f"{service.upper()}_ADDRESSES": f"{one.address},{two.address}"}
        with own_gateway(victim, tmp_path, settings) as gateway:
            async with asyncio.TaskGroup() as group:
                for _ in range(TALKS):
                    group.create_task(talk(gateway.ws, TALK_S))
                await asyncio.sleep(1)
                os.kill(one.pid, signal.SIGSTOP)
            log = gateway.log()
            assert "Traceback" not in log, log[-2000:]


async def test_who_is_heard_by_a_replica_that_freezes_is_told_and_then_heard_by_another(
    victim: Cluster, tmp_path: Path
) -> None:
    async def is_heard(client: Client) -> None:
        after = len(client.messages)
        await client.speak(SPEECH + bytes(32_000))
        final = await client.wait(lambda m: m["type"] == "transcript" and bool(m["is_final"]), 8, after)
        assert isinstance(final.message, dict)
        await complete(client, int(final.message["turn"]))

    with replica("stt", tmp_path) as one, replica("stt", tmp_path) as two:
        settings = {"STT_ADDRESSES": f"{one.address},{two.address}"}
        with own_gateway(victim, tmp_path, settings) as gateway:
            async with connected(gateway.ws) as client:
                await is_heard(client)
                for doomed in (one, two):  # it is heard by one of them
                    with frozen(doomed):
                        await asyncio.sleep(NOTICED_S / 2)
                        await is_heard(client)
                    await asyncio.sleep(2)
                assert set(errors(client)) == {"stt_unavailable"}, "told each time that it was the one"
