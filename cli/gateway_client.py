"""Asks a running cluster over HTTP, for the commands that manage models."""

import argparse
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

LONG_S = 1800.0
"""Weights may have to be downloaded first."""
SHORT_S = 30.0


class Refused(Exception):
    """The cluster said no, or nobody answers; the message says why and what to do."""


class Gateway:
    """`url` is the page's address; `key` an API key where the cluster asks for one."""

    def __init__(self, url: str, key: str = "") -> None:
        self._url, self._key = url.rstrip("/"), key

    def ask(self, method: str, path: str, body: Any = None, timeout_s: float = SHORT_S) -> dict[str, Any]:
        """The answer's JSON object. Raises Refused."""
        with self._open(method, path, body, timeout_s) as answer:
            parsed: dict[str, Any] = json.load(answer)
            return parsed

    def stream(self, path: str, body: Any) -> Iterator[dict[str, Any]]:
        """The data objects of a stream of events. Raises Refused."""
        with self._open("POST", path, body, LONG_S) as answer:
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
            return urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(_reason(error)) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Refused(f"cannot reach {self._url}: {reason}; is the cluster running? (make run)") from None


def _reason(error: urllib.error.HTTPError) -> str:
    """The cluster's own words."""
    text = error.read().decode(errors="replace")
    try:
        body = json.loads(text)
        detail = body.get("detail") or body["error"]["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"HTTP {error.code}: {text[:300]}"
    return detail if isinstance(detail, str) else f"HTTP {error.code}: {json.dumps(detail)[:300]}"


def add_options(command: argparse.ArgumentParser) -> None:
    """Where the cluster is, and who asks."""
    command.add_argument("--url", default="http://127.0.0.1:8000", help="where the cluster is")
    command.add_argument(
        "--key", default=os.environ.get("PARLEY_API_KEY", ""), help="API key (default: PARLEY_API_KEY)"
    )


def gateway_of(options: argparse.Namespace) -> Gateway:
    return Gateway(options.url, options.key)
