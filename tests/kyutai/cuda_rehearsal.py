"""CUDA rehearsed on the CPU: an engine's real `load()` meets torch's CUDA, as strict as it is on a card.

torch's own Python code runs, and with it its checks (an index, a float); what it calls below is played.
Tensors live on the CPU and say that they are on the card. Graphs are "recorded" and replayed: their results
are overwritten by the next replay, and other shapes are refused.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import torch
import torch._dynamo  # at its first use it would be imported in the middle of the play

from tests.kyutai.cuda_tensors import CudaTensors, put_on_card_of

TOO_OLD = (
    "The NVIDIA driver on your system is too old (found version 12040). Please update your GPU driver by "
    "downloading and installing a new version."
)


class Rehearsal:
    """What was asked of the card. `shares`: by card, what torch may take of it. `graphs`: recorded so far."""

    def __init__(self, cards: int) -> None:
        self.shares: dict[int, float] = {}
        self.devices: list[int] = []
        self.graphs = 0
        self.tensors = CudaTensors(cards)
        self._cards = cards

    def begin(self) -> None:
        if not self._cards:
            raise RuntimeError(TOO_OLD)

    def count(self) -> int:
        return self._cards

    def set_device(self, card: int) -> None:
        self.tensors.choose(card)
        self.devices.append(card)

    def current(self) -> int:
        return self.tensors.current

    def set_share(self, share: float, card: int) -> None:
        if not 0 <= card < self._cards:
            raise torch.AcceleratorError("CUDA error: invalid device ordinal")
        self.shares[card] = share


@contextmanager
def rehearse_cuda(cards: int = 1) -> Iterator[Rehearsal]:
    """torch has CUDA 13.0 and so many cards; 0: the driver is too old for it."""
    played = Rehearsal(cards)
    below = {
        "_cuda_getDeviceCount": played.count,
        "_cuda_setDevice": played.set_device,
        "_cuda_getDevice": played.current,
        "_cuda_setMemoryFraction": played.set_share,
        "_cuda_emptyCache": lambda: None,
    }
    with ExitStack() as stack:
        for name, function in below.items():
            stack.enter_context(patch.object(torch._C, name, function, create=True))
        for module in (torch.cuda, torch.cuda.memory):
            stack.enter_context(patch.object(module, "_lazy_init", played.begin))
        stack.enter_context(patch.object(torch.version, "cuda", "13.0"))
        stack.enter_context(patch.object(torch.cuda, "_cached_device_count", None))
        stack.enter_context(patch.object(torch.cuda, "synchronize", lambda _=None: None))
        stack.enter_context(
            patch.object(torch.nn.Parameter, "__new__", _parameter(torch.nn.Parameter.__new__))
        )
        stack.enter_context(
            patch.object(threading.Thread, "run", _running(played.tensors, threading.Thread.run))
        )
        if find_spec("moshi") is not None:
            _play_graphs(stack, played)
        stack.enter_context(played.tensors)
        yield played


def _running(tensors: CudaTensors, run: Callable[..., None]) -> Callable[..., None]:
    """What is played holds for one thread: those that begin meanwhile play along."""

    def run_in_rehearsal(thread: threading.Thread) -> None:
        with tensors:
            run(thread)

    return run_in_rehearsal


def _parameter(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(cls: Any, data: Any = None, requires_grad: bool = True) -> Any:
        parameter = make(cls, data, requires_grad)
        if data is not None:
            put_on_card_of(parameter, data)
        return parameter

    return made


def _play_graphs(stack: ExitStack, played: Rehearsal) -> None:
    """moshi's graphs; nothing is compiled, for that would look for a real card."""
    from moshi.utils import compile as graphs

    stack.enter_context(graphs.no_compile())
    stack.enter_context(patch.object(graphs.CUDAGraphed, "__call__", _graphed(played)))


def _graphed(played: Rehearsal) -> Callable[..., Any]:
    def call(self: Any, *args: Any) -> Any:
        from moshi.utils import compile as graphs

        if self.disable or graphs.in_cuda_graph() or self.warmup_steps > 0:
            self.warmup_steps -= 0 if self.disable or graphs.in_cuda_graph() else 1
            return self.func(*args)
        if self._args is None:
            played.graphs += 1
            self._args = tuple(arg.clone() if isinstance(arg, torch.Tensor) else arg for arg in args)
        for target, source in zip(self._args, args, strict=True):
            if not isinstance(target, torch.Tensor):
                assert source is target or source == target, "a graph is replayed with the value it had"
            elif source.shape != target.shape or source.dtype != target.dtype:
                raise ValueError(f"a graph of {target.shape} was called with {source.shape}")
            else:
                target.copy_(source)
        played.tensors.recording = True
        try:
            with graphs._set_in_cuda_graph():
                result = self.func(*self._args)
        finally:
            played.tensors.recording = False
        return _keep(self, result)

    return call


def _keep(graph: Any, result: Any) -> Any:
    """The same memory at each replay."""
    if graph._output is None or not isinstance(result, (torch.Tensor, tuple)):
        graph._output = result
        return result
    kept = [graph._output] if isinstance(result, torch.Tensor) else graph._output
    for old, new in zip(kept, [result] if isinstance(result, torch.Tensor) else result, strict=True):
        if isinstance(new, torch.Tensor):
            old.copy_(new)
    return graph._output
