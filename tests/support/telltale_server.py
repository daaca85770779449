"""A server that says it is OpenAI's and gives away what it is told: each request's headers, in its errors."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODES = ("good", "400", "401", "403", "404", "422", "429", "500", "503", "midway", "no json", "cut", "page")


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        self._answer([json.dumps({"data": [{"id": "telltale"}]})], "application/json")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        delta = {"choices": [{"index": 0, "delta": {"content": "Hello there."}, "finish_reason": None}]}
        self._answer([f"data: {json.dumps(delta)}\n\n", "data: [DONE]\n\n"], "text/event-stream")

    def _answer(self, pieces: list[str], kind: str) -> None:
        told = json.dumps({"error": {"message": f"you sent {dict(self.headers)} to {self.path}"}})
        match self.server.mode:
            case "good":
                self._send(200, pieces, kind)
            case "midway":
                self._send(200, [f"data: {told}\n\n"], "text/event-stream")
            case "no json":
                self._send(200, [f"data: {self.headers}\n\n"], "text/event-stream")
            case "page":
                self._send(200, [f"<html>{self.headers}</html>"], "text/html")
            case "cut":
                self.close_connection = True
            case status:
                self._send(int(status), [told], "application/json")

    def _send(self, status: int, pieces: list[str], kind: str) -> None:
        body = "".join(pieces).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is printed."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    mode = "good"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


@contextmanager
def telltale_server() -> Iterator[_Server]:
    """It runs for the body; `mode` is one of MODES."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
