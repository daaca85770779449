"""Speak a WAV file to a cluster in real time, as a microphone would, and collect the answer."""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from chassis.proxies import is_near_url
from cli.wav import Recording, read_wav, write_wav
from cli.where import Place, Refused, place_of, why_unreachable

FRAME_MS = 20
OUTPUT_RATE = 24_000
LONGEST_S = 86_400.0


@dataclass
class Answer:
    """What came back. Times are monotonic seconds."""

    finals: dict[int, str] = field(default_factory=dict)
    """By turn: who goes on is told of all that they said in it."""
    replies: list[str] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)
    latencies: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    turns: int = 0
    session: str = ""
    is_recorded: bool = False
    voice_ended: float | None = None
    first_audio: float | None = None
    state: str = "listening"
    file_ended: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def transcripts(self) -> list[str]:
        return [text for _, text in sorted(self.finals.items())]

    def as_json(self) -> dict[str, Any]:
        return {
            "transcript": " ".join(self.transcripts),
            "reply_text": " ".join(self.replies),
            "reply_audio_s": round(len(self.audio) / 2 / OUTPUT_RATE, 3),
            "end_of_speech_to_first_audio_ms": self.end_to_audio_ms(),
            "turns": self.turns,
            "session": self.session,
            "recorded": self.is_recorded,
            "latencies": self.latencies,
            "errors": self.errors,
        }

    def end_to_audio_ms(self) -> float | None:
        if self.voice_ended is None or self.first_audio is None:
            return None
        return round((self.first_audio - self.voice_ended) * 1000, 1)


def seconds(text: str) -> float:
    """An argparse type: a time to wait."""
    try:
        given = float(text)
    except ValueError:
        given = 0.0
    if not 0 < given <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"give seconds, up to {LONGEST_S:g}, not {text!r}")
    return given


class NoAnswer(Exception):
    """Why there is none."""


