"""The process's Prometheus registry and its own port. Never served through the door."""

import os
from importlib import metadata

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from chassis.faults import NotReady
from chassis.settings import ProcessSettings

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
BUILD = Info("parley_build", "Which Parley this is", registry=REGISTRY)

LATENCY_BUCKETS_S = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.8, 1.2, 2.0, 4.0)
"""Borders around the targets of the reliability promises."""


def serve_metrics(settings: ProcessSettings) -> None:
    """Answer Prometheus on the metrics port, from a thread of its own; port 0 means not at all.

    Raises NotReady where nobody can listen there.
    """
    BUILD.info({"version": version()})
    if settings.metrics_port:
        try:
            start_http_server(settings.metrics_port, settings.metrics_host, registry=REGISTRY)
        except OSError as error:
            place = f"METRICS_PORT={settings.metrics_port} on METRICS_HOST={settings.metrics_host}"
            reason = os.strerror(error.errno) if error.errno else "no such address"
            raise NotReady(f"{place} cannot be listened on ({reason}): choose another") from None


def version() -> str:
    """As installed; "unknown" where the sources run without having been."""
    try:
        return metadata.version("parley")
    except metadata.PackageNotFoundError:
        return "unknown"
