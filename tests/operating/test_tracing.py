"""One trace per turn, through every process of a real cluster, without a word of what was said in it."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cli.cluster_files import free_ports
from tests.faults.talking import SPEECH, apologised, begin, complete, connected, converse, is_said
from tests.support.client import Client
from tests.support.cluster import Cluster, cluster
from tests.support.otlp_receiver import Received, receiving
from tests.support.spoken import silence

pytestmark = pytest.mark.timeout(180)
SPOKEN, TYPED = "periwinkle marmalade quince jelly", "xylophone quicksand"
SILENCE_S = 1.2
COMPLAINT = "traces are hard to send"


@dataclass(frozen=True)
class Told:
    """What became of a conversation: its turns by name, the spans that were sent, as they were sent."""

    cluster: Cluster
    turns: dict[str, int]
    spans: list[Received]
    body: bytes

    def of(self, name: str) -> list[Received]:
        """The spans of the trace whose root is this turn."""
        return [span for span in self.spans if span.trace == self.root(name).trace]

    def root(self, name: str) -> Received:
        turn = self.turns[name]
        (root,) = (span for span in self.spans if span.name == "turn" and span.values["turn"] == turn)
        return root

    def one(self, turn: str, service: str, name: str) -> Received:
        (span,) = (span for span in self.of(turn) if (span.service, span.name) == (service, name))
        return span


async def talk(url: str) -> dict[str, int]:
    """A typed turn, a spoken one that is cut in on, the one that cuts in, one that fails, one left behind."""
    turns: dict[str, int] = {}
    async with connected(url) as client:
        turns["typed"] = await converse(client, f"say:0.3s {TYPED}")
        turns["spoken"] = await say(client)
        await client.wait(is_said("ai_audio_start", turns["spoken"]))
        turns["cutting"] = await say(client)
        assert (await complete(client, turns["spoken"]))["interrupted"]
        await complete(client, turns["cutting"])
        after = len(client.messages)
        await client.send(type="end_conversation")
        await client.wait_type("analysis", 10, after)
        turns["failing"] = await begin(client, f"fail {TYPED}")
        await complete(client, turns["failing"])
        assert apologised(client, turns["failing"])
        turns["left"] = await begin(client, "say:20s")
        await client.wait(is_said("ai_audio_start", turns["left"]))
    return turns


async def say(client: Client) -> int:
    """Out loud; the turn's number."""
    after = len(client.messages)
    await client.speak(SPEECH + silence(SILENCE_S))
    message = (await client.wait(lambda m: m["type"] == "transcript" and m["is_final"], 5, after)).message
    assert isinstance(message, dict)
    assert message["text"] == SPOKEN
    return int(message["turn"])


