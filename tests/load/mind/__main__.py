"""What the mind behind the tutor is worth: `python -m tests.load.mind [--alone] [--answers]`.

Sixty things that people say, answered by the rules, by the rules with the mind behind them, and with
`--alone` by the mind for everything. The figures are a program's judgement; `--answers` prints what was said,
to be read.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields
from typing import Any

import psutil

from gateway.conversation.agent import TUTOR
from llm_service.engine import Delta, LlmOutput, Message, Prompt, Sampling
from llm_service.engines.mind import SmolMind
from llm_service.engines.tutor import TutorEngine
from tests.load.measure import Lag, percentile, show
from tests.load.mind.judge import Verdict, judge
from tests.load.mind.sayings import HOTEL, SAYINGS, Saying

Chat = Callable[[Prompt], AsyncGenerator[LlmOutput, None]]
MOST_TOKENS = 80
"""Of an agent who is not the tutor, and of the mind alone."""


@dataclass
class Answer:
    saying: Saying
    text: str
    first_s: float
    whole_s: float

    @property
    def verdict(self) -> Verdict:
        return judge(self.saying, self.text)

    @property
    def lacks(self) -> list[str]:
        return [field.name for field in fields(Verdict) if not getattr(self.verdict, field.name)]


async def _told(chat: Chat, prompt: Prompt) -> tuple[str, float, float]:
    """The reply, the seconds to its first piece and to its end."""
    started, first, said = time.perf_counter(), 0.0, ""
    async with aclosing(chat(prompt)) as outputs:
        async for output in outputs:
            first = first or time.perf_counter() - started
            said += output.text if isinstance(output, Delta) else ""
    return said, first, time.perf_counter() - started


async def _beginning() -> tuple[Message, ...]:
    """Prompt, opening and introduction of a talk with the tutor."""
    messages = [Message("system", TUTOR.system_prompt(TUTOR.variant))]
    for said in (None, "hi i am ana"):
        messages += [Message("user", said)] if said else []
        reply, _, _ = await _told(TutorEngine().chat, Prompt(0, tuple(messages)))
        messages.append(Message("assistant", reply))
    return tuple(messages)


async def ask(chat: Chat) -> list[Answer]:
    tutors = await _beginning()
    answers = []
    for turn, saying in enumerate(SAYINGS, start=1):
        before = (Message("system", HOTEL),) if saying.kind == "guest" else tutors
        sampling = Sampling(max_tokens=MOST_TOKENS)
        prompt = Prompt(turn, (*before, Message("user", saying.said)), sampling)
        answers.append(Answer(saying, *await _told(chat, prompt)))
    return answers


def tally(answers: Sequence[Answer]) -> dict[str, Any]:
    """How many are good, by kind, and how many lack what."""
    kinds = {kind: [a for a in answers if a.saying.kind == kind] for kind in {a.saying.kind for a in answers}}
    lacking = {field.name: sum(field.name in a.lacks for a in answers) for field in fields(Verdict)}
    return {
        "good": sum(a.verdict.good for a in answers),
        "kinds": {kind: f"{sum(a.verdict.good for a in kinds[kind])}/{len(kinds[kind])}" for kind in kinds},
        "lacking": {name: count for name, count in lacking.items() if count},
    }


def compare(before: Sequence[Answer], after: Sequence[Answer]) -> dict[str, Any]:
    """What the mind changed, and what its answers cost in time."""
    pairs = [(b, a) for b, a in zip(before, after, strict=True) if b.text != a.text]
    own = [a for b, a in pairs]
    return {
        "changed": len(pairs),
        "mended": sum(a.verdict.good and not b.verdict.good for b, a in pairs),
        "spoilt": sum(b.verdict.good and not a.verdict.good for b, a in pairs),
        "first_ms_p50": round(percentile([a.first_s for a in own], 0.5) * 1000),
        "first_ms_p90": round(percentile([a.first_s for a in own], 0.9) * 1000),
        "whole_ms_p50": round(percentile([a.whole_s for a in own], 0.5) * 1000),
    }


def _print(columns: dict[str, list[Answer]]) -> None:
    for row in zip(*columns.values(), strict=True):
        print(f"\n[{row[0].saying.kind}] {row[0].saying.said}")
        for name, answer in zip(columns, row, strict=True):
            lacks = f"   ({', '.join(answer.lacks)})" if answer.lacks else ""
            print(f"    {name:6} {answer.text!r}{lacks}")


async def measure(threads: int, alone: bool, answers: bool) -> None:
    mind = SmolMind(threads=threads)
    rules, tutor = TutorEngine(), TutorEngine(mind=mind)
    await tutor.load()
    try:
        if mind.missing:
            raise SystemExit(f"no mind: {mind.missing}")
        columns = {"rules": await ask(rules.chat), "mind": await ask(tutor.chat)}
        if alone:
            columns["alone"] = await ask(mind.chat)
        children = psutil.Process().children(recursive=True)
        megabytes = sum(child.memory_info().rss for child in children) / 1e6
    finally:
        await tutor.unload()
    if answers:
        _print(columns)
    result: dict[str, Any] = {name: tally(column) for name, column in columns.items()}
    result |= compare(columns["rules"], columns["mind"]) | {"resident_mb": round(megabytes)}
    rows = [(name, f"{result[name]['good']} of {len(SAYINGS)} good") for name in columns]
    rows += [(f"  {name} {kind}", share) for name in columns for kind, share in result[name]["kinds"].items()]
    rows += [(f"  {name} lacking", result[name]["lacking"]) for name in columns]
    rows += [(key, value) for key, value in result.items() if key not in columns]
    show("The mind behind the tutor", rows, result, Lag())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load.mind", description=__doc__)
    parser.add_argument("--alone", action="store_true", help="let the mind answer everything, too")
    parser.add_argument("--answers", action="store_true", help="print every answer")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    asyncio.run(measure(options.threads, options.alone, options.answers))


if __name__ == "__main__":
    main()
