"""A real Prometheus looks on while people talk to a real cluster: every panel and every rule works."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.client import FRAME_BYTES, SILENCE, Client, talking_to
from tests.support.cluster import Cluster, cluster, wait_for
from tests.support.prometheus_server import Prometheus, prometheus
from tests.support.promql import OF_PROMETHEUS, alerts, asked_metrics, boards, panel_queries, records

pytestmark = pytest.mark.timeout(120)
SERVICES = ["analysis", "gateway", "llm", "stt", "tts"]
MAX_SESSIONS = 2
TURNED_AWAY = 8
TALKED_S = 60.0
SHOWN_S = 25.0
SECRET = "pomegranate"
ENVIRONMENT = {
    "STT_VAD": "energy",
    "STT_END_TRIGGER_MS": "300",
    "FAKE_STT_TEXT": "wait say:1.5s",
    "FAKE_LLM_FIRST_TOKEN_S": "0.05",
    "FAKE_TTS_FIRST_AUDIO_S": "0.05",
    "MAX_SESSIONS": str(MAX_SESSIONS),
}
WITH_MODELS = {
    "parley_stt_late_steps_total",
    "parley_stt_step_seconds_count",
    "parley_tts_late_steps_total",
    "parley_tts_step_seconds_count",
    "vllm:num_preemptions_total",
}
"""Only Kyutai's ear and voice, and vLLM, have these; the rules' unit tests show what they do."""
OF_A_BUSY_MACHINE = {"EventLoopStalled", "EventLoopLags"}
"""Where the tests' machine keeps a process waiting, it is right that they fire."""
VOICE = b"".join((9000 if n // 40 % 2 else -9000).to_bytes(2, "little", signed=True) for n in range(12_800))


@dataclass
class Scene:
    """`session` still lives; `started`: the clock when Prometheus began to look."""

    prometheus: Prometheus
    session: str
    started: float
    shown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def fill(self, expr: str) -> str:
        return expr.replace("$session", self.session).replace("$__rate_interval", "10s")

    def knows_the_last(self) -> bool:
        """Those turned away came after all else: counted, and recorded by the rules."""
        counted = self.prometheus.now('parley_sessions_refused_total{reason="full"}')
        recorded = self.prometheus.now("parley:sessions:sum")
        return [float(each["value"][1]) for each in (*counted, *recorded)] == [TURNED_AWAY, 1]

    def has_data(self, expr: str) -> bool:
        """A number at some moment since; kept in `shown`."""
        if expr not in self.shown:
            series = self.prometheus.over(self.fill(expr), self.started, time.time())
            values = [float(value) for each in series for _, value in each["values"]]
            if any(not math.isnan(value) for value in values):
                self.shown[expr] = series
        return expr in self.shown


async def speak(client: Client) -> None:
    """Something loud and then silence, as a microphone sends them."""
    await client.speak(VOICE + SILENCE * (10_000 // FRAME_BYTES * 2))


async def talk(client: Client) -> None:
    """A spoken turn that is answered, one whose answer is interrupted by voice, one typed, one that fails."""
    mark = len(client.messages)
    await speak(client)
    await client.wait_type("turn_complete", after=mark)
    mark = len(client.messages)
    await speak(client)
    await client.wait_audio(after=mark)
    mark = len(client.messages)
    await speak(client)
    await client.wait_type("flush", after=mark)
    await client.wait_type("turn_complete", after=mark)
    await client.wait(lambda m: m["type"] == "turn_complete" and not m["interrupted"], after=mark)
    mark = len(client.messages)
    await client.send(type="text", text=f"{SECRET} say:0.3s")
    await client.wait_type("turn_complete", after=mark)


async def fail_and_be_judged(url: str) -> None:
    """A turn that the language model fails, then the analysis at the end."""
    async with talking_to(url) as client:
        await client.wait_type("connected")
        await client.send(type="text", text="fail_after:2")
        await client.wait_type("error")
        mark = len(client.messages)
        await client.send(type="text", text="say:0.2s")
        await client.wait_type("turn_complete", after=mark)
        await client.send(type="end_conversation")
        await client.wait_type("analysis", 15)


async def be_turned_away(url: str) -> None:
    for _ in range(TURNED_AWAY):
        with pytest.raises(InvalidStatus):
            async with connect(url):
                pass


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Of this journey alone: with room for two."""
    with cluster(tmp_path_factory.mktemp("cluster"), "fake", ENVIRONMENT) as running:
        yield running


async def converse(url: str, looked_at: Callable[[], object], session: "Future[str]", end: Event) -> None:
    """Everything that happens; then one session lives on until `end`."""
    async with talking_to(url) as client:
        name = (await client.wait_type("connected"))["session_id"]
        await asyncio.to_thread(wait_for, looked_at, 10, "the session to be seen")
        async with asyncio.TaskGroup() as group:
            group.create_task(talk(client))
            group.create_task(fail_and_be_judged(url))
        async with talking_to(url) as other:
            await other.wait_type("connected")
            await be_turned_away(url)
        session.set_result(name)
        await asyncio.to_thread(end.wait)


@contextmanager
def conversing(url: str, looked_at: Callable[[], object]) -> Iterator[str]:
    """All has happened when the body begins, but for the end of the session that is given."""
    session, end = Future[str](), Event()
    with ThreadPoolExecutor(1) as pool:
        talking = pool.submit(asyncio.run, converse(url, looked_at, session, end))
        try:
            either: list[Future[Any]] = [talking, session]
            wait(either, TALKED_S, FIRST_COMPLETED)
            if talking.done():
                talking.result()
            yield session.result(0)
        finally:
            end.set()
        talking.result()


@pytest.fixture(scope="module")
def scene(busy: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """What all tests look at: turns of every kind, then a moment in which one session lives on."""
    url = f"{busy.ws}/v1/conversation"
    targets = {name: address.removeprefix("http://") for name, address in busy.layout["metrics"].items()}
    wanted = [expr for _, expr in panel_queries()]
    started = time.time()
    with (
        prometheus(tmp_path_factory.mktemp("prometheus"), targets) as running,
        conversing(url, lambda: running.now("parley_session_turn")) as session,
    ):
        seen = Scene(running, session, started)
        wait_for(seen.knows_the_last, 10, "Prometheus to have seen it all")
        until = time.monotonic() + SHOWN_S
        while time.monotonic() < until and not all(map(seen.has_data, wanted)):
            time.sleep(1)
        yield seen


def test_every_panel_of_every_dashboard_shows_something(scene: Scene) -> None:
    empty = [place for place, expr in panel_queries() if not scene.has_data(expr)]
    assert not empty


def test_the_figures_are_those_of_what_was_done(scene: Scene) -> None:
    def value(expr: str) -> float:
        (series,) = scene.prometheus.now(expr)
        return float(series["value"][1])

    assert value('sum(parley_barge_ins_total{cause="speech"})') == 1
    assert value('sum(parley_turn_errors_total{code="llm_failed"})') == 1
    assert value('sum(parley_sessions_refused_total{reason="full"})') == TURNED_AWAY
    assert value('sum(parley_analyses_total{outcome="judged"})') == 1
    assert value("parley_sessions_faulted_total") == 1
    assert 0 < value('parley_dropped_audio_seconds_total{path="reply"}') < 1.5
    assert value("sum(parley_answer_seconds_count)") >= 2
    assert value("sum(parley_first_byte_seconds_count)") >= value("sum(parley_answer_seconds_count)")
    assert value("parley:sessions:sum") == 1
    assert value("parley:sessions_limit:sum") == MAX_SESSIONS
    assert value('sum(parley_link_replicas_ready{link="stt"})') == 1
    wait = value("sum(parley_answer_seconds_sum) / sum(parley_answer_seconds_count)")
    scripted = 0.3 + 0.08 + 0.05  # the language model writes while the silence is waited for
    assert scripted < wait < scripted + 0.5


def test_the_session_that_lives_can_be_chosen_and_the_ended_ones_cannot(scene: Scene) -> None:
    (variable,) = boards()["session"]["templating"]["list"]
    assert variable["query"] == "label_values(parley_session_turn, session)"
    shown = scene.prometheus.now("parley_session_turn")
    assert [series["metric"]["session"] for series in shown] == [scene.session]
    turns = float(shown[0]["value"][1])
    assert turns >= 4


def test_every_process_is_found_and_told_apart(scene: Scene) -> None:
    targets = scene.prometheus.ask("targets")["activeTargets"]
    assert {target["health"] for target in targets} == {"up"}
    found = [target["labels"]["service"] for target in targets]
    assert sorted(found) == SERVICES


@pytest.mark.parametrize(
    "metric",
    [
        "parley_build_info",
        "parley_tasks",
        "parley_loop_lag_seconds_count",
        "process_open_fds",
    ],
)
def test_every_process_tells_what_all_of_them_have(scene: Scene, metric: str) -> None:
    found = scene.prometheus.now(f"{metric} >= 0")
    assert sorted(series["metric"]["service"] for series in found) == SERVICES


def test_every_rule_is_evaluated_without_an_error(scene: Scene) -> None:
    groups = scene.prometheus.ask("rules")["groups"]
    evaluated = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert set(evaluated) == set(alerts()) | set(records())
    broken = {name: rule["lastError"] for name, rule in evaluated.items() if rule["health"] != "ok"}
    assert not broken


@pytest.mark.parametrize("name", sorted(records()))
def test_what_is_recorded_is_there_and_is_a_number(scene: Scene, name: str) -> None:
    assert scene.has_data(name)


@pytest.mark.parametrize("name", sorted(alerts()))
def test_an_alert_looks_at_something_that_is_there(scene: Scene, name: str) -> None:
    """It is quiet because all is well, not because what it asks for has another name."""
    rule = alerts()[name]
    scene.prometheus.now(rule.expr)
    for metric in asked_metrics(rule.expr) - OF_PROMETHEUS - WITH_MODELS:
        assert scene.has_data(metric), metric


def test_no_alert_fires_but_the_one_that_ought_to(scene: Scene) -> None:
    def firing() -> dict[str, dict[str, Any]]:
        known = scene.prometheus.ask("alerts")["alerts"]
        return {alert["labels"]["alertname"]: alert for alert in known if alert["state"] == "firing"}

    wait_for(lambda: "SessionsRefused" in firing(), 15, "the alert of those turned away")
    found = firing()
    assert set(found) - OF_A_BUSY_MACHINE == {"SessionsRefused"}
    said = found["SessionsRefused"]["annotations"]["summary"]
    assert said.endswith("people were turned away in 5 minutes: full")
    assert float(said.split()[0]) == pytest.approx(TURNED_AWAY, abs=2)


def test_labels_are_few_and_hold_nothing_that_was_said(scene: Scene) -> None:
    series = scene.prometheus.ask(
        "series", **{"match[]": '{__name__=~"parley.+"}', "start": str(scene.started)}
    )
    counted: Counter[tuple[str, str]] = Counter()
    for labels in series:
        assert not [value for value in labels.values() if SECRET in value or len(value) > 60]
        if not labels["__name__"].endswith("_bucket"):
            counted[labels["__name__"], labels.get("instance", "")] += 1
    assert len(counted) > 60
    assert max(counted.values()) <= 100
