"""A language model that does what models do on bad days: the turn ends, the next one works, nothing leaks."""

import pytest

from tests.faults.talking import (
    apologised,
    assert_no_dead_audio,
    begin,
    complete,
    connected,
    converse,
    errors,
    is_said,
    slots_free,
)
from tests.limits.bystander import each
from tests.support.cluster import Cluster

LONGEST_REPLY = 8_000


FAILING: tuple[tuple[str, list[str], bool], ...] = (
    ("fail", ["llm_failed"], True),
    ("hang", ["llm_late"], True),
    ("fail_after:3", ["llm_failed"], False),
    ("rubbish:empty", [], True),
)


async def test_a_model_that_fails_is_said_and_apologised_for(victim: Cluster) -> None:
    async def one(case: tuple[str, list[str], bool]) -> None:
        script, codes, apology = case
        async with connected(victim.ws) as client:
            turn = await begin(client, script)
            await complete(client, turn)
            assert errors(client, turn) == codes
            assert apologised(client, turn) is apology
            assert client.audio()
            await converse(client)
            assert_no_dead_audio(client)

    await each(FAILING, one)
    await slots_free(victim)


async def test_a_model_that_stalls_in_mid_reply_does_not_hold_the_floor(victim: Cluster) -> None:
    async with connected(victim.ws) as client:
        turn = await begin(client, "stall_after:3")
        await complete(client, turn)
        assert errors(client, turn)
        await converse(client)
        assert_no_dead_audio(client)
    await slots_free(victim)


@pytest.mark.parametrize("script", ["rubbish:endless", "rubbish:long"])
async def test_a_model_that_does_not_stop_is_stopped(victim: Cluster, script: str) -> None:
    async with connected(victim.ws) as client, connected(victim.ws) as other:
        turn = await begin(client, script)
        ended = await client.wait(lambda m: is_said("ai_text", turn)(m) and bool(m.get("is_complete")), 12)
        assert isinstance(ended.message, dict)
        assert len(ended.message["full_text"]) == LONGEST_REPLY
        assert not errors(client, turn), client.controls()[-5:]
        await converse(other)
        await client.wait_audio()
        await client.send(type="cancel")
        assert (await complete(client, turn, 3))["interrupted"] is True
        await converse(client)
        assert_no_dead_audio(client)
    await slots_free(victim)
