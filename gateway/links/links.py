"""All links of a gateway, and the models behind them."""

from collections.abc import Awaitable, Callable, Sequence

from chassis.faults import Unavailable
from chassis.tasks import task_group
from gateway.links import control
from gateway.links.analysis import AnalysisLink
from gateway.links.control import Outcome
from gateway.links.link_gauges import LINKS, Members
from gateway.links.llm import make_llm_link
from gateway.links.merged import merged
from gateway.links.stt import make_stt_link
from gateway.links.tts import make_tts_link
from protos.parley.v1 import control_pb2


class Links:
    """One link per service."""

    def __init__(
        self, stt: Sequence[str], llm: Sequence[str], tts: Sequence[str], analysis: Sequence[str]
    ) -> None:
        self.stt = make_stt_link(stt)
        self.llm = make_llm_link(llm)
        self.tts = make_tts_link(tts)
        self.analysis = AnalysisLink(analysis)

    async def run(self) -> None:
        members: Members = {
            "stt": lambda: self.stt.replicas,
            "llm": lambda: self.llm.replicas,
            "tts": lambda: self.tts.replicas,
            "analysis": lambda: self.analysis.watches,
        }
        with LINKS.counting(members):
            await self._run()

    async def _run(self) -> None:
        async with task_group() as group:
            for link in (self.stt, self.llm, self.tts, self.analysis):
                group.create_task(link.run())

    @property
    def ready(self) -> dict[str, bool]:
        links = (self.stt, self.llm, self.tts, self.analysis)
        return {link.service: link.ready for link in links}

    @property
    def statuses(self) -> dict[str, control_pb2.ModelStatus | None]:
        """One for each service: what all its replicas have and hold, by one that is ready."""
        return {service: merged(list(told.values())) for service, told in self.replicas.items()}

    @property
    def replicas(self) -> dict[str, dict[str, control_pb2.ModelStatus | None]]:
        """By service and address; None where nobody answers."""
        links = (self.stt, self.llm, self.tts)
        told = {link.service: {r.address: r.watch.status for r in link.replicas} for link in links}
        told[self.analysis.service] = {watch.address: watch.status for watch in self.analysis.watches}
        return told

    async def load(self, service: str, request: control_pb2.LoadRequest | None = None) -> list[Outcome]:
        """Load the model on every replica: the one that a request names, else the one that each has."""
        asked = request or control_pb2.LoadRequest()
        return await self._each(service, lambda address: control.load(address, asked))

    async def unload(self, service: str) -> list[Outcome]:
        """Unload the model on every replica."""
        return await self._each(service, control.unload)

    async def clear_cache(self, service: str) -> list[Outcome]:
        """Give back, on every replica, what is kept only to be quicker."""
        return await self._each(service, control.clear_cache)

    async def _each(self, service: str, ask: Callable[[str], Awaitable[Outcome]]) -> list[Outcome]:
        async def one(address: str) -> Outcome:
            return await ask(address)

        links = (self.stt, self.llm, self.tts, self.analysis)
        addresses = next(link.addresses for link in links if link.service == service)
        if not addresses:
            return [Outcome("", fault=Unavailable(f"the {service} service does not answer"))]
        async with task_group() as group:
            asked = [group.create_task(one(address)) for address in addresses]
        return [task.result() for task in asked]


def problem(outcomes: Sequence[Outcome]) -> str:
    """ "" or what went wrong, each thing once."""
    return "; ".join(dict.fromkeys(str(outcome.fault) for outcome in outcomes if outcome.fault))
