"""Who sends too fast is held back: nobody is hung up on, memory is bounded, and nobody else suffers."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.limits.bystander import assert_answered, bystander, connected, each
from tests.support.client import RATE, SILENCE, Client, talking_to
from tests.support.cluster import Cluster, wait_for
from tests.support.spoken import speech
from tests.unit.gateway.audio.recordings import chunks, encode

GROWTH_BYTES = 40 * 1024 * 1024
FLOOD_S = 4.0
WORDS = "Good morning, I would like to talk about my holidays in the mountains."
AI_TALK = "/ws/conversation"


async def send_for(client: Client, message: str | bytes, seconds: float) -> int:
    """As fast as the socket takes them. How many went."""
    sent, until = 0, time.monotonic() + seconds
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while time.monotonic() < until:
                await client.socket.send(message)
                sent += 1
                await asyncio.sleep(0)
    return sent


@asynccontextmanager
async def ai_talk(door: Cluster) -> AsyncIterator[Client]:
    async with talking_to(f"{door.ws}{AI_TALK}", ping_interval=None) as client:
        await client.wait_type("connected")
        yield client


@asynccontextmanager
async def bounded(door: Cluster) -> AsyncIterator[None]:
    """Whatever happens in the body, the gateway grows by little."""
    gateway = psutil.Process(door.pid("gateway"))
    before = gateway.memory_info().rss
    yield
    assert gateway.memory_info().rss - before < GROWTH_BYTES


def wait_until_gone(door: Cluster, seconds: float) -> None:
    def sessions() -> float:
        names = ("parley", "ai_talk")
        return sum(door.metric("gateway", f'parley_sessions{{dialect="{name}"}}') for name in names)

    wait_for(lambda: sessions() == 0, seconds, "the session's end")


def abort(client: Client) -> None:
    """As a phone that is switched off, or a program that is killed."""
    client.socket.transport.abort()


async def test_a_flood_of_messages_is_held_back_in_bounded_memory_and_its_hang_up_is_noticed(
    door: Cluster,
) -> None:
    floods: list[str | bytes] = ['{"type":"ping"}', '{"type":"cancel"}', '{"type":"text","text":""}', SILENCE]

    async def one(message: str | bytes) -> None:
        async with connected(door.ws, ping_interval=None) as client:
            await send_for(client, message, FLOOD_S)
            assert client.closed is None
            answered = [control["type"] for control in client.controls()].count("pong")
            assert answered < 250 + (FLOOD_S + 1) * 100
            abort(client)

    async with bounded(door), bystander(door) as healthy:
        flooding = asyncio.create_task(each(floods, one))
        await asyncio.sleep(FLOOD_S / 2)
        await assert_answered(healthy)
        await flooding
    wait_until_gone(door, 3)


async def test_a_flood_of_turns_is_held_back_and_frees_every_place_at_its_end(door: Cluster) -> None:
    async with bounded(door), bystander(door), connected(door.ws, ping_interval=None) as client:
        await send_for(client, '{"type":"text","text":"say:10s"}', 3)
        assert client.closed is None
        abort(client)
    async with asyncio.timeout(5):
        while await asyncio.to_thread(places_used, door):
            await asyncio.sleep(0.05)


def places_used(door: Cluster) -> float:
    return sum(door.metric(service, 'parley_slots_used{engine="fake"}') for service in ("llm", "tts"))


async def test_a_few_quick_messages_are_welcome(door: Cluster) -> None:
    async with bystander(door), connected(door.ws) as client:
        for _ in range(200):
            await client.send(type="ping")
        await client.wait(lambda _: [c["type"] for c in client.controls()].count("pong") == 200)
        await assert_answered(client)


@pytest.mark.parametrize("path", ["/v1/conversation", AI_TALK])
async def test_a_client_of_125_small_messages_a_second_is_never_late(door: Cluster, path: str) -> None:
    """Frames of 8 ms, as one kind of client sends them all day."""
    async with talking_to(f"{door.ws}{path}") as client:
        await client.wait_type("connected")
        started = time.monotonic()
        for number in range(125 * 6):
            await client.socket.send(bytes(256))
            await asyncio.sleep(max(started + (number + 1) * 0.008 - time.monotonic(), 0))
        asked = time.monotonic()
        await client.send(type="ping")
        await client.wait_type("pong", 2)
        assert time.monotonic() - asked < 0.5
        assert client.closed is None


async def is_heard(client: Client, within_s: float, after: int = 0) -> float:
    """An utterance is understood. After how many seconds."""
    began = time.monotonic()
    said = await client.wait(
        lambda m: m["type"] == "transcript" and bool(m["is_final"] and m["text"]), within_s, after
    )
    assert isinstance(said.message, dict)
    assert said.message["text"] == "hello there"
    return said.at - began


async def test_what_piled_up_over_a_stall_of_six_seconds_is_taken_at_the_pace_allowed(door: Cluster) -> None:
    """And nothing of it is lost: the speech lies at its end."""
    spoken = speech(WORDS)
    piled = bytes(RATE * 2 * 7)[len(spoken) :] + spoken + bytes(RATE * 2)
    async with bystander(door), connected(door.ws) as client:
        await client.speak(bytes(RATE))
        for start in range(0, len(piled), 640):
            await client.socket.send(piled[start : start + 640])
        await is_heard(client, 10)
        assert client.closed is None
        await client.wait_type("turn_complete", 10)
        await assert_answered(client)


async def test_audio_ten_times_faster_than_sound_is_held_back_and_all_of_it_heard(door: Cluster) -> None:
    spoken = speech(WORDS)
    async with bounded(door), bystander(door), connected(door.ws, ping_interval=None) as client:
        for _ in range(60):
            await client.socket.send(bytes(RATE * 2 // 5))
            await asyncio.sleep(0.02)
        for piece in chunks(spoken + bytes(RATE * 2), RATE * 2):
            await client.socket.send(piece)
        # Twelve seconds before it, of which five go at once and the rest at twice the pace of sound.
        assert await is_heard(client, 12) > 1.5
        assert client.closed is None


def whole_recording(seconds: float) -> bytes:
    """A WAV at its largest, with speech at its end."""
    spoken = np.frombuffer(speech(WORDS), np.int16)
    samples = np.concatenate([np.zeros(round(seconds * RATE) - spoken.size, np.int16), spoken])
    return encode("wav", "pcm_f32le", 48_000, np.tile(samples.repeat(3), (2, 1)), "flt")


async def test_a_whole_recording_in_one_message_is_heard_to_its_end_while_others_talk(door: Cluster) -> None:
    recording = whole_recording(15)
    async with bounded(door), bystander(door) as healthy, ai_talk(door) as client:
        await client.socket.send(recording)
        await assert_answered(healthy)
        await is_heard(client, 15)
        await client.wait_type("turn_complete", 10)


@pytest.mark.parametrize("politely", [True, False], ids=["politely", "without a word"])
async def test_a_hang_up_behind_a_recording_that_is_held_back_is_noticed_soon(
    door: Cluster, politely: bool
) -> None:
    recording = whole_recording(60)
    async with ai_talk(door) as client:
        await client.socket.send(recording)
        await asyncio.sleep(1)
        if politely:
            await client.socket.close()
        else:
            abort(client)
    wait_until_gone(door, 3)


async def test_a_hang_up_behind_megabytes_that_nobody_reads_is_noticed_soon(door: Cluster) -> None:
    async with bounded(door), ai_talk(door) as client:
        with suppress(ConnectionClosed):
            await send_for(client, bytes(64_000), 2)
        abort(client)
    wait_until_gone(door, 4)


async def test_one_who_begins_recordings_without_end_is_held_back(door: Cluster) -> None:
    head = encode("webm", "libopus", 48_000, np.zeros((1, 4800), np.int16))
    async with bounded(door), bystander(door), ai_talk(door) as client:
        gateway = psutil.Process(door.pid("gateway"))
        before = gateway.num_threads()
        await send_for(client, head, 3)
        assert gateway.num_threads() - before < 12
        assert client.closed is None
        abort(client)
    wait_until_gone(door, 4)


async def test_three_seconds_of_silence_or_white_noise_are_no_turn(door: Cluster) -> None:
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

    async with bystander(door):
        await each([bytes(len(noise)), noise], one)
