"""A voice that does what voices do on bad days. The words that script it pass through a model that echoes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cli.cluster_files import free_ports
from tests.faults.talking import (
    assert_no_dead_audio,
    begin,
    complete,
    connected,
    converse,
    errors,
    slots_used,
    until,
)
from tests.limits.bystander import each
from tests.limits.own_gateway import Gateway, own_gateway
from tests.support.client import Client
from tests.support.cluster import Cluster

SECOND = 2 * 24_000


@pytest.fixture(scope="module")
def echoing(victim: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway on the victim's services, but for the language model."""
    (port,) = free_ports(1)
    model = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.echo_model"],
        env={**os.environ, "GRPC_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        settings = {"LLM_ADDRESSES": f"127.0.0.1:{port}"}
        with own_gateway(victim, tmp_path_factory.mktemp("echoing"), settings) as gateway:
            yield gateway
    finally:
        model.terminate()
        model.wait(10)


async def bad_turn(echoing: Gateway, words: str) -> tuple[Client, int, dict[str, object]]:
    """The turn that these words make, after which another went well."""
    async with connected(echoing.ws) as client:
        turn = await begin(client, words)
        ended = await complete(client, turn)
        await converse(client)
        assert_no_dead_audio(client)
        assert "Traceback" not in echoing.log()
        return client, turn, ended


async def test_a_voice_that_never_sounds_leaves_the_reply_in_writing(
    echoing: Gateway, victim: Cluster
) -> None:
    async def one(words: str) -> None:
        client, turn, ended = await bad_turn(echoing, words)
        assert errors(client, turn) == ["tts_failed"]
        assert ended["heard_text"] == words
        assert ended["interrupted"] is False

    await each(["fail", "hang", "rubbish:odd", "fail_after:0", "stall_after:0"], one)
    await until(lambda: slots_used(victim, "tts") == 0, 3, "the voice to be free")


async def test_a_voice_that_breaks_off_is_heard_so_far(echoing: Gateway, victim: Cluster) -> None:
    async def one(case: tuple[str, str]) -> None:
        words, code = case
        client, turn, _ = await bad_turn(echoing, words)
        assert errors(client, turn) == [code]
        # The last frame may not be full: what waits for its rest is lost with it.
        assert SECOND * 0.9 <= len(client.audio()) - SECOND * 0.3 <= SECOND

    cases = (
        ("fail_after:25", "tts_failed"),
        ("stall_after:25", "tts_late"),
        ("say:1s fail", "tts_failed"),
    )
    await each(cases, one)
    await until(lambda: slots_used(victim, "tts") == 0, 3, "the voice to be free")


async def test_a_voice_without_end_is_ended_by_the_listener(echoing: Gateway, victim: Cluster) -> None:
    async with connected(echoing.ws) as client:
        turn = await begin(client, "rubbish:endless")
        await client.wait_audio()
        await asyncio.sleep(2)
        # It is paced: what came is about what could be played meanwhile.
        assert len(client.audio()) < 4 * SECOND
        await client.send(type="cancel")
        await complete(client, turn, 3)
        await converse(client)
        assert_no_dead_audio(client)
        await until(lambda: slots_used(victim, "tts") == 0, 3, "the voice to be free")


async def test_a_reply_of_a_thousand_words_is_spoken_from_its_first_to_its_last(
    echoing: Gateway, victim: Cluster
) -> None:
    async with connected(echoing.ws) as client:
        turn = await begin(client, "say:1s " + "a " * 1000)
        await client.wait(lambda m: m["type"] == "ai_text" and bool(m.get("is_complete")))
        await client.wait_audio()
        await asyncio.sleep(1)
        assert not errors(client, turn), client.controls()[-3:]
        await client.send(type="cancel")
        assert (await complete(client, turn, 3))["interrupted"] is True
