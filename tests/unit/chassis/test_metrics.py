"""Which Parley answers Prometheus."""

from importlib import metadata

import pytest

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
