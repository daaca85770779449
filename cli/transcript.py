"""`parley transcript`: what was said and heard, from the Redis of a cluster on this machine."""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chassis.secrets import hide, remember
from cli.where import STATE, Refused, find_state, folder

TRANSCRIPT = "parley:transcript:"
"""The gateway writes it: a stream a session, an entry a turn."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("session", nargs="?", help="a session's id; without: the sessions that there are")
    command.add_argument("--state", type=folder, help=f"state folder of a cluster here (default: {STATE})")
    command.add_argument(
        "--redis", help="another Redis: redis://host:port/0 (default: REDIS_URL, or the state's)"
    )
    command.add_argument("--json", action="store_true", help="one JSON object a line")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from redis import Redis, RedisError

    url = options.redis or os.environ.get("REDIS_URL") or _redis_of(find_state(options.state))
    remember(url)
    try:
        with Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=2) as redis:
            lines = list(_turns(redis, options.session) if options.session else _sessions(redis))
    except (RedisError, ValueError, OSError) as error:
        raise Refused(f"Redis does not answer ({type(error).__name__}): is the cluster running?") from None
    if not lines:
        raise Refused(
            f"no session {options.session!r} is remembered" if options.session else "nothing was said yet"
        )
    for line in lines:
        print(json.dumps(line, ensure_ascii=False) if options.json else hide(_words(line)))
    return 0


def _redis_of(state: Path) -> str:
    try:
        return str(json.loads((state / "cluster.json").read_text(encoding="utf-8"))["redis"])
    except (OSError, ValueError, KeyError):
        raise Refused(f"there is no cluster in {state}; --state or --redis says where one is") from None


def _sessions(redis: Any) -> Iterator[dict[str, Any]]:
    """Those whose transcript is still kept."""
    for key in sorted(redis.scan_iter(f"{TRANSCRIPT}*", count=500)):
        yield {
            "session": key.removeprefix(TRANSCRIPT),
            "turns": redis.xlen(key),
            "kept_s": max(redis.ttl(key), 0),
        }


def _turns(redis: Any, session: str) -> Iterator[dict[str, Any]]:
    for _, fields in redis.xrange(f"{TRANSCRIPT}{session}"):
        yield {
            "turn": int(fields["turn"]),
            "user": fields["user"],
            "heard": fields["heard"],
            "interrupted": fields["interrupted"] == "1",
        }


def _words(line: dict[str, Any]) -> str:
    if "session" in line:
        turns = "1 turn" if line["turns"] == 1 else f"{line['turns']} turns"
        return f"{line['session']}  {turns}, kept for {line['kept_s'] // 60} more minutes"
    cut = " (interrupted)" if line["interrupted"] else ""
    return f"{line['turn']:>3}  user:  {line['user']}\n     heard: {line['heard']}{cut}"
