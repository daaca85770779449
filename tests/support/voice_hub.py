"""Hugging Face's hub on loopback as its own library asks it for single files: counted, and able to hang."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class VoiceHub:
    """`files` by "repository/path". While `hangs`, requests are taken and never answered."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hangs: bool = False
    closed: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@contextmanager
def voice_hub() -> Iterator[VoiceHub]:
    hub = VoiceHub()

    class Door(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            answer(hub, self)

        def do_GET(self) -> None:
            if (data := answer(hub, self)) is not None:
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        server.daemon_threads = True
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            hub.closed.set()
            server.shutdown()
            thread.join()


def answer(hub: VoiceHub, request: BaseHTTPRequestHandler) -> bytes | None:
    owner, name, _, _, *path = unquote(request.path).strip("/").split("/")
    file = "/".join((owner, name, *path))
    hub.asked.append(file)
    if hub.hangs:
        hub.closed.wait(60)
        return None
    data = hub.files.get(file)
    request.send_response(404 if data is None else 200)
    request.send_header("X-Repo-Commit", COMMIT)
    if data is None:
        request.send_header("X-Error-Code", "EntryNotFound")
    else:
        request.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    return data


def keep_in_cache(cache: Path, repo: str, files: dict[str, bytes]) -> None:
    """As the hub's library lays a repository out in its cache."""
    folder = cache / f"models--{repo.replace('/', '--')}"
    for name, data in files.items():
        path = folder / "snapshots" / COMMIT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text(COMMIT)
