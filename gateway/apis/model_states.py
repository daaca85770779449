"""What a service's model is doing, in the word that clients are told."""

from protos.parley.v1 import control_pb2

STATES = {
    control_pb2.MODEL_STATE_UNLOADED: "unloaded",
    control_pb2.MODEL_STATE_LOADING: "loading",
    control_pb2.MODEL_STATE_READY: "loaded",
    control_pb2.MODEL_STATE_FAILED: "failed",
    control_pb2.MODEL_STATE_DRAINING: "draining",
}


def state(status: control_pb2.ModelStatus | None) -> str:
    """`loaded`, `loading`, …; `unavailable` without a status, `unknown` for a state newer than this."""
    return "unavailable" if status is None else STATES.get(status.state, "unknown")
