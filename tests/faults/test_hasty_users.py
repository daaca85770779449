"""Users who cut in and hang up at any moment: nothing of a dead turn is heard, and nothing is left behind."""

import asyncio
import random

import psutil
import pytest

from tests.faults.talking import (
    SPEECH,
    assert_no_dead_audio,
    begin,
    complete,
    connected,
    converse,
    is_said,
    slots_free,
    slots_used,
    until,
)
from tests.support.client import SILENCE
from tests.support.cluster import Cluster

CANCELS, AT_ONCE = 200, 10
HANG_UPS = 50


@pytest.fixture
def seed() -> int:
    """Printed when the test fails."""
    chosen = random.SystemRandom().randrange(10_000)
    print(f"seed {chosen}")
    return chosen


async def test_two_hundred_random_cancels_are_silence_at_once_and_free_every_place(
    victim: Cluster, seed: int
) -> None:
    async def cancel_often(dice: random.Random) -> None:
        async with connected(victim.ws) as client:
            for _ in range(CANCELS // AT_ONCE):
                turn = await begin(client, "say:10s")
                # Half before the reply is heard, which takes a quarter of a second, half in its midst.
                await asyncio.sleep(dice.uniform(0, 0.5))
                await client.send(type="cancel")
                await client.wait(is_said("flush", turn), 3)
                await complete(client, turn, 3)
            await asyncio.sleep(0.3)
            assert_no_dead_audio(client)
            assert client.audio()
            await converse(client)

    await asyncio.gather(*(cancel_often(random.Random(seed + n)) for n in range(AT_ONCE)))
    await slots_free(victim, 1.0)


async def test_a_cancel_frees_its_places_within_a_second(victim: Cluster) -> None:
    async with connected(victim.ws) as client:
        for text in ("hang", "say:30s", "stall_after:2"):
            turn = await begin(client, text)
            await until(lambda: slots_used(victim, "llm", "tts") > 0, 2, "the turn to take its places")
            await client.send(type="cancel")
            await complete(client, turn, 3)
            await slots_free(victim, 1.0)


async def test_hanging_up_in_the_middle_of_everything_leaves_nothing_behind(
    victim: Cluster, seed: int
) -> None:
    gateway = psutil.Process(victim.pid("gateway"))

    async def hang_up(dice: random.Random) -> None:
        async with connected(victim.ws) as client:
            match dice.randrange(5):
                case 0:
                    await client.send(type="text", text=dice.choice(["hang", "say:10s", "stall_after:2"]))
                case 1:
                    await client.speak(SPEECH[: dice.randrange(640, 32_000, 2)])
                case 2:
                    await client.send(type="end_conversation")
                case 3:
                    await client.socket.send(b"\x1aE\xdf\xa3" + bytes(200))
                case _:
                    await client.speak(SILENCE * 5)
            await asyncio.sleep(dice.uniform(0, 0.6))
            if dice.random() < 0.7:
                client.socket.transport.abort()

    async def all_left() -> None:
        gauge = 'parley_sessions{dialect="parley"}'
        await until(lambda: victim.metric("gateway", gauge) == 0, 5, "every session to be over")

    # Once before measuring: pools fill, and files that are kept open are opened.
    await asyncio.gather(*(hang_up(random.Random(seed - n)) for n in range(10)))
    await all_left()
    before = gateway.num_fds(), gateway.num_threads()
    for start in range(0, HANG_UPS, 10):
        await asyncio.gather(*(hang_up(random.Random(seed + start + n)) for n in range(10)))
    await all_left()
    await slots_free(victim)
    await until(lambda: victim.metric("stt", 'parley_slots_used{engine="fake"}') == 0, 5, "stt to be free")
    # What was cut off may take its time to go; fifty files may not stay.
    await until(lambda: gateway.num_fds() <= before[0] + 6, 12, f"files to be about {before[0]} again")
    await until(lambda: gateway.num_threads() <= before[1] + 1, 5, f"threads to be {before[1]} again")
    async with connected(victim.ws) as client:
        await converse(client)
    assert "Traceback" not in victim.log("gateway")
