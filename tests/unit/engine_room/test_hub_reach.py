"""A hub that does not answer is asked once, shortly; what the operator said of it stands."""

import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine_room import hub_reach
from engine_room.hub_reach import settle_hub


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_reach, "_ours", False)
    monkeypatch.setattr(hub_reach, "ASK_S", 0.2)
    monkeypatch.setenv("HF_HUB_OFFLINE", "")


@pytest.fixture
def refusing() -> Iterator[str]:
    """Somebody who is there, and wants a token."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hanging() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_a_hub_that_answers_is_asked(refusing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", refusing)
    await settle_hub("owner/model")
    assert os.environ["HF_HUB_OFFLINE"] == "0"


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9", "no address"])
async def test_a_hub_that_does_not_is_left_alone_until_it_does(
    url: str, hanging: str, refusing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", url or hanging)
    await settle_hub("owner/model")
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    monkeypatch.setenv("HF_ENDPOINT", refusing)
    await settle_hub("owner/model")
    assert os.environ["HF_HUB_OFFLINE"] == "0", "a later load asks anew"


@pytest.mark.parametrize("said", ["0", "1"])
async def test_what_the_operator_said_stands(
    said: str, hanging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hanging)
    monkeypatch.setenv("HF_HUB_OFFLINE", said)
    await settle_hub("owner/model")
    assert os.environ["HF_HUB_OFFLINE"] == said


async def test_a_folder_needs_no_hub(tmp_path: Path, hanging: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hanging)
    await settle_hub(str(tmp_path))
    assert os.environ["HF_HUB_OFFLINE"] == ""
