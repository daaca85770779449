"""When the chosen engine cannot load another answers in its place, and everybody can see why."""

from collections.abc import AsyncGenerator

import pytest

from chassis.faults import NotReady
from engine_room.engines import EngineInfo
from engine_room.gpu_slice import Amount, GpuNeed, Grant
from llm_service.engine import Abilities, Delta, Finished, LlmOutput, Message, Prompt
from llm_service.engines.fallback import FallbackEngine

HELLO = Prompt(1, (Message("user", "Hello"),))


class Engine:
    """Says its name. `problem`: why it does not load."""

    def __init__(self, name: str, problem: str = "") -> None:
        self.name, self.problem = name, problem
        self.loaded = False
        self.healthy = True
        self.progress = f"loading {name}"

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name=self.name, model=f"{self.name}-model", slots=3)

    @property
    def abilities(self) -> Abilities:
        return Abilities(tools=self.name == "second")

    async def load(self) -> None:
        if self.problem:
            raise NotReady(self.problem)
        self.loaded = True

    async def unload(self) -> None:
        self.loaded = False

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:  # noqa: ARG002
        yield Delta(self.name)
        yield Finished()


class OnGpu(Engine):
    gpu_need = GpuNeed(Amount(share=0.35))
    granted: Grant | None = None

    def keep_to(self, grant: Grant) -> None:
        self.granted = grant


async def said(engine: FallbackEngine) -> str:
    return "".join([output.text async for output in engine.chat(HELLO) if isinstance(output, Delta)])


async def test_the_chosen_engine_answers_where_it_loads() -> None:
    engine = FallbackEngine(Engine("first"), Engine("second"))
    await engine.load()
    assert (engine.info.name, engine.info.fallback, await said(engine)) == ("first", "", "first")


async def test_the_other_engine_stands_in_and_the_reason_is_kept() -> None:
    engine = FallbackEngine(Engine("first", "there is no card"), Engine("second"))
    await engine.load()
    assert await said(engine) == "second"
    assert (engine.info.name, engine.info.model) == ("second", "second-model")
    assert engine.info.fallback == "first could not start: there is no card"
    assert engine.abilities.tools


async def test_each_load_tries_the_chosen_engine_again() -> None:
    first, second = Engine("first", "there is no card"), Engine("second")
    engine = FallbackEngine(first, second)
    await engine.load()
    first.problem = ""
    await engine.load()
    assert (engine.info.name, engine.info.fallback) == ("first", "")
    assert (first.loaded, second.loaded) == (True, False)


async def test_both_reasons_are_told_when_neither_loads() -> None:
    engine = FallbackEngine(Engine("first", "there is no card"), Engine("second", "no such file"))
    with pytest.raises(NotReady, match="there is no card; and second, which would stand in: no such file"):
        await engine.load()
    assert engine.info.name == "first"


async def test_the_death_of_the_engine_that_answers_is_seen() -> None:
    second = Engine("second")
    engine = FallbackEngine(Engine("first", "there is no card"), second)
    await engine.load()
    assert engine.healthy
    second.healthy = False
    assert not engine.healthy


def test_both_keep_to_the_slice_that_the_chosen_one_needs() -> None:
    first, second = OnGpu("first"), OnGpu("second")
    engine = FallbackEngine(first, second)
    assert engine.gpu_need == first.gpu_need
    engine.keep_to(Grant(5, 10))
    assert (first.granted, second.granted) == (Grant(5, 10), Grant(5, 10))


def test_a_chosen_engine_that_wants_no_gpu_is_not_given_one() -> None:
    second = OnGpu("second")
    engine = FallbackEngine(Engine("first"), second)
    assert engine.gpu_need is None
    engine.keep_to(Grant(5, 10))
    assert second.granted == Grant(5, 10)
