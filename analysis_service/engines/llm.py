"""The analysis by a language model, which llm_service serves: asked in parts, each bound to a JSON schema.

A conversation is judged as a whole by one judge: where one part cannot be had, the rules judge all of it,
and the report says so. So this engine is ready whether or not a language model is.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from analysis_service.engine import Conversation, Progress, Report
from analysis_service.engines.judging.answer import Judgement, Unreadable, read_judgement
from analysis_service.engines.judging.merging import merge
from analysis_service.engines.judging.parts import cut
from analysis_service.engines.judging.question import MAX_TOKENS, SCHEMA, TEMPERATURE, TOP_P, material, task
from analysis_service.engines.judging.reasons import Reason, reason_for
from analysis_service.engines.judging.replicas import Replicas
from analysis_service.engines.rules import FEWEST_WORDS, RulesEngine, bounded
from analysis_service.engines.scoring import words_in
from analysis_service.metrics import FALLBACKS
from chassis.deadlines import within
from chassis.faults import ClientFault, Fault
from chassis.logs import get_logger
from chassis.tasks import end, task_group
from engine_room.engines import EngineInfo
from protos.parley.v1 import llm_pb2 as pb

log = get_logger(__name__)
WHOLE_S = 12.0
"""For all parts: under what a gateway waits, the rules' time and the way back included."""
RESERVE_S = 2.0
"""What is left of the caller's patience for the rules and the way back."""
AT_ONCE = 2
ATTEMPTS = 2
PAUSE_S = 0.3
"""Between attempts, so that a lost link may come back and a full engine may have a place."""


class LlmEngine:
    """See the module. `addresses` are those of llm_service."""

    def __init__(self, addresses: Sequence[str], slots: int = 8) -> None:
        self._slots = slots
        self._replicas = Replicas(addresses)
        self._rules = RulesEngine()
        self._links: AsyncExitStack | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="llm", model="llm_service", slots=self._slots, device="remote")

    async def load(self) -> None:
        """Begin to hold the links; whoever is not there yet is looked for while it is loaded."""
        await self.unload()
        async with AsyncExitStack() as stack:
            link = self._replicas.hold(await stack.enter_async_context(asyncio.TaskGroup()))
            stack.push_async_callback(end, [link])
            self._links = stack.pop_all()

    async def unload(self) -> None:
        links, self._links = self._links, None
        if links is not None:
            await links.aclose()

    async def analyze(self, conversation: Conversation) -> AsyncGenerator[Progress | Report, None]:
        said = bounded(conversation.utterances)
        if sum(len(words_in(utterance)) for utterance in said) < FEWEST_WORDS:
            yield await self._by_rules(conversation)
            return
        parts = cut(said)
        ends_at = asyncio.get_running_loop().time() + _limit_s(conversation)
        judgements: list[Judgement] = []
        try:
            # Nothing runs while a progress is on its way: whoever takes it may never come back for more.
            while len(judgements) < len(parts):
                some = parts[len(judgements) : len(judgements) + AT_ONCE]
                judgements += await self._judge_by(ends_at, some, conversation)
                yield Progress(len(judgements), len(parts))
        except (Fault, Unreadable) as failure:
            yield await self._fall_back(reason_for(failure), conversation)
        else:
            yield merge(judgements)

    async def _judge_by(
        self, ends_at: float, parts: Sequence[tuple[str, ...]], conversation: Conversation
    ) -> list[Judgement]:
        """All of these at once. Raises the first Fault or Unreadable."""
        left_s = ends_at - asyncio.get_running_loop().time()
        async with within(max(left_s, 0), "judging the conversation"), task_group() as group:
            asked = [group.create_task(self._judge(part, conversation)) for part in parts]
        return [task.result() for task in asked]

    async def _judge(self, part: tuple[str, ...], conversation: Conversation) -> Judgement:
        """Asked once more when it fails: of another replica, or without what the first refused."""
        prompt = bound_prompt(part, conversation.level)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return read_judgement(
                    await self._replicas.ask(prompt, conversation.session, conversation.traceparent), part
                )
            except (Fault, Unreadable) as failure:
                log.warning("part not judged", attempt=attempt, reason=type(failure).__name__)
                if attempt == ATTEMPTS:
                    raise
                if isinstance(failure, ClientFault):
                    prompt = plain_prompt(part, conversation.level)
                elif isinstance(failure, Fault):
                    await asyncio.sleep(PAUSE_S)
        raise AssertionError("the last attempt returns or raises")

    async def _fall_back(self, reason: Reason, conversation: Conversation) -> Report:
        log.warning("rules judge in the model's place", reason=reason.name)
        FALLBACKS.labels(reason.name).inc()
        report = await self._by_rules(conversation)
        return replace(report, engine=self._rules.info.name, fallback=reason.words)

    async def _by_rules(self, conversation: Conversation) -> Report:
        reports = [out async for out in self._rules.analyze(conversation) if isinstance(out, Report)]
        return reports[-1]


def _limit_s(conversation: Conversation) -> float:
    if conversation.patience_s is None:
        return WHOLE_S
    return min(WHOLE_S, conversation.patience_s - RESERVE_S)


def plain_prompt(part: Sequence[str], level: str) -> pb.Prompt:
    """For an engine that can do no more: the shape of the answer is asked for in words."""
    return pb.Prompt(
        turn=1,
        messages=[
            pb.ChatMessage(role=pb.ROLE_SYSTEM, content=task(level)),
            pb.ChatMessage(role=pb.ROLE_USER, content=material(part)),
        ],
        sampling=pb.Sampling(max_tokens=MAX_TOKENS),
        background=True,
    )


def bound_prompt(part: Sequence[str], level: str) -> pb.Prompt:
    """Held to the schema; no reasoning first, for the schema leaves no room for it."""
    prompt = plain_prompt(part, level)
    prompt.sampling.temperature, prompt.sampling.top_p = TEMPERATURE, TOP_P
    prompt.json_schema = SCHEMA
    prompt.thinking = False
    return prompt
