"""Asks a process whether it is well, for container health checks: `python -m chassis.probe TARGET`.

TARGET is HOST:PORT of a gRPC service (grpc.health.v1) or the http:// address of a health page. Exit
status 0: it serves; 1: it does not, or nobody answers; 2: the target makes no sense. Never a traceback.
"""

import sys
from collections.abc import Sequence

from chassis.proxies import opener_for

TIMEOUT_S = 2.0
USAGE = "usage: python -m chassis.probe HOST:PORT | http://HOST:PORT/PATH"


def main(arguments: Sequence[str] | None = None) -> int:
    targets = sys.argv[1:] if arguments is None else list(arguments)
    if len(targets) != 1:
        print(USAGE, file=sys.stderr)
        return 2
    target = targets[0]
    if target.startswith("http://"):
        problem = ask_http(target)
    elif is_address(target):
        problem = ask_grpc(target)
    else:
        print(USAGE, file=sys.stderr)
        return 2
    if problem:
        print(f"{target}: {problem}", file=sys.stderr)
    return 1 if problem else 0


def is_address(target: str) -> bool:
    host, _, port = target.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536


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


def ask_http(url: str) -> str:
    """ "" when the page answers 200, else what went wrong."""
    try:
        with opener_for(url).open(url, timeout=TIMEOUT_S) as answer:
            return "" if answer.status == 200 else f"status {answer.status}"
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
