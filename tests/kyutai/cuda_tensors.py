"""Tensors that live on the CPU and say that they are on a card, as strictly as those that are.

Each remembers where it was put. What CUDA refuses is refused: a card that is not there, one operation on two
devices, a look at results while a graph is recorded.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_MOVES = {
    "to",
    "cpu",
    "cuda",
    "copy_",
    "set_",
    "__setitem__",
    "__getitem__",
    "pin_memory",
    "_has_compatible_shallow_copy_type",
}
"""These may see two devices at once."""
_LOOKS = {"tolist", "item", "numpy", "cpu", "__bool__", "__int__", "__float__", "__index__", "nonzero"}
"""These wait for the card."""


class CudaTensors(TorchFunctionMode):  # type: ignore[misc]  # the library is untyped here
    """While it is entered, on a thread, devices are played. `cards`: how many there are."""

    def __init__(self, cards: int) -> None:
        super().__init__()
        self._cards = cards
        self._threads = threading.local()

    @property
    def current(self) -> int:
        """The card that this thread has chosen."""
        return getattr(self._threads, "current", 0)

    def choose(self, card: int) -> None:
        if not 0 <= card < self._cards:
            raise torch.AcceleratorError(f"CUDA error: invalid device ordinal ({card} of {self._cards})")
        self._threads.current = card

    @property
    def recording(self) -> bool:
        """Whether this thread records a graph now."""
        return getattr(self._threads, "recording", False)

    @recording.setter
    def recording(self, is_it: bool) -> None:
        self._threads.recording = is_it

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if func is torch.device or name == "_parse_to":  # these only read what is meant
            return func(*args, **(kwargs or {}))
        owner = getattr(func, "__self__", None)
        tensors = list(_tensors([*args, *(kwargs or {}).values()]))
        if name == "__get__" and owner is Tensor.device and _card(tensors[0]) is not None:
            return torch.device("cuda", _card(tensors[0]))
        if name == "__get__" and owner is Tensor.is_cuda:
            return _card(tensors[0]) is not None
        if name == "__set__" and owner is Tensor.data:
            args[0]._card = _card(args[1])
            return func(*args)
        self._check(name, tensors)
        return self._call(func, name, tensors, args, dict(kwargs or {}))

    def _check(self, name: str, tensors: Sequence[Tensor]) -> None:
        cards = {_card(tensor) for tensor in tensors if tensor.dim() and tensor.device.type != "meta"}
        if len(cards) > 1 and name not in _MOVES:
            raise RuntimeError(f"Expected all tensors to be on the same device, but {name} got {cards}")
        on_card = any(_card(tensor) is not None for tensor in tensors)
        if name == "numpy" and on_card:
            raise TypeError("can't convert cuda device type tensor to numpy: use Tensor.cpu() first")
        if self.recording and (name in _LOOKS) and on_card:
            raise torch.AcceleratorError(f"CUDA error: {name} is not permitted when stream is capturing")

    def _call(
        self, func: Any, name: str, tensors: Sequence[Tensor], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        named = [value for value in [*args, *kwargs.values()] if _is_device(value)]
        args = [torch.device("cpu") if _is_cuda(value) else value for value in args]
        kwargs = {key: torch.device("cpu") if _is_cuda(value) else value for key, value in kwargs.items()}
        kwargs.pop("pin_memory", None)
        card = next((_card(tensor) for tensor in tensors if _card(tensor) is not None), None)
        if named:
            card = self._find(named[0])
        elif name == "cpu" or name.startswith("copy_") or name == "__setitem__":
            card = None if name == "cpu" else _card(tensors[0])
        result = tensors[0] if name == "pin_memory" else func(*args, **kwargs)
        if isinstance(result, Tensor) and any(result is one for one in tensors) and _card(result) != card:
            result = result.detach().clone()
        for tensor in _tensors([result]):
            tensor._card = card
        return result

    def _find(self, device: Any) -> int | None:
        """The card that a device means. Raises as CUDA does where it is not there."""
        device = torch.device(device)
        if device.type != "cuda":
            return None
        index = self.current if device.index is None else device.index
        if index >= self._cards:
            raise torch.AcceleratorError(f"CUDA error: invalid device ordinal ({device})")
        return int(index)


def put_on_card_of(made: Tensor, source: Tensor) -> None:
    """For what is made of a tensor out of the mode's sight."""
    made._card = _card(source)


def _card(tensor: Tensor) -> int | None:
    return getattr(tensor, "_card", None)


def _is_device(value: Any) -> bool:
    return isinstance(value, torch.device) or (isinstance(value, str) and value.partition(":")[0] in _KINDS)


def _is_cuda(value: Any) -> bool:
    return _is_device(value) and torch.device(value).type == "cuda"


_KINDS = {"cpu", "cuda", "meta"}


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)
