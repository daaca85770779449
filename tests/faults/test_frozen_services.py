"""SIGSTOP: a process neither dead nor answering. Nobody waits for it; what it says later is void."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.talking import (
    apologised,
    assert_no_dead_audio,
    begin,
    complete,
    connected,
    converse,
    errors,
    ready,
    slots_free,
    voices,
)
from tests.support.cluster import Cluster

WITHIN_S = 10.0


@contextmanager
def frozen(victim: Cluster, name: str) -> Iterator[None]:
    victim.signal(name, signal.SIGSTOP)
    try:
        yield
    finally:
        victim.signal(name, signal.SIGCONT)


async def test_a_frozen_language_model_is_apologised_for(victim: Cluster) -> None:
    async with connected(victim.ws) as client, connected(victim.ws) as other:
        others_turn = await begin(other, "say:3s")
        await other.wait_audio()
        with frozen(victim, "llm"):
            turn = await begin(client, "say:3s")
            await complete(client, turn, WITHIN_S)
            assert errors(client, turn) == ["llm_late"]
            assert apologised(client, turn)
            assert voices(client) == {turn}
            await complete(other, others_turn)
            assert len(other.audio()) == 3 * 2 * 24_000
        await ready(victim)
        await converse(client)
        await converse(other)
        assert_no_dead_audio(client)
        await slots_free(victim)


@pytest.mark.parametrize("frozen_s", [0.0, 5.0], ids=["thawed at once", "thawed when given up"])
async def test_what_a_frozen_voice_says_when_it_thaws_is_not_heard(victim: Cluster, frozen_s: float) -> None:
    async with connected(victim.ws) as client, connected(victim.ws) as other:
        turn = await begin(client, "say:20s")
        await client.wait_audio()
        with frozen(victim, "tts"):
            await complete(client, turn, WITHIN_S)
            assert set(errors(client, turn)) & {"tts_late", "tts_failed"}
            if frozen_s:
                # Another turn is asked for while it is still frozen: in writing then.
                second = await begin(client, "say:20s")
                await complete(client, second, WITHIN_S)
                assert errors(client, second) == ["tts_failed"]
                await asyncio.sleep(frozen_s)
        await asyncio.sleep(1)
        await ready(victim)
        await converse(client)
        await converse(other)
        assert_no_dead_audio(client)
        await slots_free(victim)
        assert not errors(other)


async def test_a_frozen_recogniser_does_not_keep_typed_text_waiting(victim: Cluster) -> None:
    async with connected(victim.ws) as client:
        with frozen(victim, "stt"):
            sending = asyncio.create_task(client.speak(bytes(32_000) * 5))
            for _ in range(3):
                turn = await begin(client, "say:0.5s")
                await complete(client, turn)
                assert voices(client) >= {turn}
            await sending
            assert client.closed is None
        await ready(victim)
        await converse(client)
