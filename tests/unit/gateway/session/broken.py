"""Brings a session on a stage to a phase, breaks a service there, and sees how that ends for the user."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from chassis.faults import Unavailable
from gateway.conversation.answering import APOLOGY, HEARING_APOLOGY
from gateway.conversation.limits import Limits
from tests.unit.gateway.links.rigged import RiggedLink
from tests.unit.gateway.session.staged import Stage, staged
from tests.unit.gateway.session.standins import speaks, writes

LIMITS = Limits(idle_s=300.0)
FIRST, REST = "One two three four five. ", "Six seven eight nine ten."
WHOLE = FIRST + REST
SHORT = "Hello there."
QUESTION, OVER = "count for me", "but what about me"
PHASES = ("listening", "speaking up", "understanding", "thinking", "speaking", "held", "settling")
WATCHED_S = 75.0


@dataclass(frozen=True)
class Ended:
    """`got`: what the user was given; `in_s`: how long after the fault the floor was theirs for good, and all
    that had gone wrong was told.
    """

    got: str
    errors: tuple[str, ...]
    in_s: float


async def break_at(phase: str, service: str, how: str) -> Ended:
    """And then everything is well again, and a question has its answer."""
    async with broken_stage() as stage:
        await REACH[phase](stage)
        began = asyncio.get_running_loop().time()
        broken = break_service(stage, service, how)
        await go_on(stage, phase, broken)
        await stage.sound(WATCHED_S, 0.1)
        assert stage.state == "listening", f"after {WATCHED_S} s the floor is not the user's"
        told = [sent.at - began for kind in ("state", "error") for sent in stage.messages(kind)[-1:]]
        ended = Ended(got(stage), tuple(stage.errors()), max(told))
        await check_mended(stage)
    return ended


@asynccontextmanager
async def broken_stage() -> AsyncIterator[Stage]:
    async with staged(limits=LIMITS, scripted=False) as stage:
        stage.tts.peers[0].script = speaks()
        yield stage


# ---------------------------------------------------------------------- reaching a phase


async def listen(stage: Stage) -> None:
    await stage.sound(0.2)


async def speak_up(stage: Stage) -> None:
    stage.begin_speech()
    await stage.sound(0.5)


async def understand(stage: Stage) -> None:
    await speak_up(stage)
    stage.end_speech()
    await stage.sound(0.1)


async def think(stage: Stage) -> None:
    await stage.say(QUESTION)
    await stage.sound(0.1)
    assert stage.state == "thinking"


async def speak(stage: Stage) -> None:
    await think(stage)
    stage.write(stage.llm.peers[0], FIRST)
    await stage.sound(0.8)
    assert stage.state == "speaking"


async def hold(stage: Stage) -> None:
    await speak(stage)
    stage.notice_voice()
    await stage.sound(0.1)
    stage.begin_speech()
    await stage.sound(0.1)
    assert stage.messages("hold")


async def settle(stage: Stage) -> None:
    await speak(stage)
    stage.socket.tell("cancel")
    await stage.later(0.01)
    assert stage.memory.turns == [], "what was heard is not known yet"


REACH: dict[str, Callable[[Stage], Awaitable[None]]] = dict(
    zip(PHASES, (listen, speak_up, understand, think, speak, hold, settle), strict=True)
)


# ---------------------------------------------------------------------- the fault


def break_service(stage: Stage, service: str, how: str) -> Any:
    """`killed`: its connection is lost and it is gone; else it says nothing any more."""
    if service == "analysis":
        stage.analysis.answer = Unavailable("gone") if how == "killed" else None
        return stage.analysis
    link: RiggedLink = getattr(stage, service)
    for replica, peer in zip(link.rigged, link.peers, strict=True):
        peer.script = lambda *_: None
        if how == "killed":
            replica.ready = False
            peer.die()
    return link


async def go_on(stage: Stage, phase: str, broken: Any) -> None:
    """What the user does, and the services that are well."""
    if broken is stage.analysis:
        stage.socket.tell("end_conversation")
    if phase in ("thinking", "speaking", "held") and broken is not stage.llm:
        stage.write(stage.llm.peers[0], WHOLE if phase == "thinking" else REST, ends=True)
    if broken is not stage.llm:
        stage.llm.peers[0].script = writes(SHORT)
    if phase in ("listening", "settling"):
        await stage.sound(0.1)
        stage.socket.tell("text", text="hello") if broken is stage.stt else await stage.say("hello")
    elif broken is not stage.stt:
        if phase == "held":
            stage.understand(OVER, final=False)
        if phase in ("speaking up", "held"):
            await stage.sound(0.5)
            stage.end_speech()
        if phase in ("speaking up", "understanding", "held"):
            await stage.sound(0.1)
            stage.understand(OVER if phase == "held" else "hello")


# ---------------------------------------------------------------------- how it ended


def got(stage: Stage) -> str:
    """In a word, of the last turn."""
    if not stage.memory.turns:
        return "nothing"
    turn = stage.memory.turns[-1]
    if turn.reply_text in (APOLOGY, HEARING_APOLOGY):
        return "apology" if turn.reply_text == APOLOGY else "deaf"
    if turn.interrupted:
        return "cut"
    written = turn.reply_text.strip()
    if written not in (SHORT, WHOLE):
        return "half"
    return "written" if any(code.startswith("tts") for code in stage.errors()) else "reply"


async def check_mended(stage: Stage) -> None:
    for link in stage.links:
        for replica in link.rigged:
            replica.ready = True
    stage.llm.peers[0].script, stage.tts.peers[0].script = writes(SHORT), speaks()
    stage.analysis.tell(Unavailable("gone"))
    await stage.sound(2.0)
    turns = len(stage.memory.turns)
    await stage.say("are you there")
    await stage.sound(3.0)
    assert [turn.heard_text for turn in stage.memory.turns[turns:]] == [SHORT], (
        "the session is not well again"
    )
    assert stage.state == "listening"
