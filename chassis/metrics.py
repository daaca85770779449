"""The process's Prometheus registry and its own port. Never served through the door."""

from importlib import metadata

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from chassis.settings import ProcessSettings

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
BUILD = Info("parley_build", "Which Parley this is", registry=REGISTRY)

LATENCY_BUCKETS_S = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.8, 1.2, 2.0, 4.0)
"""Borders around the targets of the reliability promises."""


def serve_metrics(settings: ProcessSettings) -> None:
    """Answer Prometheus on the metrics port, from a thread of its own; port 0 means not at all."""
    BUILD.info({"version": version()})
    if settings.metrics_port:
        start_http_server(settings.metrics_port, settings.metrics_host, registry=REGISTRY)


def version() -> str:
    """As installed; "unknown" where the sources run without having been."""
    try:
        return metadata.version("parley")
    except metadata.PackageNotFoundError:
        return "unknown"
