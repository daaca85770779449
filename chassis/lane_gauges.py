"""How much waits on the lanes of this process, added up when Prometheus asks.

Nothing is counted as items pass. Prometheus is answered from a thread of its own, so what the event loop
changes meanwhile is copied in one step of the interpreter before it is looked at.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.metrics import REGISTRY


class QueuedLane(Protocol):
    @property
    def unsent(self) -> int: ...
    @property
    def waiting(self) -> int: ...


class Lanes(Protocol):
    """What is looked at of a trunk."""

    @property
    def lanes(self) -> Mapping[int, QueuedLane]: ...


class LaneGauges(Collector):
    """Of the trunks whose streams live."""

    def __init__(self) -> None:
        self._trunks: dict[int, Lanes] = {}
        self._lock = threading.Lock()

    @contextmanager
    def counting(self, trunk: Lanes) -> Iterator[None]:
        """The trunk's lanes are counted during the body."""
        with self._lock:
            self._trunks[id(trunk)] = trunk
        try:
            yield
        finally:
            with self._lock:
                del self._trunks[id(trunk)]

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            trunks = list(self._trunks.values())
        lanes = [lane for trunk in trunks for lane in list(trunk.lanes.values())]
        unsent, waiting = [lane.unsent for lane in lanes], [lane.waiting for lane in lanes]
        yield GaugeMetricFamily("parley_lanes", "Lanes open", len(lanes))
        queued = GaugeMetricFamily(
            "parley_lane_items",
            "Items on all lanes: unsent wait for the peer's credit, received for us to take them",
            labels=["queue"],
        )
        longest = GaugeMetricFamily("parley_lane_items_longest", "Of one lane, the most", labels=["queue"])
        for queue, counts in (("unsent", unsent), ("received", waiting)):
            queued.add_metric([queue], sum(counts))
            longest.add_metric([queue], max(counts, default=0))
        yield queued
        yield longest


LANES = LaneGauges()
REGISTRY.register(LANES)
