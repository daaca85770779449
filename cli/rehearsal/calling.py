"""Calls a running cluster over our own wire as a page would, in real time, and plays what comes back."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from chassis.proxies import is_near_url
from cli.rehearsal.judge import Call
from cli.rehearsal.line import Line
from cli.rehearsal.player import Player
from cli.rehearsal.scenario import Scenario
from cli.rehearsal.script import Script
from cli.talk import why_broken
from cli.where import Place, Refused
from protos.sound import HEARD_RATE

FRAME_S = 0.020
REPORT_FRAMES = 12
OPEN_S = 10.0
FULL_S, AGAIN_S = 5.0, 0.5
"""How long a cluster without a place is asked again, and how often."""
SEND_S = 5.0
"""Longest wait for a cluster that takes nothing any more."""
BEHIND_S = 10.0
"""A call that is so late is none any more."""
CLOSE_S = 2.0


class Hung(Exception):
    """What is said is not taken any more, or not in time: in words."""


@dataclass(slots=True)
class Lateness:
    """How late this machine was with frames of its own, at worst."""

    worst_s: float = 0.0


async def call(place: Place, scenario: Scenario, script: Script, lateness: Lateness) -> Call:
    """A call broken off says so itself. Raises Refused where none could begin."""
    line, player = Line(script), Player()
    socket = await _let_in(place, scenario)
    broken = ""
    try:
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(_listen(socket, player))
            await _speak(socket, line, player, lateness)
            reader.cancel()
    except* (OSError, WebSocketException, Hung) as failures:
        broken = _told(place.url, failures.exceptions[0])
    except* (ValueError, KeyError, TypeError):
        broken = f"in the middle of the call: {place.url} does not answer as Parley does"
    finally:
        await _hang_up(socket)
    return Call.of(line, player, broken)


async def _let_in(place: Place, scenario: Scenario) -> ClientConnection:
    """Raises Refused. Where all places are taken, one of an earlier call may soon be free."""
    until = time.monotonic() + FULL_S
    while True:
        try:
            return await _connect(place, scenario)
        except (OSError, WebSocketException, ImportError) as error:
            is_full = isinstance(error, InvalidStatus) and error.response.status_code == 503
            if not is_full or time.monotonic() > until:
                remedy = "; wait until there is a place, or call with fewer --callers" if is_full else ""
                raise Refused(f"{why_broken(place.url, error)}{remedy}") from None
        await asyncio.sleep(AGAIN_S)


async def _connect(place: Place, scenario: Scenario) -> ClientConnection:
    rates = {"input_rate": HEARD_RATE, "output_rate": HEARD_RATE}
    query = urlencode({**rates, "language": scenario.language, "level": scenario.level})
    return await connect(
        f"{place.conversation}?{query}",
        max_size=2**20,
        open_timeout=OPEN_S,
        close_timeout=CLOSE_S,
        additional_headers={"Authorization": f"Bearer {place.key}"} if place.key else {},
        proxy=None if is_near_url(place.url) else True,
    )


async def _hang_up(socket: ClientConnection) -> None:
    try:
        async with asyncio.timeout(2 * CLOSE_S):
            await socket.close()
    except (TimeoutError, OSError, WebSocketException):
        socket.transport.abort()


def _told(url: str, error: BaseException) -> str:
    if isinstance(error, Hung):
        return f"in the middle of the call: {url} {error}"
    return f"in the middle of the call: {why_broken(url, error)}"


async def _speak(socket: ClientConnection, line: Line, player: Player, lateness: Lateness) -> None:
    """A frame is taken up every 20 ms while one is played, until the call is over."""
    began = time.monotonic()
    frames = 0
    while not line.is_over:
        heard = player.fill()
        frame, typed = line.next(heard)
        try:
            async with asyncio.timeout(SEND_S):
                await socket.send(frame)
                for text in typed:
                    await socket.send(json.dumps({"type": "text", "text": text}))
                if heard.reply and frames % REPORT_FRAMES == 0:
                    await _report(socket, player)
        except TimeoutError:
            raise Hung(f"took nothing for {SEND_S:g} s") from None
        frames += 1
        late_s = time.monotonic() - began - frames * FRAME_S
        lateness.worst_s = max(lateness.worst_s, late_s)
        if late_s > BEHIND_S:
            raise Hung(f"takes sound too slowly, or this machine is too busy: {BEHIND_S:g} s behind")
        await asyncio.sleep(max(-late_s, 0))


async def _report(socket: ClientConnection, player: Player) -> None:
    played_ms = round(player.played_ms)
    if player.turn is not None and played_ms:
        await socket.send(json.dumps({"type": "playback", "turn": player.turn, "played_ms": played_ms}))


async def _listen(socket: ClientConnection, player: Player) -> None:
    """Raises ConnectionClosed when it is hung up on."""
    async for message in socket:
        if isinstance(message, bytes):
            player.push(message)
        else:
            await _heed(json.loads(message), socket, player)
    raise ConnectionClosed(socket.protocol.close_rcvd, socket.protocol.close_sent)


async def _heed(message: dict[str, Any], socket: ClientConnection, player: Player) -> None:
    match message["type"]:
        case "ai_audio_start":
            player.begin(message["turn"])
        case "ai_audio_end":
            player.end(message["duration_ms"])
        case "hold":
            player.hold()
            await _report(socket, player)
        case "resume":
            player.resume()
        case "flush":
            await _report(socket, player)
            player.flush()
        case _:
            pass
