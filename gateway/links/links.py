"""All links of a gateway, and the models behind them."""

from collections.abc import Sequence

import grpc

from chassis.grpc_options import CHANNEL_OPTIONS
from chassis.tasks import task_group
from gateway.links.analysis import AnalysisLink
from gateway.links.llm import make_llm_link
from gateway.links.stt import make_stt_link
from gateway.links.tts import make_tts_link
from protos.parley.v1 import control_pb2, control_pb2_grpc

MODEL_CONTROL_S = 120.0


class Links:
    """One link per service."""

    def __init__(
        self, stt: Sequence[str], llm: Sequence[str], tts: Sequence[str], analysis: Sequence[str]
    ) -> None:
        self.stt = make_stt_link(stt)
        self.llm = make_llm_link(llm)
        self.tts = make_tts_link(tts)
        self.analysis = AnalysisLink(analysis)
        self._addresses = {"stt": stt, "llm": llm, "tts": tts, "analysis": analysis}

    async def run(self) -> None:
        async with task_group() as group:
            for link in (self.stt, self.llm, self.tts, self.analysis):
                group.create_task(link.run())

    @property
    def ready(self) -> dict[str, bool]:
        links = (self.stt, self.llm, self.tts, self.analysis)
        return {link.service: link.ready for link in links}

    @property
    def statuses(self) -> dict[str, control_pb2.ModelStatus | None]:
        links = (self.stt, self.llm, self.tts, self.analysis)
        return {link.service: link.status for link in links}

    async def load(self, service: str) -> str:
        """Load the model on every replica; "" or what went wrong."""
        return await self._control(service, load=True)

    async def unload(self, service: str) -> str:
        """Unload the model on every replica; "" or what went wrong."""
        return await self._control(service, load=False)

    async def _control(self, service: str, load: bool) -> str:
        async with task_group() as group:
            asked = [group.create_task(_control_one(a, load)) for a in self._addresses[service]]
        return "; ".join(answer for task in asked if (answer := task.result()))


async def _control_one(address: str, load: bool) -> str:
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        stub = control_pb2_grpc.ModelControlStub(channel)
        try:
            if load:
                await stub.Load(control_pb2.LoadRequest(), timeout=MODEL_CONTROL_S)
            else:
                await stub.Unload(control_pb2.UnloadRequest(), timeout=MODEL_CONTROL_S)
        except grpc.aio.AioRpcError as error:
            return error.details() or str(error.code())
    return ""
