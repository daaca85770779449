"""A caller and a cluster that does as it pleases: the caller comes back with one sentence."""

import asyncio
import http
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from cli.cluster_files import free_ports
from cli.main import main
from cli.rehearsal import calling, line
from cli.rehearsal.player import Player
from cli.rehearsal.script import Script
from cli.rehearsal.takes import Take

Does = Callable[[ServerConnection], Awaitable[None]]
SCENARIO = """name: typed
shows: What is typed is answered.
caller:
  - type: Hello.
expect:
  answers: 1
"""
SOUND = np.random.default_rng(1).integers(-4000, 4000, 4800).astype("<i2").tobytes()
"""0.3 s."""
FEWER = "; wait until there is a place, or call with fewer --callers"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "QUIET_S", 0.6)
    monkeypatch.setattr(line, "STUCK_S", 1.0)
    monkeypatch.setattr(calling, "FULL_S", 1.0)


class Rehearsed:
    """`parley rehearse` of one scenario with a cluster at its other end."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._path, self._capsys = folder / "typed.yaml", capsys
        self._path.write_text(SCENARIO)

    async def by(
        self, does: Does, refuse: Response | None = None, refusals: int = 1000
    ) -> tuple[int, list[str], list[str]]:
        answers_left = [refuse] * refusals

        def answer(_: ServerConnection, __: Request) -> Response | None:
            return answers_left.pop() if answers_left else None

        async with serve(does, "127.0.0.1", 0, process_request=answer) as server:
            (where,) = [socket.getsockname() for socket in server.sockets]
            return await asyncio.to_thread(self.at, f"http://127.0.0.1:{where[1]}")

    def at(self, url: str, *options: str) -> tuple[int, list[str], list[str]]:
        """Exit status, stdout and stderr."""
        with pytest.raises(SystemExit) as ended:
            main(["rehearse", str(self._path), "--url", url, *options])
        said = self._capsys.readouterr()
        return int(str(ended.value.code)), said.out.splitlines(), said.err.splitlines()


@pytest.fixture
def rehearsed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Rehearsed:
    return Rehearsed(tmp_path, capsys)


async def say(socket: ServerConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def typed(socket: ServerConnection) -> None:
    async for message in socket:
        if isinstance(message, str):
            return


async def heed(socket: ServerConnection) -> None:
    async for _ in socket:
        pass


async def answers(socket: ServerConnection) -> None:
    await typed(socket)
    await say(socket, type="ai_audio_start", turn=1, sample_rate=16_000)
    await socket.send(SOUND)
    await say(socket, type="ai_audio_end", turn=1, duration_ms=300)
    await heed(socket)


async def test_an_answer_passes(rehearsed: Rehearsed) -> None:
    status, out, err = await rehearsed.by(answers)
    assert (status, err) == (0, ["typed 1: hibari +0 dB: passed"])
    told = json.loads(out[-1])
    assert (told["holds"], told["runs"], told["passed"]) == (True, 1, 1)


async def test_silence_does_not(rehearsed: Rehearsed) -> None:
    status, out, _ = await rehearsed.by(heed)
    assert status == 1
    assert out[2] == "  typed 1: hibari +0 dB: missing: 0 answers came, not 1"
    assert json.loads(out[-1])["scenarios"][0]["faults"] == {"missing": 1}


async def test_a_reply_that_is_held_for_ever_does_not_keep_the_caller(rehearsed: Rehearsed) -> None:
    async def holds(socket: ServerConnection) -> None:
        await typed(socket)
        await say(socket, type="ai_audio_start", turn=1, sample_rate=16_000)
        await socket.send(SOUND)
        await asyncio.sleep(0.15)
        await say(socket, type="hold", turn=1)
        await heed(socket)

    status, out, _ = await rehearsed.by(holds)
    assert status == 1
    assert "broken: a reply that was begun did not go on" in out[2]


async def test_a_cluster_that_hangs_up_is_named_with_its_reason(rehearsed: Rehearsed) -> None:
    async def leaves(socket: ServerConnection) -> None:
        await typed(socket)
        await socket.close(1012, "the server is leaving")

    status, out, _ = await rehearsed.by(leaves)
    assert status == 1
    assert out[2].endswith(
        "broken: in the middle of the call: the server closed the connection: 1012 the server is leaving"
    )


@pytest.mark.parametrize("message", ["no JSON", "[]", '{"kind":"hold"}'])
async def test_what_is_no_message_of_ours_breaks_the_call(rehearsed: Rehearsed, message: str) -> None:
    async def babbles(socket: ServerConnection) -> None:
        await typed(socket)
        await socket.send(message)
        await heed(socket)

    status, out, _ = await rehearsed.by(babbles)
    assert status == 1
    assert "does not answer as Parley does" in out[2]


@pytest.mark.parametrize(
    ("code", "said", "remedy"),
    [
        (http.HTTPStatus.UNAUTHORIZED, "no key", "; give the key with --key, or in PARLEY_KEY"),
        (http.HTTPStatus.SERVICE_UNAVAILABLE, "full", FEWER),
    ],
)  # fmt: skip
async def test_who_is_not_let_in_says_why_and_what_to_do(
    rehearsed: Rehearsed, code: http.HTTPStatus, said: str, remedy: str
) -> None:
    refusal = Response(code.value, code.phrase, Headers({"Content-Length": str(len(said))}), said.encode())
    status, out, (reason,) = await rehearsed.by(heed, refusal)
    assert (status, out) == (1, [])
    assert reason.startswith("parley: http://127.0.0.1:")
    assert reason.endswith(f" refused with HTTP {code.value}: {said}{remedy}")


async def test_a_place_that_is_soon_free_is_waited_for(rehearsed: Rehearsed) -> None:
    full = Response(503, "Service Unavailable", Headers({"Content-Length": "0"}), b"")
    status, _, err = await rehearsed.by(answers, full, refusals=2)
    assert (status, err) == (0, ["typed 1: hibari +0 dB: passed"])


def test_nobody_there_is_said_so(rehearsed: Rehearsed) -> None:
    (port,) = free_ports(1)
    status, out, (reason,) = rehearsed.at(f"http://127.0.0.1:{port}")
    assert (status, out) == (1, [])
    assert "nobody listens there; is the cluster running? (make run)" in reason


@pytest.mark.parametrize(
    ("bound", "takes_s", "said"),
    [("SEND_S", 3600.0, "took nothing for 0.05 s"), ("BEHIND_S", 0.03, "0.05 s behind")],
)
async def test_a_cluster_that_takes_nothing_or_too_slowly_ends_the_call(
    monkeypatch: pytest.MonkeyPatch, bound: str, takes_s: float, said: str
) -> None:
    class Stuffed:
        async def send(self, _: object) -> None:
            await asyncio.sleep(takes_s)

    monkeypatch.setattr(calling, bound, 0.05)
    silent = line.Line(Script(Take(0, "hibari", 0.0, None), ()))
    with pytest.raises(calling.Hung, match=said):
        await calling._speak(Stuffed(), silent, Player(), calling.Lateness())  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [("--runs", "0"), ("--callers", "65"), ("--callers", "two")])
def test_counts_that_make_no_sense_are_wrong_usage(rehearsed: Rehearsed, options: tuple[str, str]) -> None:
    status, _, err = rehearsed.at("http://127.0.0.1:9", *options)
    assert status == 2
    assert "give a whole number from 1 to" in err[-1]


def test_a_scenario_that_cannot_be_read_is_wrong_usage(rehearsed: Rehearsed, tmp_path: Path) -> None:
    (tmp_path / "typed.yaml").write_text(SCENARIO.replace("Hello", "Hello\n  noise: cough"))
    status, out, (reason,) = rehearsed.at("http://127.0.0.1:9")
    assert (status, out) == (2, [])
    assert reason.startswith(f"parley rehearse: {tmp_path / 'typed.yaml'}")
