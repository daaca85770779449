"""The gRPC face of analysis: one request, streamed progress, one result."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc

from analysis_service.engine import AnalysisEngine, Conversation, Progress, Report
from analysis_service.keeping import digest
from analysis_service.metrics import ANALYSES
from chassis.faults import Fault, InternalFault, to_wire
from chassis.logs import bound, get_logger
from chassis.tracing import TRACEPARENT, Span, begin
from engine_room.engine_host import EngineHost
from protos.parley.v1 import analysis_pb2 as pb
from protos.parley.v1 import analysis_pb2_grpc

if TYPE_CHECKING:
    from analysis_service.store import Store

log = get_logger(__name__)
_STATUS = {status.value[0]: status for status in grpc.StatusCode}
Context = grpc.aio.ServicerContext[Any, Any]


class AnalysisService(analysis_pb2_grpc.AnalysisServicer):
    """`store`: where transcripts are and reports are kept; None: nowhere.

    Asking twice is asking once: the same words of the same session get the report that was made of them,
    so a caller who lost the answer may ask again, here or at another replica.
    """

    def __init__(self, host: EngineHost[AnalysisEngine], store: "Store | None" = None) -> None:
        self._host, self._store = host, store

    async def Analyze(
        self, request: pb.AnalyzeRequest, context: Context
    ) -> AsyncIterator[pb.AnalyzeResponse]:
        span = begin("analyze", _cause(context), session=request.session)
        with span, bound(session=request.session, **span.log_fields):
            try:
                async for response in self._analyze(request, context, span):
                    yield response
            except Fault as fault:
                span.fail(type(fault).__name__)
                await self._abort(context, fault)
            except Exception as error:
                span.fail(type(error).__name__)
                log.exception("analysis broke")
                await self._abort(context, InternalFault(to_wire(error).message))

    async def _abort(self, context: Context, fault: Fault) -> None:
        ANALYSES.labels(self._host.engine.info.name, "failed").inc()
        await context.abort(_STATUS[fault.code], str(fault))

    async def _analyze(
        self, request: pb.AnalyzeRequest, context: Context, span: Span
    ) -> AsyncIterator[pb.AnalyzeResponse]:
        with self._host.slot() as engine:
            said = Conversation(
                utterances=await self._utterances(request),
                level=request.level or "intermediate",
                session=request.session,
                patience_s=context.time_remaining(),
                traceparent=span.traceparent,
            )
            name = engine.info.name
            span.set(engine=name, utterances=len(said.utterances))
            if (kept := await self._kept(said, name)) is not None:
                span.set(kept=True)
                yield self._answer(kept, name, "kept")
                return
            async with aclosing(engine.analyze(said)) as outputs:
                async for output in outputs:
                    match output:
                        case Progress(done=done, total=total):
                            yield pb.AnalyzeResponse(progress=pb.AnalysisProgress(done=done, total=total))
                        case Report():
                            yield self._answer(await self._keep(said, name, output), name, "judged")

    async def _utterances(self, request: pb.AnalyzeRequest) -> tuple[str, ...]:
        """What is judged: the stored transcript, or what was sent where that is not to be had."""
        sent = tuple(utterance for utterance in request.utterances if utterance.strip())
        if self._store is None or not request.session or (sent and not request.last_turn):
            return sent
        stored = await self._store.utterances(request.session, request.last_turn)
        # A gateway that could not write for long has dropped the oldest turns: then it has sent more.
        return stored if stored is not None and len(stored) >= len(sent) else sent

    async def _kept(self, said: Conversation, engine: str) -> Report | None:
        if self._store is None or not said.session:
            return None
        return await self._store.kept(said.session, digest(said, engine))

    async def _keep(self, said: Conversation, engine: str, report: Report) -> Report:
        """What a stand-in says is not kept: who asks again may get the chosen engine's judgement."""
        if self._store is None or not said.session or report.fallback:
            return report
        return await self._store.keep(said.session, digest(said, engine), report)

    def _answer(self, report: Report, engine: str, outcome: str) -> pb.AnalyzeResponse:
        judge = report.engine or engine
        ANALYSES.labels(judge, outcome).inc()
        log.info("analysis", engine=judge, outcome=outcome, mistakes=len(report.mistakes))
        return pb.AnalyzeResponse(result=result(report, judge))


def _cause(context: Context) -> str:
    """The caller's traceparent; "" where there is none, or more than text."""
    for name, value in context.invocation_metadata() or ():
        if name == TRACEPARENT and isinstance(value, str):
            return value
    return ""


def result(report: Report, engine: str) -> pb.AnalysisResult:
    mistakes = [
        pb.Mistake(original=m.original, correction=m.correction, explanation=m.explanation)
        for m in report.mistakes
    ]
    return pb.AnalysisResult(
        grammar_score=report.grammar_score,
        final_score=report.final_score,
        mistakes=mistakes,
        strengths=report.strengths,
        suggestions=report.suggestions,
        engine=engine,
        fallback=report.fallback,
        too_little=report.too_little,
    )
