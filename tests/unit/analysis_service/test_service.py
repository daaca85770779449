"""What is judged: the stored transcript or what was sent, whatever engine is behind the service."""

import asyncio
import time
from pathlib import Path

import grpc
import pytest

from analysis_service.engines.fake import FakeEngine
from analysis_service.engines.rules import RulesEngine
from analysis_service.metrics import ANALYSES
from analysis_service.store import analysis_key, transcript_key
from gateway.memory import redis_memory
from tests.support.redis_server import RedisServer, redis_server
from tests.unit.analysis_service.scripted_llm import loaded
from tests.unit.analysis_service.served import Listener, ask, engine_is_given, serving, write


def test_the_key_of_a_transcript_is_the_gateways() -> None:
    assert transcript_key("s1") == redis_memory.transcript_key("s1")


def test_the_stored_transcript_is_judged_when_it_has_the_last_turn(server: RedisServer) -> None:
    write(server, 1, "hello")
    write(server, 3, "I like tea")
    assert engine_is_given(server.url, {"said": ["I like"], "last_turn": 3}) == [("hello", "I like tea")]


def test_a_session_alone_is_enough(server: RedisServer) -> None:
    write(server, 1, "hello")
    write(server, 2, "  ")
    write(server, 3, "I like tea")
    assert engine_is_given(server.url, {}) == [("hello", "I like tea")]


async def test_a_turn_that_is_written_a_little_later_is_waited_for(server: RedisServer) -> None:
    engine = Listener()
    write(server, 1, "hello")
    async with serving(engine, server.url) as channel:
        asked = asyncio.create_task(ask(channel, "hello", last_turn=2))
        await asyncio.sleep(0.2)
        assert not engine.heard
        write(server, 2, "I like tea")
        await asked
    assert engine.said == [("hello", "I like tea")]


def test_what_was_sent_is_judged_when_the_last_turn_never_comes(server: RedisServer) -> None:
    write(server, 1, "hello")
    started = time.monotonic()
    assert engine_is_given(server.url, {"said": ["hello", "bye"], "last_turn": 2}) == [("hello", "bye")]
    assert time.monotonic() - started < 4


def test_what_was_sent_is_judged_when_no_turn_is_named_or_no_session(server: RedisServer) -> None:
    write(server, 1, "hello")
    assert engine_is_given(server.url, {"said": ["bye"]}) == [("bye",)]
    assert engine_is_given(server.url, {"said": ["bye"], "session": "", "last_turn": 1}) == [("bye",)]


def test_a_transcript_with_holes_gives_way_to_what_was_sent(server: RedisServer) -> None:
    write(server, 3, "bye")
    said = ["hello", "I like tea", "bye"]
    assert engine_is_given(server.url, {"said": said, "last_turn": 3}) == [tuple(said)]


def test_without_a_store_what_was_sent_is_judged() -> None:
    assert engine_is_given("", {"said": ["hello"], "last_turn": 7}) == [("hello",)]


@pytest.mark.parametrize("how", ["dead", "frozen", "odd"])
def test_with_redis_away_what_was_sent_is_judged(tmp_path: Path, how: str) -> None:
    with redis_server(tmp_path) as own:
        if how == "dead":
            own.kill()
        elif how == "frozen":
            own.freeze()
        else:
            own.client.set(transcript_key("s1"), "not a stream")
            own.client.set(analysis_key("s1"), "not a hash")
        started = time.monotonic()
        assert engine_is_given(own.url, {"said": ["hello"], "last_turn": 1}) == [("hello",)]
        assert time.monotonic() - started < 6
        if how == "frozen":
            own.thaw()


async def test_the_engine_learns_how_long_the_caller_waits() -> None:
    engine = Listener()
    async with serving(engine) as channel:
        await ask(channel, "hello", timeout_s=7, level="beginner")
    (heard,) = engine.heard
    assert heard.patience_s is not None
    assert 4 < heard.patience_s < 7.1  # gRPC rounds a deadline up
    assert heard.level == "beginner"


async def test_the_rules_read_the_transcript_too(server: RedisServer) -> None:
    write(server, 1, "My brother work in Rome.")
    async with serving(RulesEngine(), server.url) as channel:
        result = await ask(channel)
    assert (result.engine, result.fallback) == ("rules", "")
    assert [mistake.correction for mistake in result.mistakes] == ["My brother works in Rome."]


async def test_nobody_who_spoke_gets_noughts_and_a_word_of_advice(server: RedisServer) -> None:
    async with loaded() as engine, serving(engine, server.url) as channel:
        result = await ask(channel)
    assert (result.grammar_score, result.final_score) == (0, 0)
    assert list(result.suggestions) == ["Try to speak more during the conversation!"]
    assert not result.mistakes
    assert not result.strengths


async def test_an_engine_that_fails_is_told_and_counted() -> None:
    before = ANALYSES.labels("fake", "failed")._value.get()
    async with serving(FakeEngine()) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await ask(channel, "please fail now")
    assert failure.value.code() is grpc.StatusCode.INTERNAL
    assert ANALYSES.labels("fake", "failed")._value.get() == before + 1
