"""Who is to blame when something fails, and how each wire says so.

    Fault
    ├── ClientFault         the caller's doing; never logged above INFO
    │   ├── InvalidArgument     a value is wrong; says which and how to put it right
    │   ├── Unsupported         understood, but this engine or service cannot do it
    │   └── Overflow            more than the agreed bound was sent
    ├── BackendFault        another process's doing; worth a retry
    │   ├── Unavailable         nobody answers
    │   ├── NoSlot              all places are taken
    │   ├── TooSlow             a deadline passed
    │   └── NotReady            the model is not loaded
    └── InternalFault       ours; logged with its trace

A fault's message is for a person: what was wrong and how to put it right.
"""

from typing import ClassVar

from protos.parley.v1 import common_pb2


class Fault(Exception):
    """A failure with somebody to blame. `str(fault)` may be shown to anyone."""

    code: ClassVar["common_pb2.FaultCode.ValueType"] = common_pb2.FAULT_CODE_INTERNAL
    retryable: ClassVar[bool] = False


class ClientFault(Fault):
    code = common_pb2.FAULT_CODE_INVALID_ARGUMENT


class InvalidArgument(ClientFault):
    pass


class Unsupported(ClientFault):
    code = common_pb2.FAULT_CODE_UNIMPLEMENTED


class Overflow(ClientFault):
    code = common_pb2.FAULT_CODE_ABORTED


class BackendFault(Fault):
    code = common_pb2.FAULT_CODE_UNAVAILABLE
    retryable = True


class Unavailable(BackendFault):
    pass


class NoSlot(BackendFault):
    code = common_pb2.FAULT_CODE_RESOURCE_EXHAUSTED


class TooSlow(BackendFault):
    code = common_pb2.FAULT_CODE_DEADLINE_EXCEEDED


class NotReady(BackendFault):
    code = common_pb2.FAULT_CODE_FAILED_PRECONDITION


class InternalFault(Fault):
    pass


_BY_CODE: dict[int, type[Fault]] = {
    kind.code: kind
    for kind in (
        InvalidArgument,
        Unsupported,
        Overflow,
        Unavailable,
        NoSlot,
        TooSlow,
        NotReady,
        InternalFault,
    )
}


def from_wire(fault: common_pb2.Fault) -> Fault:
    """The exception that a peer's fault stands for; an unknown code is InternalFault."""
    return _BY_CODE.get(fault.code, InternalFault)(fault.message)


def to_wire(error: BaseException) -> common_pb2.Fault:
    """What to tell a peer. A foreign exception becomes INTERNAL without its text, which may hold secrets."""
    if isinstance(error, Fault):
        return common_pb2.Fault(code=error.code, message=str(error))
    return common_pb2.Fault(
        code=common_pb2.FAULT_CODE_INTERNAL, message="internal error; see the service's log"
    )
