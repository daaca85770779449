"""The gRPC face of analysis: one request, streamed progress, one result."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from analysis_service.engine import AnalysisEngine, Conversation, Progress, Report
from chassis.engine_host import EngineHost
from chassis.faults import Fault, InternalFault, to_wire
from chassis.logs import bound, get_logger
from protos.parley.v1 import analysis_pb2 as pb
from protos.parley.v1 import analysis_pb2_grpc

log = get_logger(__name__)
_STATUS = {status.value[0]: status for status in grpc.StatusCode}
Context = grpc.aio.ServicerContext[Any, Any]


class AnalysisService(analysis_pb2_grpc.AnalysisServicer):
    def __init__(self, host: EngineHost[AnalysisEngine]) -> None:
        self._host = host

    async def Analyze(
        self, request: pb.AnalyzeRequest, context: Context
    ) -> AsyncIterator[pb.AnalyzeResponse]:
        with bound(session=request.session):
            try:
                async for response in self._analyze(request):
                    yield response
            except Fault as fault:
                await _abort(context, fault)
            except Exception as error:
                log.exception("analysis broke")
                await _abort(context, InternalFault(to_wire(error).message))

    async def _analyze(self, request: pb.AnalyzeRequest) -> AsyncIterator[pb.AnalyzeResponse]:
        conversation = Conversation(
            utterances=tuple(request.utterances),
            level=request.level or "intermediate",
            session=request.session,
        )
        with self._host.slot() as engine:
            async with aclosing(engine.analyze(conversation)) as outputs:
                async for output in outputs:
                    yield response(output, engine.info.name)


async def _abort(context: Context, fault: Fault) -> None:
    await context.abort(_STATUS[fault.code], str(fault))


def response(output: Progress | Report, engine: str) -> pb.AnalyzeResponse:
    match output:
        case Progress(done=done, total=total):
            return pb.AnalyzeResponse(progress=pb.AnalysisProgress(done=done, total=total))
        case Report():
            mistakes = [
                pb.Mistake(original=m.original, correction=m.correction, explanation=m.explanation)
                for m in output.mistakes
            ]
            return pb.AnalyzeResponse(
                result=pb.AnalysisResult(
                    grammar_score=output.grammar_score,
                    final_score=output.final_score,
                    mistakes=mistakes,
                    strengths=output.strengths,
                    suggestions=output.suggestions,
                    engine=engine,
                )
            )
