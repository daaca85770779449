"""An analysis for tests and load only: a fixed report, or the failure that an utterance asks for.

Never offered to users. Words in an utterance that it obeys: `hang` (never answers), `fail` (InternalFault),
`take:3s` (takes that long).
"""

import asyncio
import re
from collections.abc import AsyncGenerator

from analysis_service.engine import Conversation, Mistake, Progress, Report
from chassis.faults import InternalFault
from engine_room.engines import EngineInfo

_TAKE = re.compile(r"take:(\d+(?:\.\d+)?)s")

REPORT = Report(
    grammar_score=80,
    final_score=75,
    mistakes=(Mistake("I goed home.", "I went home.", "'Go' has its own past form."),),
    strengths=("You spoke clearly.", "You answered every question."),
    suggestions=("Practise the past.", "Use longer sentences."),
)


class FakeEngine:
    """See the module. `running` counts the analyses now under way, however they come to end."""

    def __init__(self, delay_s: float = 0.1, slots: int = 256) -> None:
        self.running = 0
        self._delay_s = delay_s
        self._slots = slots

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="fake", model="script", slots=self._slots)

    async def load(self) -> None:
        """Nothing to load."""

    async def unload(self) -> None:
        """Nothing to give back."""

    async def analyze(self, conversation: Conversation) -> AsyncGenerator[Progress | Report, None]:
        self.running += 1
        try:
            words = {word for utterance in conversation.utterances for word in utterance.split()}
            if "fail" in words:
                raise InternalFault("the fake engine was told to fail")
            if "hang" in words:
                await asyncio.Event().wait()
            asked = [float(found[1]) for word in words if (found := _TAKE.fullmatch(word))]
            await asyncio.sleep(max(asked, default=self._delay_s))
            yield REPORT
        finally:
            self.running -= 1