def run(options: argparse.Namespace) -> int:
    try:
        recording = read_wav(options.file)
        if options.out:
            check_writable(options.out)
        wishes = {"level": options.level, **({"record": "true"} if options.record else {})}
        answer = asyncio.run(talk(place_of(options), recording, wishes, options.timeout))
        if options.out:
            write_wav(options.out, Recording(bytes(answer.audio), OUTPUT_RATE))
    except (NoAnswer, Refused, ValueError, OSError) as error:
        print(f"parley talk: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    if options.record and not answer.is_recorded:
        print("parley talk: not recorded: this cluster was started without EVENT_LOG_DIR", file=sys.stderr)
    print(json.dumps(answer.as_json(), ensure_ascii=False) if options.json else describe(answer))
    return 0


def check_writable(path: Path) -> None:
    """Raises OSError, saying what to do, where the answer could not be written."""
    folder = path.absolute().parent
    if path.is_dir():
        raise OSError(f"--out {path} is a folder: name a file in it")
    if not folder.is_dir():
        raise OSError(f"--out {path}: there is no folder {folder}; make it first (mkdir -p)")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise OSError(f"--out {path} may not be written to: choose another place")


async def talk(place: Place, recording: Recording, wishes: Mapping[str, str], timeout_s: float) -> Answer:
    """Speak, then wait until the last turn is over. `wishes`: the wire's parameters besides the rates.

    Raises NoAnswer with the reason.
    """
    query = urlencode({"input_rate": recording.rate, "output_rate": OUTPUT_RATE, **wishes})
    answer = Answer()
    headers = {"Authorization": f"Bearer {place.key}"} if place.key else {}
    try:
        async with (
            connect(
                f"{place.conversation}?{query}",
                max_size=2**20,
                additional_headers=headers,
                proxy=None if is_near_url(place.url) else True,
            ) as socket,
            asyncio.TaskGroup() as group,
        ):
            reader = group.create_task(_read(socket, answer))
            speaker = group.create_task(_speak(socket, recording, answer))
            await _wait(answer, recording.seconds + timeout_s)
            speaker.cancel()
            reader.cancel()
    except* (OSError, WebSocketException, ImportError) as failures:  # a SOCKS proxy needs a library
        raise NoAnswer(why_broken(place.url, failures.exceptions[0])) from None
    _check(answer, timeout_s)
    return answer


async def _wait(answer: Answer, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await answer.settled.wait()
    except TimeoutError:
        return


def _check(answer: Answer, timeout_s: float) -> None:
    if answer.turns and answer.audio:
        return
    said = f" ({'; '.join(answer.errors)})" if answer.errors else ""
    if not answer.transcripts:
        raise NoAnswer(f"no answer: no speech was understood in {timeout_s:g} s after the file{said}")
    raise NoAnswer(f"no answer came in {timeout_s:g} s after the file{said}")


def why_broken(url: str, error: BaseException) -> str:
    """A sentence about what a WebSocket's library raised."""
    match error:
        case InvalidStatus():
            body = error.response.body.decode(errors="replace")[:300] if error.response.body else ""
            key = "; give the key with --key, or in PARLEY_KEY" if error.response.status_code == 401 else ""
            return f"{url} refused with HTTP {error.response.status_code}: {body}{key}"
        case ConnectionClosed():
            close = error.rcvd
            said = f": {close.code} {close.reason}" if close else ", and said nothing"
            return f"the server closed the connection{said}"
        case InvalidHandshake():
            return f"{url} does not answer as Parley does ({type(error).__name__})"
        case _:
            return f"cannot reach {url}: {why_unreachable(error)}; is the cluster running? (make run)"


async def _speak(socket: ClientConnection, recording: Recording, answer: Answer) -> None:
    """The file in real time, then silence for as long as it takes, as a microphone sends it."""
    frame = recording.rate * FRAME_MS // 1000 * 2
    silence = bytes(frame)
    voice_ends = recording.voice_ends_s()
    started = time.monotonic()
    sent = 0
    while True:
        piece = recording.pcm[sent : sent + frame] if sent < len(recording.pcm) else silence
        await socket.send(piece)
        sent += frame
        now = time.monotonic()
        if answer.voice_ended is None and sent / 2 / recording.rate >= voice_ends:
            answer.voice_ended = now
            answer.first_audio = None
        answer.file_ended = sent >= len(recording.pcm)
        await asyncio.sleep(max(started + sent / 2 / recording.rate - now, 0))


async def _read(socket: ClientConnection, answer: Answer) -> None:
    async for message in socket:
        if isinstance(message, bytes):
            answer.audio += message
            if answer.first_audio is None:
                answer.first_audio = time.monotonic()
        else:
            note(json.loads(message), answer)


def note(message: dict[str, Any], answer: Answer) -> None:
    """Take one control message into account."""
    match message["type"]:
        case "connected":
            answer.session, answer.is_recorded = message["session_id"], message.get("recorded", False)
        case "transcript" if message["is_final"] and message["text"]:
            answer.finals[message["turn"]] = message["text"]
        case "turn_complete":
            answer.turns += 1
            answer.replies.append(message["heard_text"])
        case "metrics":
            answer.latencies.append({k: v for k, v in message.items() if k != "type"})
        case "error":
            answer.errors.append(message["message"])
        case "state":
            answer.state = message["state"]
            # Over when a turn has been answered after the file's last voice and the floor is free.
            if answer.state == "listening" and answer.turns and answer.voice_ended and answer.first_audio:
                answer.settled.set()
        case _:
            pass


def describe(answer: Answer) -> str:
    lines = [
        f"understood: {' '.join(answer.transcripts)}",
        f"answered:   {' '.join(answer.replies)}",
        f"audio:      {len(answer.audio) / 2 / OUTPUT_RATE:.1f} s in {answer.turns} turn(s)",
        f"end of speech to first audio: {answer.end_to_audio_ms()} ms",
        f"session:    {answer.session}{', recorded' if answer.is_recorded else ''}",
    ]
    stages = [
        "  ".join(f"{name.removesuffix('_ms')} {value}" for name, value in latency.items())
        for latency in answer.latencies
    ]
    return "\n".join([*lines, *(f"  {stage}" for stage in stages)])
