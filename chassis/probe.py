"""Asks a process whether it is well, for container health checks: `python -m chassis.probe TARGET`.

TARGET is HOST:PORT of a gRPC service or the http:// address of a health page. Exit status 0: it serves; 1: it
does not, or nobody answers; 2: the target makes no sense. Never a traceback.

A service whose model is being loaded is neither: the probe waits with it, for as long as whoever runs the
probe lets it. So a model that loads for a quarter of an hour is no failure, and one that could not be loaded
is told at once, with the reason.
"""

import sys
import time
from collections.abc import Sequence
from urllib.error import HTTPError

from chassis.proxies import opener_for
from chassis.streams import print_in_any_locale

TIMEOUT_S = 2.0
LOOK_S = 0.5
LONGEST_LOAD_S = 3600.0
USAGE = "usage: python -m chassis.probe HOST:PORT | http://HOST:PORT/PATH"


def main(arguments: Sequence[str] | None = None) -> int:
    print_in_any_locale()
    targets = sys.argv[1:] if arguments is None else list(arguments)
    if len(targets) != 1:
        print(USAGE, file=sys.stderr)
        return 2
    target = targets[0]
    if target.startswith("http://"):
        problem = ask_http(target)
    elif is_address(target):
        problem = wait_grpc(target)
    else:
        print(USAGE, file=sys.stderr)
        return 2
    if problem:
        print(f"{target}: {problem}", file=sys.stderr)
    return 1 if problem else 0


def is_address(target: str) -> bool:
    host, _, port = target.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536


def wait_grpc(address: str) -> str:
    """ "" when the whole server is SERVING; else, once its model no longer loads, what is wrong."""
    until = time.monotonic() + LONGEST_LOAD_S
    while problem := ask_grpc(address):
        state, detail = ask_model(address)
        if state != "loading" or time.monotonic() > until:
            return f"{problem}: {state}{f': {detail}' if detail else ''}" if state else problem
        time.sleep(LOOK_S)
    return ""


def ask_grpc(address: str) -> str:
    """ "" when the whole server is SERVING, else what it said."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S
            )
        except grpc.RpcError as error:
            return str(error.code().name)
    name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return "" if answer.status == health_pb2.HealthCheckResponse.SERVING else name


def ask_model(address: str) -> tuple[str, str]:
    """The state of a service's model (loading, failed, …) and what is said of it; empty: nothing is."""
    import grpc

    from protos.parley.v1 import control_pb2, control_pb2_grpc

    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            status = control_pb2_grpc.ModelControlStub(channel).Status(
                control_pb2.StatusRequest(), timeout=TIMEOUT_S
            )
        except grpc.RpcError:
            return "", ""
    return control_pb2.ModelState.Name(status.state).removeprefix("MODEL_STATE_").lower(), status.detail


def ask_http(url: str) -> str:
    """ "" when the page answers 200, else what went wrong."""
    try:
        with opener_for(url).open(url, timeout=TIMEOUT_S) as answer:
            return "" if answer.status == 200 else f"status {answer.status}"
    except HTTPError as error:
        with error:
            return f"status {error.code}"
    except (OSError, ValueError) as error:
        return f"nobody answers ({type(getattr(error, 'reason', error)).__name__})"


if __name__ == "__main__":
    sys.exit(main())
