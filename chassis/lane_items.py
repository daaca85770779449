"""What travels on lanes: items of generated types, each small enough for one message."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from chassis.faults import InvalidArgument
from chassis.grpc_options import MAX_MESSAGE_BYTES
from protos.parley.v1 import common_pb2 as pb

MESSAGE_BYTES = MAX_MESSAGE_BYTES // 2
"""A message is closed when it holds this much."""

EARLY_ITEMS = 4
"""Who opens a lane may send so many before it is granted any: what a question is made of goes with the
opening, a round trip earlier.
"""


class LaneItem(Protocol):
    """A generated item message: a lane number and a body that may be control."""

    lane: int

    @property
    def control(self) -> pb.LaneControl: ...
    def HasField(self, field_name: Any) -> bool: ...
    def ByteSize(self) -> int: ...
    def CopyFrom(self, other: Any) -> None: ...


Out = TypeVar("Out", bound=LaneItem)
In = TypeVar("In", bound=LaneItem)


@dataclass(frozen=True, slots=True)
class Wire(Generic[Out]):
    """How this end writes: the message type around the items, and the item type."""

    batch: Callable[..., Any]
    item: Callable[..., Out]
    queue_items: int = 256
    """Most items that may wait for credit on one lane before it overflows."""


def checked_size(item: LaneItem) -> int:
    """Its bytes. Raises InvalidArgument for an item that no message can carry."""
    if (size := item.ByteSize()) > MESSAGE_BYTES:
        raise InvalidArgument(f"one item may have {MESSAGE_BYTES} bytes at most, this has {size}")
    return size
