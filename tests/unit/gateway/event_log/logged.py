"""Event logs for tests: a head, a folder's bounds, and a file that a log was written to."""

import io
from pathlib import Path

from gateway.conversation.agent import TUTOR
from gateway.conversation.limits import Limits
from gateway.event_log.event_logs import Bounds, EventLogs
from gateway.event_log.lines import Head, without_prompts
from gateway.event_log.replay import Replay, Step

SESSION = "6f1c0000-0000-4000-8000-000000000000"
OTHER = "6f1c0000-0000-4000-8000-000000000001"
ROOMY = Bounds(session_bytes=1_000_000, files=100, ttl_s=3600)


def head(
    session: str = SESSION, limits: Limits | None = None, earlier: tuple[tuple[str, str], ...] = ()
) -> Head:
    return Head(
        session,
        "2026-01-02T03:04:05.678+00:00",
        "parley",
        "en",
        without_prompts([TUTOR]),
        limits or Limits(),
        earlier,
    )


def path_of(folder: Path, session: str = SESSION) -> Path:
    return folder / f"{session}.jsonl"


def replayed(log: bytes) -> tuple[Replay, list[Step]]:
    """To its end."""
    replay = Replay(io.BytesIO(log))
    return replay, list(replay.steps())


def write_all(logs: EventLogs) -> None:
    """As the thread does, here and now."""
    logs.write(tuple(logs._records))


def logs_in(folder: Path, bounds: Bounds = ROOMY) -> EventLogs:
    return EventLogs(folder, bounds)
