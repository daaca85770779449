"""What is kept: the same words of a session get the report that was made of them, from any replica."""

from typing import Any

import pytest

from analysis_service.engine import Conversation, Report
from analysis_service.keeping import digest, read_report, write_report
from analysis_service.metrics import ANALYSES
from analysis_service.store import MOST_KEPT, Store, analysis_key
from tests.support.redis_server import RedisServer
from tests.unit.analysis_service.scripted_llm import in_turn, judgement, listening, loaded
from tests.unit.analysis_service.served import MISTAKE, TTL_S, Listener, ask, engine_is_given, serving, write

REPORT = Report(81, 73, (MISTAKE,), ("Well told.", "Good."), ("Read.", "Write."))


async def test_asked_twice_it_gives_the_same_report_and_the_engine_judges_once(server: RedisServer) -> None:
    engine = Listener()
    kept = ANALYSES.labels("listener", "kept")._value.get()
    async with serving(engine, server.url) as channel:
        first = await ask(channel, "hello")
        assert await ask(channel, "hello") == first
    async with serving(Listener(), server.url) as channel:
        assert await ask(channel, "hello") == first
    assert len(engine.heard) == 1
    assert first.engine == "listener"
    assert ANALYSES.labels("listener", "kept")._value.get() == kept + 2
    ttl: Any = server.client.ttl(analysis_key("s1"))
    assert 0 < ttl <= TTL_S


async def test_a_transcript_that_has_grown_is_judged_anew(server: RedisServer) -> None:
    engine = Listener()
    async with serving(engine, server.url) as channel:
        write(server, 1, "hello")
        await ask(channel, last_turn=1)
        write(server, 2, "I like tea")
        await ask(channel, last_turn=2)
    assert engine.said == [("hello",), ("hello", "I like tea")]


def test_another_level_or_another_session_is_another_report(server: RedisServer) -> None:
    questions: list[dict[str, Any]] = [{}, {"level": "advanced"}, {"session": "s2"}]
    assert len(engine_is_given(server.url, *({"said": ["hello"], **q} for q in questions))) == 3


def test_another_engine_judges_for_itself() -> None:
    conversation = Conversation(("hello",))
    assert digest(conversation, "rules") != digest(conversation, "llm")
    assert digest(conversation, "llm") == digest(Conversation(("hello",), session="x", patience_s=3), "llm")


async def test_of_two_reports_made_at_once_the_first_counts_for_both(server: RedisServer) -> None:
    slow, quick = Store(server.url, TTL_S), Store(server.url, TTL_S)
    assert await quick.keep("s1", "d", REPORT) == REPORT
    assert await slow.keep("s1", "d", Report(1, 1)) == REPORT
    assert await slow.kept("s1", "d") == REPORT
    await slow.close()
    await quick.close()


async def test_what_a_stand_in_said_is_not_kept(server: RedisServer) -> None:
    engine = Listener()
    async with serving(engine, server.url) as channel:
        engine.why = "the language model does not answer"
        stood_in = await ask(channel, "hello")
        assert (stood_in.engine, stood_in.fallback) == ("rules", engine.why)
        engine.why = ""
        judged = await ask(channel, "hello")
        assert (judged.engine, judged.fallback) == ("listener", "")
        assert await ask(channel, "hello") == judged


async def test_reports_of_a_session_do_not_pile_up(server: RedisServer) -> None:
    store = Store(server.url, TTL_S)
    for number in range(MOST_KEPT * 3):
        await store.keep("s1", f"d{number}", REPORT)
    assert await store.kept("s1", f"d{MOST_KEPT * 3 - 1}") == REPORT
    await store.close()
    size: Any = server.client.hlen(analysis_key("s1"))
    assert size <= MOST_KEPT


def test_a_report_is_read_as_it_was_written() -> None:
    assert read_report(write_report(REPORT)) == REPORT


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"grammar_score": 3}', '{"mistakes": [{}]}', "null"])
def test_what_is_no_report_is_not_taken_for_one(text: str) -> None:
    assert read_report(text) is None


async def test_the_model_judges_a_session_once_and_again_when_it_failed_before(server: RedisServer) -> None:
    write(server, 1, "I goed home.")
    llm = in_turn("rubbish", "rubbish", judgement(mistakes=(("I goed", "I went"),)))
    async with (
        listening(llm) as address,
        loaded(address) as engine,
        serving(engine, server.url) as channel,
    ):
        failed = await ask(channel, last_turn=1)
        assert (failed.engine, failed.fallback) == (
            "rules",
            "the language model's answer was no judgement",
        )
        judged = await ask(channel, last_turn=1)
        assert (judged.engine, judged.fallback, judged.grammar_score) == ("llm", "", 80)
        assert await ask(channel, last_turn=1) == judged
    assert len(llm.prompts) == 3
