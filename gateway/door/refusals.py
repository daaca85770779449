"""The log's account of who was turned away and why. Clients cause these lines, so that they are bounded."""

import time
from collections.abc import Callable

from starlette.requests import HTTPConnection

from chassis.logs import get_logger
from gateway.session.rates import Bucket

log = get_logger(__name__)
BURST = 5
LINES_PER_S = 0.1
SHOWN_CHARS = 200


class Refusals:
    """Of each reason a few lines at once and then one in ten seconds, which says how many were left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._allowed: dict[str, Bucket] = {}
        self._left_out: dict[str, int] = {}

    def note(self, reason: str, asked: HTTPConnection, words: str) -> None:
        """`reason`: one of a fixed few. Keys and queries are never written."""
        allowed = self._allowed.setdefault(reason, Bucket(LINES_PER_S, BURST))
        now = self._clock()
        if not allowed.has(1, now):
            self._left_out[reason] = self._left_out.get(reason, 0) + 1
            return
        allowed.take(1, now)
        log.info(
            "refused",
            reason=reason,
            words=words[:SHOWN_CHARS],
            path=asked.url.path[:SHOWN_CHARS],
            peer=asked.client.host if asked.client else "?",
            origin=asked.headers.get("origin", "")[:SHOWN_CHARS],
            host=asked.headers.get("host", "")[:SHOWN_CHARS],
            left_out=self._left_out.pop(reason, 0),
        )


REFUSALS = Refusals()
"""This process's."""
