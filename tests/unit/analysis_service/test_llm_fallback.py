"""The language model does not judge: the rules do, and say why; the engine is ready all the while."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_service.engine import Conversation, Report
from analysis_service.engines import llm as engine_module
from analysis_service.engines.judging import replicas
from analysis_service.engines.rules import RulesEngine
from analysis_service.metrics import FALLBACKS
from chassis.faults import Fault, InternalFault, InvalidArgument, NoSlot, NotReady, Unsupported
from cli.cluster_files import free_ports
from engine_room.engine_host import EngineHost, State
from protos.parley.v1 import llm_pb2 as pb
from tests.unit.analysis_service.scripted_llm import (
    SAID,
    Answer,
    ScriptedLlm,
    always,
    judge,
    judged,
    judgement,
    listening,
    loaded,
    said_in,
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "PAUSE_S", 0.01)
    monkeypatch.setattr(replicas, "CONNECT_LOOKS", 25)


def by_rules(*utterances: str) -> Report:
    async def main() -> Report:
        outputs = [o async for o in RulesEngine().analyze(Conversation(utterances or SAID))]
        assert isinstance(outputs[-1], Report)
        return outputs[-1]

    return asyncio.run(main())


def assert_by_rules(report: Report, why: str, *utterances: str) -> None:
    rules = by_rules(*utterances)
    assert report.engine == "rules"
    assert why in report.fallback
    assert (report.grammar_score, report.final_score) == (rules.grammar_score, rules.final_score)
    assert (report.mistakes, report.suggestions) == (rules.mistakes, rules.suggestions)


def test_one_part_that_fails_leaves_the_whole_to_the_rules() -> None:
    said = [f"Number{n} goed to the market and came home" for n in range(300)]

    def answer(prompt: pb.Prompt, _: int) -> Answer:
        is_first = "Number0" in said_in(prompt)[0]
        return json.dumps(judgement()) if is_first else "no"

    _, report = judged(ScriptedLlm(answer), *said)
    assert_by_rules(report, "no judgement", *said)


def test_rubbish_twice_leaves_it_to_the_rules() -> None:
    llm = always('{"grammar_score": 100}')
    before = FALLBACKS.labels("unreadable")._value.get()
    _, report = judged(llm)
    assert_by_rules(report, "no judgement")
    assert len(llm.prompts) == 2
    assert FALLBACKS.labels("unreadable")._value.get() == before + 1


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (NoSlot("all 8 slots are taken"), "busy"),
        (NotReady("loading"), "does not answer"),
        (InternalFault("oops"), "failed"),
        (InvalidArgument("too long by 3 tokens"), "cannot do"),
        (Unsupported("the tutor engine cannot do json_schema"), "cannot do"),
    ],
)
def test_a_model_that_refuses_leaves_it_to_the_rules(fault: Fault, why: str) -> None:
    llm = always(fault)
    _, report = judged(llm)
    assert_by_rules(report, why)
    assert str(fault) not in report.fallback
    assert len(llm.prompts) == 2


def test_a_silent_model_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "FIRST_S", 0.1)
    llm = always(None)
    _, report = judged(llm)
    assert_by_rules(report, "took too long")
    assert llm.running == 0


def test_a_model_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "MOST_CHARS", 50)
    _, report = judged(always("blah " * 10_000))
    assert_by_rules(report, "no judgement")


async def test_the_callers_patience_bounds_it_all() -> None:
    async with listening(always(None)) as address, loaded(address) as engine:
        started = asyncio.get_running_loop().time()
        _, report = await judge(engine, *SAID, patience_s=engine_module.RESERVE_S + 0.2)
        assert (report.engine, report.fallback) == ("rules", "the language model took too long")
        assert asyncio.get_running_loop().time() - started < engine_module.RESERVE_S + 0.2


async def test_without_a_model_the_engine_is_ready_and_the_rules_judge_until_it_comes() -> None:
    (port,) = free_ports(1)
    async with loaded(f"127.0.0.1:{port}") as engine:
        host = EngineHost(engine)
        await host.load()
        assert host.state is State.READY
        _, report = await judge(engine, *SAID)
        assert (report.engine, report.fallback) == ("rules", "the language model does not answer")
        assert host.state is State.READY
        async with listening(always(judgement()), port):
            for _ in range(20):
                _, report = await judge(engine, *SAID)
                if not report.fallback:
                    break
        assert (report.grammar_score, report.fallback) == (80, "")


async def test_a_replica_that_fails_is_left_for_another() -> None:
    bad, good = always(InternalFault("oops")), always(judgement())
    async with listening(bad) as one, listening(good) as two, loaded(one, two) as engine:
        for _ in range(4):
            _, report = await judge(engine, *SAID)
            assert not report.fallback
    assert len(good.prompts) == 4
    assert len(bad.prompts) <= 1


async def test_a_model_that_dies_midway_leaves_it_to_the_rules() -> None:
    llm = always(None)
    (port,) = free_ports(1)
    async with loaded(f"127.0.0.1:{port}") as engine:
        async with listening(llm, port):
            asked = asyncio.create_task(judge(engine, *SAID))
            while not llm.running:
                await asyncio.sleep(0.01)
        _, report = await asked
    assert (report.engine, report.fallback) == ("rules", "the language model does not answer")


async def test_an_analysis_that_nobody_waits_for_any_more_frees_the_model() -> None:
    llm = always(None)
    async with listening(llm) as address, loaded(address) as engine:
        asked = asyncio.create_task(judge(engine, *SAID))
        while not llm.running:
            await asyncio.sleep(0.01)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        async with asyncio.timeout(2):
            while llm.running:
                await asyncio.sleep(0.01)


async def test_it_can_be_unloaded_twice_and_loaded_again() -> None:
    llm = always(judgement())
    async with listening(llm) as address, loaded(address) as engine:
        await engine.unload()
        await engine.unload()
        await engine.load()
        await engine.load()
        _, report = await judge(engine, *SAID)
        assert not report.fallback


class Parrot:
    """In the place of the replicas: says one thing, whatever it is asked."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def ask(self, prompt: pb.Prompt, session: str, traceparent: str) -> str:  # noqa: ARG002
        return self.text


@settings(max_examples=100, deadline=None)
@given(st.text() | st.text(alphabet='{}[]":,0123456789\\ _abcdegmnorsty\n'))
def test_whatever_the_model_writes_the_rules_judge_what_is_no_judgement(text: str) -> None:
    engine: Any = engine_module.LlmEngine(())
    engine._replicas = Parrot(text)
    _, report = asyncio.run(judge(engine, *SAID))
    assert_by_rules(report, "no judgement")
