"""A name is looked up beside the loop, for a bounded time, and gives each replica behind it once."""

import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from chassis import roster
from chassis.addresses import ALL_OF
from chassis.faults import TooSlow
from chassis.roster import find

NAME = f"{ALL_OF}stt:50051"
A, B = "10.0.0.1:50051", "10.0.0.2:50051"


async def test_a_real_name_is_found_with_its_port() -> None:
    assert "127.0.0.1:50051" in await find(f"{ALL_OF}localhost:50051")


def answer_with(monkeypatch: pytest.MonkeyPatch, *places: str) -> list[tuple[str, int]]:
    """What the system's resolver says from now on; what it was asked."""
    asked: list[tuple[str, int]] = []

    def answer(host: str, port: int, type: int) -> list[object]:
        asked.append((host, port))
        return [
            (socket.AF_INET6, type, 6, "", (place, port, 0, 0))
            if ":" in place
            else (socket.AF_INET, type, 6, "", (place, port))
            for place in places
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.parametrize(
    ("places", "found"),
    [
        (("10.0.0.1", "10.0.0.2"), {A, B}),
        (("fd00::7", "fd00::8"), {"[fd00::7]:50051", "[fd00::8]:50051"}),
        (("10.0.0.1", "fd00::7", "10.0.0.2", "fd00::8"), {A, B}),
        (("fd00::7", "10.0.0.1"), {"[fd00::7]:50051"}),
    ],
)
async def test_a_process_with_an_address_of_each_family_is_one_replica(
    monkeypatch: pytest.MonkeyPatch, places: tuple[str, ...], found: set[str]
) -> None:
    asked = answer_with(monkeypatch, *places)
    assert await find(NAME) == found
    assert asked == [("stt", 50051)]


async def test_an_address_in_brackets_is_looked_up_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_with(monkeypatch, "::1")
    assert await find(f"{ALL_OF}[::1]:50051") == {"[::1]:50051"}
    assert asked == [("::1", 50051)]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def answer(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA])
async def test_behind_a_name_that_is_no_longer_there_is_nobody(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fail_with(monkeypatch, socket.gaierror(code, "not known"))
    assert await find(NAME) == frozenset()


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_FAIL])
async def test_a_resolver_that_cannot_say_is_an_os_error(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    fail_with(monkeypatch, socket.gaierror(code, "away"))
    with pytest.raises(OSError, match="away"):
        await find(NAME)


async def test_a_silent_name_server_is_not_waited_for_longer_than_agreed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(20))
    monkeypatch.setattr(roster, "ASK_S", 0.05)
    try:
        with pytest.raises(TooSlow, match="stt"):
            await find(NAME)
    finally:
        released.set()


def test_a_process_that_asks_a_silent_name_server_ends_at_once() -> None:
    script = f"""
        import asyncio, socket, time
        from chassis.roster import find
        socket.getaddrinfo = lambda *_, **__: time.sleep(30)

        async def main():
            asking = asyncio.create_task(find("{NAME}"))
            await asyncio.sleep(0.2)
            asking.cancel()
            await asyncio.wait([asking])
            print("left", flush=True)

        asyncio.run(main())
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert (ended.stdout, ended.returncode) == ("left\n", 0)
