"""The loaded language model as agents see it, read from its service's status."""

from gateway.conversation.fitness import Mind
from protos.parley.v1 import control_pb2


def loaded_mind(status: control_pb2.ModelStatus | None) -> Mind | None:
    """None where nobody answers or nothing is loaded: then there is nothing to judge by."""
    if status is None or status.state != control_pb2.MODEL_STATE_READY:
        return None
    name = f"{status.engine} ({status.model})" if status.model else status.engine
    return Mind(name, tuple(status.languages), frozenset(status.abilities))
