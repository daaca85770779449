"""Whom this gateway can ask, looked at when Prometheus asks, from its thread.

The label is `link`, not `service`: that says which process was asked, and here it is always the gateway.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.metrics import REGISTRY


class Member(Protocol):
    """A replica. `free` is 0 while it is not ready."""

    @property
    def ready(self) -> bool: ...
    @property
    def free(self) -> int: ...


Members = Mapping[str, Callable[[], Sequence[Member]]]
"""By service."""


class LinkGauges(Collector):
    """Of the links that run."""

    def __init__(self) -> None:
        self._links: dict[int, Members] = {}
        self._lock = threading.Lock()

    @contextmanager
    def counting(self, links: Members) -> Iterator[None]:
        with self._lock:
            self._links[id(links)] = links
        try:
            yield
        finally:
            with self._lock:
                del self._links[id(links)]

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            links = list(self._links.values())
        replicas = GaugeMetricFamily("parley_link_replicas", "Replicas known of a service", labels=["link"])
        ready = GaugeMetricFamily(
            "parley_link_replicas_ready",
            "Of them, those that answer and whose model is ready",
            labels=["link"],
        )
        free = GaugeMetricFamily(
            "parley_link_slots_free", "Places free on those, as this gateway counts them", labels=["link"]
        )
        for members in links:
            for service, listed in members.items():
                known = list(listed())
                replicas.add_metric([service], len(known))
                ready.add_metric([service], sum(member.ready for member in known))
                free.add_metric([service], sum(member.free for member in known))
        yield from (replicas, ready, free)


LINKS = LinkGauges()
REGISTRY.register(LINKS)
