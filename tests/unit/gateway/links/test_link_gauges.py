"""Replicas, those ready and their places are told as the links know them when they are asked."""

import asyncio
from dataclasses import dataclass

import pytest

from gateway.links.link_gauges import LinkGauges
from gateway.links.links import Links
from gateway.links.replica import StatusWatch
from protos.parley.v1 import control_pb2
from tests.support.measured import value


@dataclass
class Replica:
    ready: bool
    free: int


def told(gauges: LinkGauges) -> dict[str, dict[str, float]]:
    return {
        metric.name.removeprefix("parley_link_"): {s.labels["link"]: s.value for s in metric.samples}
        for metric in gauges.collect()
    }


def test_a_link_says_how_many_it_knows_and_how_many_are_ready() -> None:
    gauges = LinkGauges()
    stt = [Replica(True, 3), Replica(False, 0)]
    with gauges.counting({"stt": lambda: stt, "tts": list}):
        assert told(gauges) == {
            "replicas": {"stt": 2, "tts": 0},
            "replicas_ready": {"stt": 1, "tts": 0},
            "slots_free": {"stt": 3, "tts": 0},
        }
        stt.append(Replica(True, 4))
        assert told(gauges)["slots_free"] == {"stt": 7, "tts": 0}
    assert told(gauges) == {"replicas": {}, "replicas_ready": {}, "slots_free": {}}


def test_a_replica_that_is_not_ready_has_no_free_place() -> None:
    watch = StatusWatch("a:1")
    assert watch.free == 0
    watch.status = control_pb2.ModelStatus(state=control_pb2.MODEL_STATE_LOADING, slots_free=4)
    assert watch.free == 0
    watch.status = control_pb2.ModelStatus(state=control_pb2.MODEL_STATE_READY, slots_free=4)
    assert watch.free == 4


async def stay(member: object) -> None:
    """In the place of a replica's run: nobody is called."""
    await asyncio.Event().wait()


async def test_the_links_of_a_gateway_are_told_while_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("Replica", "StatusWatch"):
        monkeypatch.setattr(f"gateway.links.replica.{kind}.run", stay)
    links = Links(["a:1", "b:1"], ["a:1"], ["a:1"], ["a:1", "b:1", "c:1"])
    running = asyncio.create_task(links.run())
    await asyncio.sleep(0)
    known = {name: value("parley_link_replicas", link=name) for name in ("stt", "llm", "tts", "analysis")}
    assert known == {"stt": 2, "llm": 1, "tts": 1, "analysis": 3}
    assert value("parley_link_replicas_ready", link="stt") == 0
    running.cancel()
    await asyncio.wait([running])
    assert value("parley_link_replicas", link="stt") == 0
