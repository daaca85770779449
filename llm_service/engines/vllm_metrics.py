"""vLLM's own metrics, shown on the service's metrics port and read for the cache's use."""

from collections.abc import Iterator

import prometheus_client
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from chassis.metrics import REGISTRY

PREFIX = "vllm:"
KV_USAGE = "vllm:kv_cache_usage_perc"


class VllmMetrics(Collector):
    """Passes on what vLLM keeps in prometheus_client's default registry, and nothing else of it."""

    def collect(self) -> Iterator[Metric]:
        return (metric for metric in prometheus_client.REGISTRY.collect() if metric.name.startswith(PREFIX))


_METRICS = VllmMetrics()


def show() -> None:
    """Put vLLM's metrics on the service's port. Pairs with `hide`."""
    REGISTRY.register(_METRICS)


def hide() -> None:
    REGISTRY.unregister(_METRICS)


def kv_usage() -> float:
    """The share of the KV cache in use, 0 to 1, as of the engine's last step."""
    samples = (
        sample.value for metric in _METRICS.collect() if metric.name == KV_USAGE for sample in metric.samples
    )
    return max(samples, default=0.0)
