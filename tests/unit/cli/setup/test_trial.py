"""What counts as a service that starts: alive, serving, with the engine that was chosen, in time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from cli.cluster_files import free_ports
from cli.setup.trial import try_service, wait_serving
from protos.parley.v1 import control_pb2, control_pb2_grpc
from tests.unit.cli.setup.making import plan

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@contextmanager
def service(health_status: int, **status: Any) -> Iterator[str]:
    """Its address."""

    class Control(control_pb2_grpc.ModelControlServicer):
        def Status(self, request: Any, context: Any) -> control_pb2.ModelStatus:  # noqa: ARG002
            return control_pb2.ModelStatus(**status)

    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        board = health.HealthServicer()
        board.set("", health_status)
        health_pb2_grpc.add_HealthServicer_to_server(board, server)
        control_pb2_grpc.add_ModelControlServicer_to_server(Control(), server)  # type: ignore[abstract]
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


def wait(address: str, limit_s: float = 20, alive: bool = True) -> str:
    return wait_serving(address, lambda: alive, limit_s)


def test_a_service_that_serves_with_its_engine_is_well() -> None:
    with service(SERVING, engine="tutor", state=control_pb2.MODEL_STATE_READY) as address:
        assert wait(address) == ""


def test_an_engine_that_stands_in_for_the_chosen_one_is_told() -> None:
    with service(SERVING, engine="transformers", fallback="vllm has no GPU") as address:
        assert wait(address) == "transformers stands in: vllm has no GPU"


def test_a_model_that_failed_is_not_waited_for() -> None:
    failed = control_pb2.MODEL_STATE_FAILED
    with service(NOT_SERVING, state=failed, detail="out of memory") as address:
        assert wait(address, 600) == "its model does not load: out of memory"


def test_a_model_that_loads_too_long_is_given_up() -> None:
    with service(NOT_SERVING, state=control_pb2.MODEL_STATE_LOADING) as address:
        assert wait(address, 0.3) == "its model was not loaded within 0.3 s"


def test_a_service_is_tried_with_the_python_that_will_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "tried by me"; exit 1\n')
    python.chmod(0o755)
    monkeypatch.setenv("LLM_PYTHON", str(python))
    assert "tried by me" in try_service(plan(), "llm").log


@pytest.mark.parametrize("limit_s", [0.3, 600])
def test_a_process_that_ended_is_not_waited_for(limit_s: float) -> None:
    (port,) = free_ports(1)
    assert wait(f"127.0.0.1:{port}", limit_s, alive=False) == "it ended by itself"
