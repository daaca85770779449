"""A conversation that broke off goes on in another session: what was said and heard is known there."""

import pytest

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Conversation
from gateway.memory.entries import SessionRecord, TranscriptEntry
from gateway.memory.redis_memory import MAX_SAID, RedisMemory
from tests.support.redis_server import RedisServer
from tests.unit.gateway.memory.remembering import TTL_S, remembering, written


def record(session: str, continues: str = "") -> SessionRecord:
    return SessionRecord(session, "host:8000", "parley", "beginner", "closed", continues)


def turn(session: str, number: int, said: str, heard: str) -> TranscriptEntry:
    return TranscriptEntry(session, number, said, f"{heard} and more", heard, interrupted=True)


async def test_what_was_said_is_found_through_every_session_that_broke_off(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        for entry in (
            record("a"),
            turn("a", 1, "My name is Ana", "Hello Ana!"),
            record("b", continues="a"),
            turn("b", 1, "I like tea", "So do I."),
            turn("b", 2, "", "Which kind?"),
            record("c", continues="b"),
        ):
            memory.remember(entry)
        assert await written(memory)
        assert await memory.said("c") == [
            ("My name is Ana", "Hello Ana!"),
            ("I like tea", "So do I."),
            ("", "Which kind?"),
        ]
        assert await memory.said("nobody") == []


async def test_of_long_talks_only_the_latest_turns_are_read(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        for number in range(1, MAX_SAID):
            memory.remember(turn("a", number, f"a{number}", "yes"))
        for entry in (
            record("a"),
            record("b", continues="a"),
            turn("b", 1, "b1", ""),
            turn("b", 2, "b2", ""),
        ):
            memory.remember(entry)
        assert await written(memory)
        said = [said for said, _ in await memory.said("b")]
        assert said == [*(f"a{number}" for number in range(2, MAX_SAID)), "b1", "b2"]


async def test_sessions_that_continue_each_other_in_a_ring_are_read_to_an_end(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        memory.remember(record("a", continues="b"))
        memory.remember(record("b", continues="a"))
        memory.remember(turn("a", 1, "hello", "hi"))
        assert await written(memory)
        assert ("hello", "hi") in await memory.said("a")


async def test_with_redis_away_the_conversation_begins_without_it() -> None:
    memory = RedisMemory("redis://127.0.0.1:1/0", TTL_S)
    assert await memory.said("a") == []
    await memory.close()


@pytest.mark.parametrize("earlier", [[("My name is Ana", "Hello Ana!"), ("", "Which kind?")]])
def test_the_prompt_begins_with_it_and_the_analysis_does_not(earlier: list[tuple[str, str]]) -> None:
    conversation = Conversation([TUTOR])
    conversation.go_on_from(earlier)
    (start,) = [s for s in conversation.receive(e.TextTyped(1, "green")) if isinstance(s, do.StartReply)]
    assert [(m.role, m.content) for m in start.messages[1:]] == [
        ("user", "My name is Ana"),
        ("assistant", "Hello Ana!"),
        ("assistant", "Which kind?"),
        ("user", "green"),
    ]
    assert conversation.state.items.utterances == ("green",)
