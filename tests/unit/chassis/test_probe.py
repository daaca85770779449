"""The probe: exit status 0 when the process is well, 1 when it is not, 2 when asked nonsense."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chassis.probe import is_address, main
from cli.cluster_files import free_ports

Status = health_pb2.HealthCheckResponse


@contextmanager
def serving(status: int) -> Iterator[str]:
    """A gRPC server whose health is `status`; its address."""
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        board = health.HealthServicer()
        board.set("", status)
        health_pb2_grpc.add_HealthServicer_to_server(board, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


@contextmanager
def page(status: int) -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/health"
        finally:
            server.shutdown()
            thread.join()


def test_a_service_that_serves_is_well() -> None:
    with serving(Status.SERVING) as address:
        assert main([address]) == 0


def test_a_service_without_its_model_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Status.NOT_SERVING) as address:
        assert main([address]) == 1
    assert "NOT_SERVING" in capsys.readouterr().err


def test_a_page_that_answers_is_well() -> None:
    with page(200) as url:
        assert main([url]) == 0


def test_a_page_that_answers_503_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    with page(503) as url:
        assert main([url]) == 1
    assert "503" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "http://127.0.0.1:{}/health"])
def test_nobody_there_is_not_well(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = free_ports(1)
    assert main([form.format(port)]) == 1
    assert capsys.readouterr().err.count("\n") == 1, "one line, no traceback"


@pytest.mark.parametrize("make", ["127.0.0.1:{}", "http://127.0.0.1:{}/health"])
def test_a_port_that_never_answers_is_not_well_in_time(make: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.probe.TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert main([make.format(silent.getsockname()[1])]) == 1


@pytest.mark.parametrize(
    "arguments", [[], ["a:1", "b:2"], ["127.0.0.1"], ["host:"], [":1"], ["host:0"], ["h:70000"]]
)
def test_nonsense_is_told_how_to_ask(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_addresses_are_host_and_port() -> None:
    assert is_address("stt:50051")
    assert is_address("[::1]:50051")
    assert not is_address("stt:50051x")


def test_the_exit_status_is_the_answer() -> None:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "chassis.probe", f"127.0.0.1:{port}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
