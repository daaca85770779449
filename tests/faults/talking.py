"""Turns as a client sees them, and what must be true of a cluster when the hurting is over."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.support.client import Client, talking_to
from tests.support.cluster import Cluster
from tts_service.engines.fake import turn_of

PATH = "/v1/conversation"
COMPLETE_S = 12.0
FREE_S = 3.0
SPEECH = b"".join((9000 if n // 40 % 2 else -9000).to_bytes(2, "little", signed=True) for n in range(16_000))
"""A second of something loud."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """A client that has been greeted."""
    async with talking_to(f"{url}{PATH}") as client:
        await client.wait_type("connected")
        yield client


async def begin(client: Client, text: str) -> int:
    """Type; the turn's number."""
    after = len(client.messages)
    await client.send(type="text", text=text)
    return int((await client.wait_type("transcript", 5, after))["turn"])


def is_said(kind: str, turn: int | None = None) -> Callable[[dict[str, object]], bool]:
    return lambda message: message["type"] == kind and turn in (None, message.get("turn"))


async def complete(client: Client, turn: int, within_s: float = COMPLETE_S) -> dict[str, object]:
    """Wait for the turn's end."""
    message = (await client.wait(is_said("turn_complete", turn), within_s)).message
    assert isinstance(message, dict)
    return message


async def converse(client: Client, text: str = "say:0.3s") -> int:
    """A turn that must go well: written, heard in its own voice, ended without an error."""
    after = len(client.messages)
    turn = await begin(client, text)
    await complete(client, turn)
    controls = [r.message for r in client.messages[after:] if isinstance(r.message, dict)]
    assert not [message for message in controls if message["type"] == "error"], controls
    assert voices(client, after) == {turn}
    return turn


def voices(client: Client, after: int = 0) -> set[int | None]:
    """Which turns the audio since then belongs to."""
    return {
        voice for r in client.messages[after:] if isinstance(r.message, bytes) for voice in whose(r.message)
    }


def whose(pcm: bytes) -> set[int | None]:
    return {turn_of(sample) for sample in set(array("h", pcm))}


def assert_no_dead_audio(client: Client) -> None:
    """After a turn was flushed or complete, not one sample of it came; and only known turns were heard."""
    dead: set[int | None] = set()
    live: set[int | None] = set()
    for received in client.messages:
        message = received.message
        if isinstance(message, bytes):
            assert not whose(message) & dead, f"audio of {whose(message) & dead} came after its end"
            assert whose(message) <= live
        elif message["type"] in ("flush", "turn_complete"):
            dead.add(message["turn"])
        elif message["type"] == "ai_audio_start":
            live.add(message["turn"])


def errors(client: Client, turn: int | None = None) -> list[str]:
    return [str(m["code"]) for m in client.controls() if is_said("error", turn)(m)]


def apologised(client: Client, turn: int) -> bool:
    return any(is_said("ai_text", turn)(m) and "sorry" in str(m["text"]) for m in client.controls())


async def until(condition: Callable[[], bool], within_s: float, what: str) -> None:
    """Poll in a thread, for the clients must go on reading."""
    try:
        async with asyncio.timeout(within_s):
            while not await asyncio.to_thread(condition):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited {within_s:g} s for {what}") from None


async def ready(cluster: Cluster) -> None:
    """Every service, analysis too, is seen by the gateway."""

    def all_ready() -> bool:
        status, body = cluster.get("/ready")
        return status == 200 and bool(body["analysis"])

    await until(all_ready, 20, "the cluster to be ready")


def slots_used(cluster: Cluster, *services: str) -> float:
    return sum(cluster.metric(service, 'parley_slots_used{engine="fake"}') for service in services)


async def slots_free(cluster: Cluster, within_s: float = FREE_S) -> None:
    """No reply is being made any more."""
    await until(lambda: slots_used(cluster, "llm", "tts") == 0, within_s, "llm and tts to be free")