def environment(receiver: str) -> dict[str, str]:
    return {"STT_VAD": "energy", "FAKE_STT_TEXT": SPOKEN, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with (
        receiving() as receiver,
        cluster(tmp_path_factory.mktemp("traced"), environment=environment(receiver.url)) as running,
    ):
        turns = asyncio.run(talk(running.ws))
        spans = receiver.wait(lambda spans: is_all(spans, turns))
        yield Told(running, turns, spans, b"".join(receiver.bodies))


def is_all(spans: list[Received], turns: dict[str, int]) -> bool:
    """Every turn has ended, and so has what it caused: roots are sent last in the gateway alone."""
    roots = [span for span in spans if span.name == "turn"]
    causes = {
        span.number for span in spans if (span.service, span.name) in (("gateway", "llm"), ("gateway", "tts"))
    }
    served = {span.parent for span in spans if span.name in ("chat", "speak")}
    heard = [span for span in spans if span.name == "utterance"]
    judged = [span for span in spans if span.name == "analyze"]
    return len(roots) == len(turns) and causes <= served and len(heard) >= 2 and bool(judged)


def test_a_turn_is_one_trace_and_nothing_else_is(told: Told) -> None:
    roots = {span.trace: span for span in told.spans if not span.parent}
    assert sorted(span.name for span in roots.values()) == ["analysis", *["turn"] * len(told.turns)]
    assert {span.values["turn"] for span in roots.values() if span.name == "turn"} == set(told.turns.values())
    assert {span.trace for span in told.spans} == set(roots)
    known = {(span.trace, span.number) for span in told.spans}
    assert all((span.trace, span.parent) in known for span in told.spans if span.parent)


def test_a_typed_turn_is_followed_through_the_services_it_needed(told: Told) -> None:
    root = told.root("typed")
    llm, tts = told.one("typed", "gateway", "llm"), told.one("typed", "gateway", "tts")
    playout = told.one("typed", "gateway", "playout")
    assert root.service == "gateway"
    assert {llm.parent, tts.parent, playout.parent} == {root.number}
    assert told.one("typed", "llm_service", "chat").parent == llm.number
    assert told.one("typed", "tts_service", "speak").parent == tts.number
    assert {span.service for span in told.of("typed")} == {"gateway", "llm_service", "tts_service"}
    assert root.values["outcome"] == "completed"
    assert root.values["llm_first_token_ms"] >= 150
    assert "first_token" in llm.events
    assert tts.events == ("first_text", "first_audio")


def test_a_spoken_turn_is_heard_by_a_lane_older_than_itself(told: Told) -> None:
    root, heard = told.root("cutting"), told.one("cutting", "stt_service", "utterance")
    assert heard.parent == root.number
    assert heard.values["words"] == len(SPOKEN.split())
    assert {"first_partial", "stopped"} <= set(heard.events)
    assert 1.0 < heard.ended - heard.began < 3.0
    wait, final = told.one("cutting", "gateway", "end_of_turn"), told.one("cutting", "gateway", "stt_final")
    assert wait.parent == final.parent == root.number
    assert 0.3 < wait.ended - wait.began < 1.5
    assert {span.service for span in told.of("cutting")} == {
        "gateway",
        "stt_service",
        "llm_service",
        "tts_service",
    }
    assert root.values["voice_to_voice_ms"] > 600


def test_a_turn_that_is_cut_short_says_by_what_everywhere(told: Told) -> None:
    root = told.root("spoken")
    assert root.values["outcome"] == "interrupted"
    assert "barge_in" in root.events
    assert told.one("spoken", "gateway", "playout").values["cancelled"]
    assert told.one("spoken", "stt_service", "utterance").parent == root.number
    assert told.one("spoken", "tts_service", "speak").parent == told.one("spoken", "gateway", "tts").number
    left = told.root("left")
    assert left.values["outcome"] == "hung_up"
    assert told.one("left", "tts_service", "speak").values["cancelled"]


def test_a_turn_that_fails_says_where(told: Told) -> None:
    assert told.root("failing").failure == "llm_failed"
    assert told.one("failing", "gateway", "llm").failure == "llm_failed"
    assert told.one("failing", "llm_service", "chat").failure == "InternalFault"


def test_the_analysis_is_a_trace_of_its_session(told: Told) -> None:
    (asked,) = (span for span in told.spans if span.name == "analysis")
    (judged,) = (span for span in told.spans if span.name == "analyze")
    assert (judged.service, judged.parent) == ("analysis_service", asked.number)
    assert asked.values["session"] == judged.values["session"] == told.root("typed").values["session"]


def test_nothing_that_was_said_or_written_is_in_what_was_sent(told: Told) -> None:
    assert b"outcome" in told.body, "or it could not be read at all"
    words = [*SPOKEN.split(), *TYPED.split(), "fake reply", "sorry", "say:"]
    assert [word for word in words if word.encode() in told.body] == []


def test_log_lines_name_the_trace_of_their_turn(told: Told) -> None:
    committed = {line["turn"]: line for line in log_lines(told.cluster, "gateway") if line["event"] == "turn"}
    for name, turn in told.turns.items():
        assert committed[turn]["trace_id"] == told.root(name).trace, name
    (failed,) = (line for line in log_lines(told.cluster, "llm") if line["event"] == "lane failed")
    assert failed["trace_id"] == told.root("failing").trace


def log_lines(cluster: Cluster, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in cluster.log(name).splitlines() if line.startswith("{")]


@pytest.fixture(params=["hangs", "is not there"])
def bad_receiver(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "is not there":
        yield f"http://127.0.0.1:{free_ports(1)[0]}"
        return
    with receiving() as receiver:
        receiver.hangs.set()
        yield receiver.url
        assert receiver.connections, "nobody tried"


async def test_a_bad_receiver_slows_nobody_down(
    bad_receiver: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with cluster(tmp_path_factory.mktemp("untraced"), environment=environment(bad_receiver)) as running:
        async with connected(running.ws) as client:
            waits = [await wait_for_audio(client) for _ in range(4)]
        assert max(waits) < 1.5, "the engines need 0.25 s"
        complaints = {name: running.log(name).count(COMPLAINT) for name in ("gateway", "llm", "tts")}
        assert max(complaints.values()) <= 1, "a line a minute"
        assert "Traceback" not in running.log("gateway")
        ending = time.monotonic()
    assert time.monotonic() - ending < 20, "it ends as ever"


async def wait_for_audio(client: Client) -> float:
    """How long a typed turn's first audio took; the turn runs to its end."""
    after, asked = len(client.messages), time.monotonic()
    turn = await begin(client, "say:1.5s")
    waited = (await client.wait_audio(5, after)).at - asked
    await complete(client, turn)
    return waited
