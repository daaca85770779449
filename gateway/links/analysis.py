"""The link to analysis: one request, one report."""

from collections.abc import Sequence
from itertools import count

import grpc

from chassis.deadlines import within
from chassis.faults import Unavailable
from chassis.grpc_options import CHANNEL_OPTIONS
from chassis.tasks import task_group
from gateway.conversation.report import AnalysisReport, Mistake
from gateway.links.replica import StatusWatch
from protos.parley.v1 import analysis_pb2 as pb
from protos.parley.v1 import analysis_pb2_grpc, control_pb2

ANALYSIS_S = 15.0


class AnalysisLink:
    """Asks the ready replicas in turn."""

    service = "analysis"

    def __init__(self, addresses: Sequence[str]) -> None:
        self.watches = [StatusWatch(address) for address in addresses]
        self._turn = count()

    async def run(self) -> None:
        async with task_group() as group:
            for watch in self.watches:
                group.create_task(watch.run())

    @property
    def ready(self) -> bool:
        return any(watch.ready for watch in self.watches)

    @property
    def status(self) -> control_pb2.ModelStatus | None:
        return next((watch.status for watch in self.watches if watch.status is not None), None)

    async def analyze(self, session: str, utterances: Sequence[str], level: str) -> AnalysisReport:
        """Raises Unavailable with the service's own words, or TooSlow."""
        ready = [watch for watch in self.watches if watch.ready]
        if not ready:
            raise Unavailable("the analysis service does not answer")
        address = ready[next(self._turn) % len(ready)].address
        request = pb.AnalyzeRequest(session=session, utterances=utterances, level=level)
        async with (
            within(ANALYSIS_S, "the analysis"),
            grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel,
        ):
            return await _ask(analysis_pb2_grpc.AnalysisStub(channel), request)


async def _ask(stub: "analysis_pb2_grpc.AnalysisAsyncStub", request: pb.AnalyzeRequest) -> AnalysisReport:
    call = stub.Analyze(request)
    try:
        async for response in call:
            if response.HasField("result"):
                return report(response.result)
    except grpc.aio.AioRpcError as error:
        raise Unavailable(error.details() or "the analysis service failed") from error
    finally:
        call.cancel()
    raise Unavailable("the analysis service gave no result")


def report(result: pb.AnalysisResult) -> AnalysisReport:
    """Scores are clamped: a service may be wrong, a client must not see it."""
    return AnalysisReport(
        grammar_score=min(result.grammar_score, 100),
        final_score=min(result.final_score, 100),
        mistakes=tuple(Mistake(m.original, m.correction, m.explanation) for m in result.mistakes),
        strengths=tuple(result.strengths[:5]),
        suggestions=tuple(result.suggestions[:5]),
    )
