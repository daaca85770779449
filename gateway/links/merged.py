"""One status of a service with several replicas: what all of them have and hold, as one of them says it."""

from collections.abc import Sequence

from protos.parley.v1 import control_pb2

Statuses = Sequence[control_pb2.ModelStatus | None]
SUMMED = ("slots_total", "slots_free", "memory_bytes", "slice_bytes", "gpu_bytes")


def merged(statuses: Statuses) -> control_pb2.ModelStatus | None:
    """That of a ready replica, else of any that answers, with sums over those that answer; None: nobody."""
    answered = [status for status in statuses if status is not None]
    if not answered:
        return None
    ready = [status for status in answered if status.state == control_pb2.MODEL_STATE_READY]
    whole = control_pb2.ModelStatus()
    whole.CopyFrom((ready or answered)[0])
    for name in SUMMED:
        setattr(whole, name, sum(getattr(status, name) for status in answered))
    return whole
