"""kill -9 of one service during a turn: the turn ends in words, the next one is as if nothing had been."""

import asyncio
import os
import signal

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.faults.talking import (
    SPEECH,
    apologised,
    assert_no_dead_audio,
    begin,
    complete,
    connected,
    converse,
    errors,
    ready,
    slots_free,
    slots_used,
    until,
    voices,
)
from tests.support.client import Client
from tests.support.cluster import Cluster


def said_last(client: Client) -> str:
    return str([m["state"] for m in client.controls() if m["type"] == "state"][-1])


async def go_on(victim: Cluster, *clients: Client) -> None:
    """The service is back; the same sockets talk on."""
    await ready(victim)
    for client in clients:
        assert client.closed is None
        await converse(client)
        assert_no_dead_audio(client)
    await slots_free(victim)
    assert "Traceback" not in victim.log("gateway")


async def test_when_the_language_model_dies_the_user_hears_an_apology(victim: Cluster) -> None:
    async with connected(victim.ws) as client, connected(victim.ws) as other:
        others_turn = await begin(other, "say:2s")
        await other.wait_audio()
        turn = await begin(client, "hang")
        victim.kill("llm")
        await complete(client, turn, 8)
        assert errors(client, turn) == ["llm_failed"]
        assert apologised(client, turn)
        assert voices(client) == {turn}
        await complete(other, others_turn)
        assert not errors(other)
        assert len(other.audio()) == 2 * 2 * 24_000
        await go_on(victim, client, other)


async def test_when_the_voice_dies_the_reply_ends_in_writing(victim: Cluster) -> None:
    async with connected(victim.ws) as client, connected(victim.ws) as other:
        turn = await begin(client, "say:5s")
        await client.wait_audio()
        victim.kill("tts")
        await complete(client, turn, 8)
        assert errors(client, turn) == ["tts_failed"]
        await go_on(victim, client, other)


async def test_when_the_voice_dies_before_a_sound_the_reply_can_be_read(victim: Cluster) -> None:
    async with connected(victim.ws) as client:
        victim.kill("tts")
        after = len(client.messages)
        turn = await begin(client, "good morning")
        ended = await complete(client, turn, 8)
        assert ended["interrupted"] is False
        if not voices(client, after):
            assert set(errors(client, turn)) == {"tts_failed"}
            assert ended["heard_text"] == f"This is the fake reply to turn {turn}."
        await go_on(victim, client)


async def test_when_the_recogniser_dies_in_mid_sentence_the_user_is_told_and_heard_again_later(
    victim: Cluster,
) -> None:
    async with connected(victim.ws) as client, connected(victim.ws) as other:
        others_turn = await begin(other, "say:2s")
        speaking = asyncio.create_task(client.speak(SPEECH * 2 + bytes(32_000)))
        state = await client.wait(lambda m: m["type"] == "state" and m["state"] == "user_turn")
        assert isinstance(state.message, dict)
        turn = state.message["turn"]
        victim.kill("stt")
        await speaking
        await complete(client, turn, 8)
        assert "stt_unavailable" in errors(client)
        # What was still said when the recogniser was back may have been a turn too.
        await until(lambda: said_last(client) == "listening", 10, "the floor to be the user's")
        await complete(other, others_turn)
        assert len(other.audio()) == 2 * 2 * 24_000
        await go_on(victim, client, other)
        after = len(client.messages)
        await asyncio.sleep(0.5)
        await client.speak(SPEECH + bytes(32_000))
        heard = await client.wait(lambda m: m["type"] == "transcript" and m["is_final"], 5, after)
        assert isinstance(heard.message, dict)
        assert heard.message["text"] == "hello there"
        await complete(client, heard.message["turn"])
        assert voices(client, after) == {heard.message["turn"]}


def analyses(client: Client, after: int = 0) -> list[object]:
    """What was said of an analysis since then: its report, or why there is none."""
    messages = [r.message for r in client.messages[after:] if isinstance(r.message, dict)]
    return [m for m in messages if m["type"] == "analysis" or m.get("code") == "analysis_failed"]


async def test_when_analysis_dies_the_talk_goes_on_and_the_report_comes_when_it_is_back(
    victim: Cluster,
) -> None:
    async with connected(victim.ws) as client:
        turn = await begin(client, "say:1s")
        await client.wait_audio()
        victim.kill("analysis")
        await complete(client, turn)
        assert not errors(client)
        await client.send(type="end_conversation")
        said = await client.wait_type("analysis", 17)
        assert (said["engine"], said["fallback"]) == ("fake", "")
        assert len(analyses(client)) == 1


async def test_when_analysis_dies_between_reading_and_answering_one_report_comes(victim: Cluster) -> None:
    async with connected(victim.ws) as client:
        await ready(victim)
        await complete(client, await begin(client, "take:2s"))
        await client.send(type="end_conversation")
        await until(lambda: slots_used(victim, "analysis") == 1, 2, "the analysis to be under way")
        victim.kill("analysis")
        after = len(client.messages)
        await client.wait_type("analysis", 17, after)
        # Asked once more, the report is the one that was kept.
        await client.send(type="end_conversation")
        await client.wait_type("analysis", 10, len(client.messages))
        assert len(analyses(client)) == 2
        assert not errors(client)
    kept = victim.metric("analysis", 'parley_analyses_total{engine="fake",outcome="kept"}')
    judged = victim.metric("analysis", 'parley_analyses_total{engine="fake",outcome="judged"}')
    assert (judged, kept) == (1, 1)


async def test_a_client_that_comes_while_services_are_away_is_told_to_come_again(victim: Cluster) -> None:
    for process in [victim.pid(service) for service in ("stt", "llm", "tts")]:
        os.kill(process, signal.SIGKILL)
    outcomes, told_when = set(), 0
    for _ in range(20):
        try:
            async with connect(f"{victim.ws}/v1/conversation"):
                outcomes.add(101)
        except InvalidStatus as refused:
            outcomes.add(refused.response.status_code)
            told_when += "Retry-After" in refused.response.headers
        await asyncio.sleep(0.02)
    assert told_when
    assert outcomes <= {101, 503}
    await ready(victim)
    async with connected(victim.ws) as client:
        await converse(client)
