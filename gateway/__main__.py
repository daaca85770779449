"""Start the gateway: `python -m gateway`."""

from chassis.process import run_process
from gateway.app import serve
from gateway.settings import GatewaySettings


def main() -> None:
    run_process("gateway", GatewaySettings, serve)


if __name__ == "__main__":
    main()
