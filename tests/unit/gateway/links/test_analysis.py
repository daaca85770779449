"""The link to analysis: a lost request is asked again, at any replica, while the user can be kept waiting."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from analysis_service.engines.llm import RESERVE_S, WHOLE_S
from chassis.faults import Fault, InternalFault, TooSlow, Unavailable
from chassis.grpc_options import SERVER_OPTIONS
from cli.cluster_files import free_ports
from engine_room.engine_host import EngineHost
from engine_room.engines import EngineInfo
from engine_room.model_control import ModelControl
from gateway.conversation.limits import Limits
from gateway.conversation.report import AnalysisReport, Mistake
from gateway.links import analysis, replica
from gateway.links.analysis import ANALYSIS_S, MOST_BYTES, AnalysisLink, fitting
from protos.parley.v1 import analysis_pb2 as pb
from protos.parley.v1 import analysis_pb2_grpc, control_pb2_grpc

RESULT = pb.AnalysisResult(
    grammar_score=140,
    final_score=73,
    mistakes=[pb.Mistake(original="I goed", correction="I went", explanation="Past.")],
    strengths=["a"] * 9,
    suggestions=["b"],
    engine="rules",
    fallback="the language model does not answer",
)
REPORT = AnalysisReport(
    100,
    73,
    (Mistake("I goed", "I went", "Past."),),
    ("a",) * 5,
    ("b",),
    "rules",
    "the language model does not answer",
)


class Plain:
    """An engine for the host; the script answers in its place."""

    info = EngineInfo(name="plain", model="script", slots=4)

    async def load(self) -> None:
        pass

    async def unload(self) -> None:
        pass


class Scripted(analysis_pb2_grpc.AnalysisServicer):
    """Answers with what the script says: a result, a status to fail with, or None: silence."""

    def __init__(self, *script: pb.AnalysisResult | grpc.StatusCode | None) -> None:
        self.requests: list[pb.AnalyzeRequest] = []
        self.peers: set[str] = set()
        self.running = 0
        self._script = script

    async def Analyze(
        self, request: pb.AnalyzeRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.AnalyzeResponse]:
        step = self._script[min(len(self.requests), len(self._script) - 1)]
        self.requests.append(request)
        self.peers.add(context.peer())
        self.running += 1
        try:
            yield pb.AnalyzeResponse(progress=pb.AnalysisProgress(done=1, total=2))
            match step:
                case pb.AnalysisResult():
                    yield pb.AnalyzeResponse(result=step)
                case None:
                    await asyncio.Event().wait()
                case code:
                    await context.abort(code, "as the script says")
        finally:
            self.running -= 1


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "ANALYSIS_S", 3.0)
    monkeypatch.setattr(analysis, "AGAIN_S", 0.02)
    monkeypatch.setattr(replica, "WATCH_RETRY_S", 0.05)


@asynccontextmanager
async def serving(service: Scripted, port: int = 0) -> AsyncIterator[int]:
    """A replica, loaded and watched; its port."""
    host = EngineHost(Plain())
    await host.load()
    server = grpc.aio.server(options=SERVER_OPTIONS)
    analysis_pb2_grpc.add_AnalysisServicer_to_server(service, server)
    control_pb2_grpc.add_ModelControlServicer_to_server(ModelControl("analysis", host, 1), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(0)


@asynccontextmanager
async def linked(*ports: int) -> AsyncIterator[AnalysisLink]:
    link = AnalysisLink([f"127.0.0.1:{port}" for port in ports])
    async with asyncio.TaskGroup() as group:
        running = group.create_task(link.run())
        try:
            yield link
        finally:
            running.cancel()
    # A call cut off while it connects ends, inside gRPC, a moment after its channel.
    await asyncio.sleep(0.05)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def ask(link: AnalysisLink) -> AnalysisReport:
    return await link.analyze("s1", 4, ("hello", "I goed home"), "beginner")


def test_the_service_gives_up_before_the_link_and_the_link_before_the_conversation() -> None:
    assert WHOLE_S + RESERVE_S <= ANALYSIS_S < Limits().analysis_s


async def test_the_report_comes_with_who_judged_and_why_and_within_its_bounds() -> None:
    service = Scripted(RESULT)
    async with serving(service) as port, linked(port) as link:
        assert await ask(link) == REPORT
    (request,) = service.requests
    assert request == pb.AnalyzeRequest(
        session="s1", last_turn=4, utterances=["hello", "I goed home"], level="beginner"
    )


async def test_all_requests_share_one_connection_with_the_watch() -> None:
    service = Scripted(RESULT)
    async with serving(service) as port, linked(port) as link:
        for _ in range(5):
            await ask(link)
    assert len(service.peers) == 1


async def test_a_replica_that_dies_before_it_answers_is_asked_again_when_it_is_back() -> None:
    (port,) = free_ports(1)
    silent, back = Scripted(None), Scripted(RESULT)
    async with linked(port) as link:
        async with serving(silent, port):
            asked = asyncio.create_task(ask(link))
            await until(lambda: silent.running > 0)
        await asyncio.sleep(0.1)
        assert not asked.done()
        async with serving(back, port):
            assert await asked == REPORT
    assert back.requests == silent.requests


async def test_another_replica_answers_for_one_that_died() -> None:
    silent, other = Scripted(None), Scripted(RESULT)
    async with serving(other) as living:
        (dying,) = free_ports(1)
        async with linked(dying, living) as link:
            async with serving(silent, dying):
                await until(lambda: all(watch.ready for watch in link.watches))
                asked = asyncio.create_task(ask(link))
                await until(lambda: silent.running > 0)
            assert await asked == REPORT


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ],
)
async def test_what_may_pass_is_tried_again(code: grpc.StatusCode) -> None:
    service = Scripted(code, code, RESULT)
    async with serving(service) as port, linked(port) as link:
        assert await ask(link) == REPORT
    assert len(service.requests) == 3


async def test_what_will_not_pass_is_told_at_once() -> None:
    service = Scripted(grpc.StatusCode.INTERNAL)
    async with serving(service) as port, linked(port) as link:
        with pytest.raises(InternalFault, match="as the script says"):
            await ask(link)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (None, TooSlow, "took longer than"),
        (grpc.StatusCode.UNAVAILABLE, Unavailable, "as the script says"),
    ],
)
async def test_after_a_while_the_user_is_told_why(
    monkeypatch: pytest.MonkeyPatch, script: grpc.StatusCode | None, kind: type[Fault], words: str
) -> None:
    monkeypatch.setattr(analysis, "ANALYSIS_S", 0.5)
    async with serving(Scripted(script)) as port, linked(port) as link:
        with pytest.raises(kind, match=words):
            await ask(link)


async def test_a_service_that_is_not_there_is_said_not_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "ANALYSIS_S", 0.2)
    async with linked(*free_ports(1)) as link:
        with pytest.raises(Unavailable, match="does not answer"):
            await ask(link)


async def test_a_user_who_leaves_frees_the_service() -> None:
    service = Scripted(None)
    async with serving(service) as port, linked(port) as link:
        asked = asyncio.create_task(ask(link))
        await until(lambda: service.running > 0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await until(lambda: service.running == 0)


def test_as_much_is_sent_as_a_message_can_carry() -> None:
    assert fitting(["hello", "there"]) == ["hello", "there"]
    sent = fitting(["ü" * 4000] * 1000)
    assert 60 < len(sent) < 100
    assert pb.AnalyzeRequest(utterances=sent).ByteSize() <= MOST_BYTES
