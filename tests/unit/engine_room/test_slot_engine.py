"""An engine with slots lets go of its model wholly: its memory on a GPU is others' once it is unloaded."""

import gc
import weakref
from collections.abc import Callable

import pytest

from chassis.faults import NotReady
from engine_room import slot_engine
from engine_room.slot_engine import Post, SlotEngine


class Model:
    device = "cuda:0"

    def __init__(self, warms: bool) -> None:
        self._warms = warms

    def warm(self) -> None:
        if not self._warms:
            raise RuntimeError("CUDA out of memory")

    def step(self) -> float | None:
        return None


class Sample(SlotEngine[Model]):
    engine, service = "sample", "stt"
    made: "weakref.ref[Model] | None" = None

    def __init__(self, warms: bool = True) -> None:
        super().__init__("/", 2, "cuda", "auto")
        self._warms = warms

    def _read(self) -> Model:
        return Model(self._warms)

    def _take_up(
        self,
        read: Model,
        post: Callable[[Post], Post],  # noqa: ARG002
    ) -> tuple[Model, Callable[[], float | None]]:
        self.made = weakref.ref(read)
        return read, read.step

    def _forget(self) -> None:
        pass

    def _fail(self) -> None:
        pass

    @property
    def is_gone(self) -> bool:
        return self.made is not None and self.made() is None


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[Sample]:
    """Engines to watch, taken off the list as the GPU's cache is emptied after the end of their models."""
    watched: list[Sample] = []

    def give_back() -> None:
        gc.collect()
        watched[:] = [engine for engine in watched if not engine.is_gone]

    monkeypatch.setattr(slot_engine, "give_back_gpu", give_back)
    return watched


def test_where_it_is_too_much_there_are_fewer_slots_to_be() -> None:
    need = Sample().gpu_need
    assert need is not None
    assert need.lower == "STT_SLOTS"


async def test_unloaded_its_memory_is_given_back(given_back: list[Sample]) -> None:
    engine = Sample()
    given_back.append(engine)
    await engine.load()
    assert engine.healthy
    await engine.unload()
    assert not given_back


async def test_what_a_failed_load_held_is_given_back_by_an_unload(given_back: list[Sample]) -> None:
    """As whoever stands in needs it: the failure itself held the model until it was let go."""
    engine = Sample(warms=False)
    given_back.append(engine)
    with pytest.raises(NotReady, match=r"sample cannot load '/': .*memory"):
        await engine.load()
    await engine.unload()
    assert not given_back
