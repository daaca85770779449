"""What a session does when its conversation says so."""

import asyncio
from types import SimpleNamespace
from typing import Any

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation.agent import TUTOR
from gateway.conversation.report import AnalysisReport
from gateway.memory.entries import TranscriptEntry
from gateway.session.effects import Effects
from tests.support.leaks import run

REPORT = AnalysisReport(80, 75)


class Analysis:
    """Keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    async def analyze(self, *question: Any) -> AnalysisReport:
        self.asked.append(question)
        return REPORT


def committed(turn: int) -> do.CommitTurn:
    return do.CommitTurn(turn, f"said {turn}", "Oh!", "Oh!", interrupted=False)


def test_the_analysis_is_asked_with_the_last_turn_that_was_committed() -> None:
    async def main() -> None:
        analysis, remembered, posted = Analysis(), list[TranscriptEntry](), list[e.Event]()
        around: Any = SimpleNamespace(
            links=SimpleNamespace(analysis=analysis), memory=SimpleNamespace(remember=remembered.append)
        )
        nothing: Any = None
        effects = Effects(
            "s1",
            TUTOR,
            "en",
            around,
            nothing,
            nothing,
            nothing,
            nothing,
            posted.append,
            lambda: 9.0,
        )
        async with asyncio.TaskGroup() as group:
            for command in (committed(1), committed(3), do.Analyze(("said 1", "said 3"), "beginner")):
                effects.carry_out(command, group)
        assert len(remembered) == 2
        assert analysis.asked == [("s1", 3, ("said 1", "said 3"), "beginner", "")]
        assert posted == [e.AnalysisFinished(9.0, REPORT)]

    run(main())
