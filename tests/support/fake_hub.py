"""Hugging Face's hub on loopback with made-up models, as far as downloads use it: lists, files, ranges.

Large files are sent by a second name of the same machine, as the real hub sends them by a content network.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE_BYTES = 100_000
PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Asked:
    """A request for a file: `place` is "hub" or "cdn"; `bytes` the Range header."""

    place: str
    file: str
    range: str
    authorization: str


@dataclass
class FakeHub:
    """`breaks`: after how many bytes each next sending of a file ends. `spoils`: how many arrive damaged.

    `stalls`: files whose sending stops at that byte until `go_on` is set. `portal`: a page that answers all.
    """

    models: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: dict[str, str] = field(default_factory=dict)
    breaks: dict[str, list[int]] = field(default_factory=dict)
    spoils: dict[str, int] = field(default_factory=dict)
    stalls: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    portal: bytes = b""
    go_on: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ranges(self, file: str) -> list[str]:
        """Of each sending of a large file."""
        return [asked.range for asked in self.asked if (asked.place, asked.file) == ("cdn", file)]

    def files_asked(self) -> set[str]:
        return {asked.file for asked in self.asked}

    def describe(self, repo: str) -> dict[str, Any]:
        siblings = [self._describe_file(path, data) for path, data in self.models[repo].items()]
        return {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": siblings}

    def _describe_file(self, path: str, data: bytes) -> dict[str, Any]:
        size = self.sizes.get(path, len(data))
        sibling: dict[str, Any] = {"rfilename": path, "size": size, "blobId": git_digest(data)}
        if size >= LARGE_BYTES:
            sha256 = hashlib.sha256(data).hexdigest()
            sibling["lfs"] = {"size": size, "sha256": sha256, "pointerSize": 134}
        return sibling


def git_digest(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    hub = FakeHub()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(hub, self)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        hub.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            hub.go_on.set()
            server.shutdown()
            thread.join()


def answer(hub: FakeHub, request: BaseHTTPRequestHandler) -> None:
    parts = unquote(urlsplit(request.path).path).strip("/").split("/")
    match parts:
        case ["api", "models", owner, name, *_]:
            repo, kind, path = f"{owner}/{name}", "api", ""
        case ["cdn", owner, name, *rest]:
            repo, kind, path = f"{owner}/{name}", "cdn", "/".join(rest)
        case [owner, name, "resolve", _, *rest]:
            repo, kind, path = f"{owner}/{name}", "hub", "/".join(rest)
        case _:
            repo, kind, path = "", "", ""
    authorization = request.headers.get("Authorization", "")
    if path:
        hub.asked.append(Asked(kind, path, request.headers.get("Range", ""), authorization))
    if hub.portal:
        send(request, hub.portal)
    elif repo not in hub.models or (path and path not in hub.models[repo]):
        refuse(request, 404, "EntryNotFound" if repo in hub.models else "RepoNotFound")
    elif kind == "api":
        send(request, json.dumps(hub.describe(repo)).encode())
    elif kind == "hub" and hub.gated.get(repo, authorization) != authorization:
        refuse(request, 401, "GatedRepo")
    elif kind == "hub" and len(hub.models[repo][path]) >= LARGE_BYTES:
        redirect(request, f"http://localhost:{hub.port}/cdn/{repo}/{path}?signature=secret")
    else:
        send_file(hub, request, path, hub.models[repo][path])


def refuse(request: BaseHTTPRequestHandler, status: int, code: str) -> None:
    request.send_response(status)
    request.send_header("X-Error-Code", code)
    request.send_header("Content-Length", "0")
    request.end_headers()


def redirect(request: BaseHTTPRequestHandler, location: str) -> None:
    request.send_response(302)
    request.send_header("Location", location)
    request.send_header("Content-Length", "0")
    request.end_headers()


def send(request: BaseHTTPRequestHandler, body: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def send_file(hub: FakeHub, request: BaseHTTPRequestHandler, path: str, data: bytes) -> None:
    """What the range asks for, up to where it breaks, stalls or is spoilt."""
    wanted = request.headers.get("Range", "")
    start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
    if hub.spoils.get(path, 0) > 0:
        hub.spoils[path] -= 1
        data = data[:-1] + bytes([data[-1] ^ 1])
    request.send_response(206 if wanted else 200)
    if wanted:
        request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    request.send_header("Content-Length", str(len(data) - start))
    request.end_headers()
    end = hub.breaks[path].pop(0) if hub.breaks.get(path) else len(data)
    stop = hub.stalls.pop(path, end)
    try:
        write(request, data[start:stop])
        if stop < end:
            hub.go_on.wait(60)
            write(request, data[stop:end])
    except OSError:
        return  # the other side has left
    finally:
        request.close_connection = end < len(data)


def write(request: BaseHTTPRequestHandler, data: bytes) -> None:
    for at in range(0, len(data), PIECE_BYTES):
        request.wfile.write(data[at : at + PIECE_BYTES])
    request.wfile.flush()
