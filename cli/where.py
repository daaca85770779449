"""Which cluster a command speaks to, and with which key: the same options for every command."""

import argparse
import json
import os
import socket
import ssl
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from chassis.secrets import check_secret, without_password

CONVERSATION = "/v1/conversation"
DEFAULT = "http://127.0.0.1:8000"
STATE = ".parley"
SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


class Refused(Exception):
    """The cluster said no, or nobody answers; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """`url`: http(s)://host:port; `key`: an API key, "" for none; `path`: of a conversation's WebSocket."""

    url: str
    key: str = ""
    path: str = CONVERSATION

    @property
    def conversation(self) -> str:
        """The WebSocket of a conversation."""
        return f"ws{self.url.removeprefix('http')}{self.path}"


def folder(text: str) -> Path:
    """An argparse type: a state folder's name. Nothing is not taken for the folder where we stand."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"name a folder, such as {STATE}")
    return Path(text)


def add_options(command: argparse.ArgumentParser) -> None:
    """Where the cluster is, and who asks."""
    command.add_argument(
        "--url", help="where the cluster is, as `make run` prints it (default: that of the state folder)"
    )
    command.add_argument("--state", type=folder, help=f"state folder of a cluster here (default: {STATE})")
    command.add_argument(
        "--key", default=os.environ.get("PARLEY_KEY", ""), help="API key (default: PARLEY_KEY)"
    )


def place_of(options: argparse.Namespace) -> Place:
    """Raises Refused for an address or a key that makes no sense."""
    place = read_url(options.url) if options.url else Place(find_url(options.state))
    key = options.key or place.key
    try:
        check_secret(key)
    except ValueError as problem:
        raise Refused(f"the key (--key, PARLEY_KEY) is not possible: {problem}") from None
    return replace(place, key=key)


def read_url(written: str) -> Place:
    """From any of a cluster's addresses: the page's, with or without a key, or a socket's. Raises Refused."""
    text = written.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    if parts.scheme not in SCHEMES or not host or parts.username is not None or not text.isprintable():
        raise Refused(
            f"--url {without_password(text)!r} is not a cluster's address: write it as `make run` prints it, "
            f"{DEFAULT}"
        )
    host = f"[{host}]" if ":" in host else host
    key = unquote(parts.fragment.removeprefix("key=")) if parts.fragment.startswith("key=") else ""
    path = parts.path if parts.scheme.startswith("ws") and parts.path.strip("/") else CONVERSATION
    return Place(f"{SCHEMES[parts.scheme]}://{host}{f':{port}' if port else ''}", key, path)


def find_url(state: Path | None) -> str:
    """Of the cluster in the state folder: the one given, else one here, else one beside this command."""
    if state is not None:
        if url := _url_in(state):
            return url
        raise Refused(f"there is no cluster in {state}; start it with: make run STATE={state}")
    return _url_in(find_state(None)) or DEFAULT


def find_state(state: Path | None) -> Path:
    """The state folder given, else the first with a cluster: here, or beside this command."""
    if state is not None:
        return state
    environment = Path(sys.prefix)
    beside = (Path(), environment.parent, environment.parent.parent)
    return next((place / STATE for place in beside if _url_in(place / STATE)), Path(STATE))


def _url_in(state: Path) -> str:
    try:
        layout = json.loads((state / "cluster.json").read_text(encoding="utf-8"))
        return read_url(str(layout["url"])).url
    except (OSError, ValueError, KeyError, TypeError, Refused):
        return ""


def why_unreachable(error: BaseException) -> str:
    """In our words: a library's may quote what was sent."""
    reason = getattr(error, "reason", error)
    match reason:
        case ConnectionRefusedError():
            return "nobody listens there"
        case socket.gaierror():
            return "nobody knows that name"
        case TimeoutError():
            return "there was no answer in time"
        case ssl.SSLError():
            return f"its certificate, or its TLS, does not fit ({type(reason).__name__})"
        case OSError() if reason.strerror:
            return str(reason.strerror)
        case _:
            return type(reason).__name__
