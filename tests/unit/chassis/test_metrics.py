"""Which Parley answers Prometheus."""

import socket
from importlib import metadata

import pytest

from chassis.faults import NotReady
from chassis.metrics import serve_metrics, version
from chassis.settings import ProcessSettings
from tests.support.measured import value


def test_a_process_says_its_version() -> None:
    serve_metrics(ProcessSettings(metrics_port=0))
    assert version() == metadata.version("parley")
    assert value("parley_build_info", version=version()) == 1


def test_sources_that_were_never_installed_say_that_they_do_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert version() == "unknown"


def test_a_metrics_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = ProcessSettings(metrics_port=port, metrics_host="127.0.0.1")
        with pytest.raises(NotReady, match=f"METRICS_PORT={port} .*in use"):
            serve_metrics(settings)
