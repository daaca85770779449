"""A hub that hangs, refuses or knows nothing ends a load with a sentence that says what to do."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

LOAD = """
import asyncio
from chassis.faults import NotReady
from {service}.__main__ import make_engine
from {service}.settings import {settings}
try:
    asyncio.run(make_engine({settings}()).load())
except NotReady as refused:
    print(refused)
"""
SERVICES = [("stt_service", "stt-1b-en_fr"), ("tts_service", "tts-1.6b-en_fr")]
ENGINE = {
    **{"STT_ENGINE": "moshi", "STT_FALLBACK": "none", "ASR_DEVICE": "cpu"},
    **{"TTS_ENGINE": "moshi", "TTS_FALLBACK": "none", "TTS_DEVICE": "cpu"},
}


def _load(service: str, endpoint: str, cache: Path) -> str:
    settings = f"{service.partition('_')[0].title()}Settings"
    environment = {
        **os.environ,
        **ENGINE,
        "HF_ENDPOINT": endpoint,
        "HF_HUB_CACHE": str(cache),
        "NO_PROXY": "127.0.0.1",
    }
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(service=service, settings=settings)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=45,  # it is given up after 3 s; the library alone waits for minutes
        check=True,
    )
    return done.stdout


@contextmanager
def _answering(status: int, said: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            if said:
                self.send_header("X-Error-Code", said)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("service", "name"), SERVICES)
def test_a_hub_that_hangs_is_given_up(service: str, name: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:  # it takes connections and never answers
        said = _load(service, f"http://127.0.0.1:{hanging.getsockname()[1]}", tmp_path)
    assert f"kyutai/{name}" in said
    assert ": it is not here whole, and the hub cannot be reached" in said
    assert "parley setup --download" in said


@pytest.mark.parametrize(("service", "name"), SERVICES)
@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (404, "", "check the name"),
        (404, "RepoNotFound", "check the name"),
        (404, "EntryNotFound", "check the name"),
        (401, "RepoNotFound", "check the name, or set HF_TOKEN"),
        (401, "", "wants a token"),
        (403, "GatedRepo", "wants a token"),
    ],
)
def test_a_hub_that_refuses_is_quoted_by_its_reason(
    service: str, name: str, status: int, said: str, words: str, tmp_path: Path
) -> None:
    with _answering(status, said) as endpoint:
        assert words in _load(service, endpoint, tmp_path)
