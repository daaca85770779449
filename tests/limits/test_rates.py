"""How fast a client may send, and what sound without speech may cause."""

import asyncio
import random

from websockets.exceptions import ConnectionClosed

from tests.limits.bystander import assert_answered, bystander, connected, each
from tests.support.client import RATE, SILENCE, Client
from tests.support.cluster import Cluster

MOST_MESSAGES = 2000
"""Far over the burst and a few seconds' sustained rate; the socket must be closed before."""


async def send_until_closed(client: Client, message: str | bytes, pause_s: float) -> int:
    """How many messages went until the server closed."""
    for sent in range(MOST_MESSAGES):
        if client.closed is not None:
            return sent
        try:
            await client.socket.send(message)
        except ConnectionClosed:
            return sent
        await asyncio.sleep(pause_s)
    return MOST_MESSAGES


def test_a_flood_of_messages_ends_the_session_with_the_reason(door: Cluster) -> None:
    async def one(message: str) -> None:
        async with connected(door.ws) as client:
            sent = await send_until_closed(client, message, 0.001)
            code, reason = await client.wait_closed()
            assert code == 1008
            assert "too fast" in reason
            assert 250 <= sent < MOST_MESSAGES

    async def story() -> None:
        async with bystander(door):
            await each(['{"type":"ping"}', '{"type":"cancel"}', '{"type":"text","text":""}'], one)

    asyncio.run(story())


def test_a_flood_of_turns_ends_the_session_and_frees_every_place(door: Cluster) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            await send_until_closed(client, '{"type":"text","text":"say:10s"}', 0.001)
            assert (await client.wait_closed())[0] == 1008
        async with asyncio.timeout(3):
            while await asyncio.to_thread(places_used, door):
                await asyncio.sleep(0.05)

    asyncio.run(story())


def places_used(door: Cluster) -> float:
    return sum(door.metric(service, 'parley_slots_used{engine="fake"}') for service in ("llm", "tts"))


def test_a_few_quick_messages_are_welcome(door: Cluster) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            for _ in range(200):
                await client.send(type="ping")
            await client.wait(lambda _: [c["type"] for c in client.controls()].count("pong") == 200)
            await assert_answered(client)

    asyncio.run(story())


def test_audio_ten_times_faster_than_sound_ends_the_session_with_the_reason(door: Cluster) -> None:
    async def story() -> None:
        async with bystander(door), connected(door.ws) as client:
            sent = await send_until_closed(client, SILENCE * 10, 0.02)
            code, reason = await client.wait_closed()
            assert code == 1008
            assert "real time" in reason
            # Five seconds of burst at least, whatever the clocks do.
            assert sent >= 25

    asyncio.run(story())


def test_three_seconds_of_silence_or_white_noise_are_no_turn(door: Cluster) -> None:
    dice = random.Random(7)
    noise = b"".join(int(dice.gauss(0, 2500)).to_bytes(2, "little", signed=True) for _ in range(RATE * 3))

    async def one(pcm: bytes) -> None:
        async with connected(door.ws) as client:
            await client.speak(pcm)
            await asyncio.sleep(1.2)
            types = {message["type"] for message in client.controls()}
            assert types <= {"connected", "state"}, client.controls()
            assert not client.audio()
            await assert_answered(client)

    async def story() -> None:
        async with bystander(door):
            await each([bytes(len(noise)), noise], one)

    asyncio.run(story())
