"""Asks a running cluster over HTTP, for the commands that manage models."""

import argparse
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from chassis.proxies import opener_for
from cli.where import Place, Refused, place_of, why_unreachable

LONG_S = 1800.0
"""Weights may have to be downloaded first."""
SHORT_S = 30.0


class Gateway:
    """A cluster, as a client of its HTTP calls."""

    def __init__(self, place: Place) -> None:
        self._url, self._key = place.url, place.key

    def ask(self, method: str, path: str, body: Any = None, timeout_s: float = SHORT_S) -> dict[str, Any]:
        """The answer's JSON object. Raises Refused."""
        with self._open(method, path, body, timeout_s) as answer, self._refusing():
            parsed = json.load(answer)
        if not isinstance(parsed, dict):
            raise Refused(f"{self._url} does not answer as Parley does")
        return parsed

    def stream(self, path: str, body: Any) -> Iterator[dict[str, Any]]:
        """The data objects of a stream of events. Raises Refused."""
        with self._open("POST", path, body, LONG_S) as answer, self._refusing():
            for line in answer:
                data = line.decode().removeprefix("data:").strip()
                if data and data != "[DONE]":
                    event = json.loads(data)
                    if "error" in event:
                        raise Refused(event["error"]["message"])
                    yield event

    def _open(self, method: str, path: str, body: Any, timeout_s: float) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", data, method=method)  # noqa: S310
        request.add_header("Content-Type", "application/json")
        if self._key:
            request.add_header("Authorization", f"Bearer {self._key}")
        try:
            with self._refusing():
                return opener_for(self._url).open(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(_reason(error)) from None

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """What goes wrong with a connection is Refused, in words that quote nothing of what was sent."""
        try:
            yield
        except urllib.error.HTTPError:
            raise
        except OSError as error:
            why = why_unreachable(error)
            raise Refused(f"cannot reach {self._url}: {why}; is the cluster running? (make run)") from None
        except (ValueError, HTTPException):
            raise Refused(f"{self._url} does not answer as Parley does") from None


def _reason(error: urllib.error.HTTPError) -> str:
    """The cluster's own words."""
    text = error.read().decode(errors="replace")
    try:
        body = json.loads(text)
        detail = body.get("detail") or body["error"]["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"HTTP {error.code}: {text[:300]}"
    if error.code == 401:
        return f"{detail}; give the key with --key, or in PARLEY_KEY"
    return detail if isinstance(detail, str) else f"HTTP {error.code}: {json.dumps(detail)[:300]}"


def gateway_of(options: argparse.Namespace) -> Gateway:
    """Raises Refused."""
    return Gateway(place_of(options))
