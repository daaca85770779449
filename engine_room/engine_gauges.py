"""What Prometheus is told of an engine: under its name, which changes when another takes its place."""

from prometheus_client import Gauge

from chassis.metrics import REGISTRY
from engine_room.engines import EngineInfo

SLOTS = Gauge("parley_slots", "Places for streams in the engine", ["engine"], registry=REGISTRY)
SLOTS_USED = Gauge("parley_slots_used", "Places taken", ["engine"], registry=REGISTRY)
READY = Gauge("parley_engine_ready", "1 when the model is loaded and warm", ["engine"], registry=REGISTRY)
FALLBACK = Gauge("parley_engine_fallback", "1 when it stands in for another", ["engine"], registry=REGISTRY)
MEMORY = Gauge(
    "parley_memory_held_bytes", "Memory of the service and its processes, GPU included", registry=REGISTRY
)


class EngineGauges:
    """The series of one engine, labelled with its name; those of the name before are removed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def show(self, info: EngineInfo, ready: bool, used: int) -> None:
        """`used`: slots that are taken, of `info.slots`."""
        if info.name != self._name:
            for gauge in (SLOTS, SLOTS_USED, READY, FALLBACK):
                gauge.remove(self._name)
            self._name = info.name
        SLOTS.labels(info.name).set(info.slots)
        SLOTS_USED.labels(info.name).set(used)
        READY.labels(info.name).set(ready)
        FALLBACK.labels(info.name).set(bool(info.fallback))


def show_memory(held_bytes: int) -> None:
    """Main and GPU memory together."""
    MEMORY.set(held_bytes)
