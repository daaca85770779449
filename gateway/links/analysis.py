"""The link to analysis: one request, one report.

The service answers the same request with the same report, so a lost one is asked again, at any replica,
for as long as the user can be kept waiting.
"""

import asyncio
from collections.abc import Sequence
from itertools import count

import grpc

from chassis.faults import Fault, NoSlot, NotReady, TooSlow, Unavailable, from_wire
from chassis.grpc_options import MAX_MESSAGE_BYTES
from chassis.logs import get_logger
from chassis.roster import Roster
from chassis.tasks import cancels
from chassis.tracing import TRACEPARENT
from gateway.conversation.report import AnalysisReport, Mistake
from gateway.links.replica import StatusWatch
from protos.parley.v1 import analysis_pb2 as pb
from protos.parley.v1 import analysis_pb2_grpc, common_pb2, control_pb2

log = get_logger(__name__)
ANALYSIS_S = 14.5
"""Under the conversation's own bound (Limits.analysis_s), so that the user hears the reason."""
AGAIN_S = 0.25
LOOK_S = 0.05
MOST_BYTES = MAX_MESSAGE_BYTES // 2
"""Of utterances; the first ones are sent."""
_PASSING = (Unavailable, NotReady, NoSlot)
_LOST = (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE)


class AnalysisLink:
    """Asks the ready replicas in turn."""

    service = "analysis"

    def __init__(self, addresses: Sequence[str]) -> None:
        self._roster = Roster(addresses, StatusWatch)
        self._turn = count()

    async def run(self) -> None:
        await self._roster.run()

    @property
    def watches(self) -> list[StatusWatch]:
        return self._roster.members

    @property
    def addresses(self) -> tuple[str, ...]:
        return self._roster.addresses

    @property
    def ready(self) -> bool:
        return any(watch.ready for watch in self.watches)

    @property
    def status(self) -> control_pb2.ModelStatus | None:
        return next((watch.status for watch in self.watches if watch.status is not None), None)

    async def analyze(
        self, session: str, last_turn: int, utterances: Sequence[str], level: str, traceparent: str = ""
    ) -> AnalysisReport:
        """`last_turn`: the last one committed; `traceparent`: of the span that asks.

        Raises a Fault: where waiting may help, after ANALYSIS_S.
        """
        request = pb.AnalyzeRequest(
            session=session, last_turn=last_turn, utterances=fitting(utterances), level=level
        )
        now = asyncio.get_running_loop().time
        ends_at = now() + ANALYSIS_S
        reason: Fault | None = None
        while True:
            channel = await self._ready_channel(ends_at)
            try:
                return await _ask(channel, request, ends_at - now(), traceparent)
            except TooSlow as late:
                raise reason or late from None  # a last try, cut short, knows less than those before
            except _PASSING as fault:
                reason = fault
                if now() + AGAIN_S >= ends_at:
                    raise
                log.warning("analysis is asked again", reason=str(fault))
                await asyncio.sleep(AGAIN_S)

    async def _ready_channel(self, ends_at: float) -> grpc.aio.Channel:
        """Of the replica whose turn it is; waits for one to come back."""
        now = asyncio.get_running_loop().time
        while True:
            ready = [watch.channel for watch in self.watches if watch.ready and watch.channel is not None]
            if ready:
                return ready[next(self._turn) % len(ready)]
            if now() + LOOK_S >= ends_at:
                raise Unavailable("the analysis service does not answer")
            await asyncio.sleep(LOOK_S)


async def _ask(
    channel: grpc.aio.Channel, request: pb.AnalyzeRequest, left_s: float, traceparent: str
) -> AnalysisReport:
    cancels_before = cancels()
    metadata = ((TRACEPARENT, traceparent),) if traceparent else ()
    call = analysis_pb2_grpc.AnalysisStub(channel).Analyze(request, timeout=left_s, metadata=metadata)
    try:
        async for response in call:
            if response.HasField("result"):
                return report(response.result)
    except grpc.aio.AioRpcError as error:
        raise _fault(error) from error
    except asyncio.CancelledError:
        # Raised too by a call that ends because its channel was closed: then nobody asked this task to end.
        if cancels() > cancels_before:
            raise
        raise Unavailable("the connection to the analysis service was lost") from None
    finally:
        call.cancel()
    raise Unavailable("the analysis service gave no result")


def _fault(error: grpc.aio.AioRpcError) -> Fault:
    code, words = error.code(), error.details() or "the analysis service failed"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return TooSlow(f"the analysis took longer than {ANALYSIS_S:g} s")
    if code in _LOST:
        return Unavailable(words)
    return from_wire(common_pb2.Fault(code=code.value[0], message=words))


def fitting(utterances: Sequence[str]) -> list[str]:
    """As many of the first as one message can carry."""
    kept: list[str] = []
    left = MOST_BYTES
    for utterance in utterances:
        left -= len(utterance.encode(errors="replace")) + 8
        if left < 0:
            break
        kept.append(utterance)
    return kept


def report(result: pb.AnalysisResult) -> AnalysisReport:
    """Scores are clamped: a service may be wrong, a client must not see it."""
    return AnalysisReport(
        grammar_score=min(result.grammar_score, 100),
        final_score=min(result.final_score, 100),
        mistakes=tuple(Mistake(m.original, m.correction, m.explanation) for m in result.mistakes),
        strengths=tuple(result.strengths[:5]),
        suggestions=tuple(result.suggestions[:5]),
        engine=result.engine,
        fallback=result.fallback,
        too_little=result.too_little,
    )
