"""What every service's engine has in common, whatever its verb."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from engine_room.gpu_slice import GpuNeed, Grant


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine is, for status pages and admission. `slots` streams can run at once.

    `sample_rate`: Hz of the audio that it takes or makes; 0: none. `languages`: two-letter tags, or "any".
    `voices`: ids, the default first. `device`: cpu, cuda, cuda:1 … `abilities`: what a request may ask for
    besides the obvious, by name. `fallback`: why this engine stands in for the chosen one; empty: it is the
    chosen one.
    """

    name: str
    model: str
    slots: int
    languages: tuple[str, ...] = ("en",)
    voices: tuple[str, ...] = ()
    sample_rate: int = 0
    device: str = "cpu"
    abilities: tuple[str, ...] = ()
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A model chosen at run time: its name for people, and settings that stand in for the service's own.

    `settings`: by variable, such as LLM_GPU_MEMORY_UTILIZATION, as text. An empty name: none was chosen yet.
    """

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """An engine can be loaded and unloaded at run time; its streams exist only in between."""

    @property
    def info(self) -> EngineInfo: ...

    async def load(self) -> None:
        """Load and warm the model: after it no stream waits for what is made on first use. Raises Fault."""
        ...

    async def unload(self) -> None:
        """Give the memory back. Called only when no stream is open; safe to call twice."""
        ...


@runtime_checkable
class Mortal(Protocol):
    """An engine that can die while it is loaded, such as one with processes of its own."""

    @property
    def healthy(self) -> bool:
        """False once it has died; `load` brings it back."""
        ...


@runtime_checkable
class Caching(Protocol):
    """An engine that keeps things only to be quicker."""

    async def clear_cache(self) -> None:
        """Give back what it cached; streams under way are not disturbed."""
        ...


@runtime_checkable
class Progressing(Protocol):
    """An engine that takes so long to load that people want to know how far it is."""

    @property
    def progress(self) -> str:
        """What `load` is doing now, in a few words."""
        ...


@runtime_checkable
class GpuBound(Protocol):
    """An engine that puts its model on a GPU where the machine has one."""

    @property
    def gpu_need(self) -> GpuNeed | None:
        """What it takes where GPU_SLICE says nothing; None: this model goes on no GPU."""
        ...

    def keep_to(self, grant: Grant) -> None:
        """Hold no more than this. Called before each `load` on a machine with a GPU, which is then cuda:0.

        Raises NotReady, saying what would fit, where the model does not.
        """
        ...
