"""What `parley up` learns of the models while they load, with and without the operator's key."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli.up import in_state, models_of

KEY = "operator-key-1"
READY: dict[str, Any] = {"status": "not_ready", "states": {"asr": "loaded", "llm": "failed"}}
STATUS: dict[str, Any] = {
    "models": {"asr": {"state": "loaded"}, "llm": {"state": "failed", "detail": "no such file"}}
}


class Gateway(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"Bearer {KEY}"
        refusal: dict[str, Any] = {"detail": "set ADMIN_KEYS"}
        status, body = (200, STATUS) if known else (403, refusal)
        if self.path == "/ready":
            status, body = 503, READY
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal of the tests."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_the_operators_key_tells_what_is_wrong(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_KEYS", f" {KEY}, another-key-2")
    assert in_state(url, "failed") == "llm: no such file"


def test_without_a_key_a_model_that_failed_is_still_told_at_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADMIN_KEYS", raising=False)
    assert in_state(url, "failed") == "llm: failed"


def test_where_nobody_answers_nothing_is_known() -> None:
    assert models_of("http://127.0.0.1:9") == {}
