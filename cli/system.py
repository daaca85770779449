"""`parley system`: what a cluster is doing, and giving back what it keeps only to be quicker."""

import argparse
from typing import Any

from cli.gateway_client import gateway_of
from cli.where import add_options


def add_arguments(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(required=True, metavar="ACTION")
    for name, run, words in (
        ("status", show_status, "services, models, slots, memory"),
        ("clear-cache", clear_cache, "give back cached prefixes and freed memory"),
    ):
        action = actions.add_parser(name, help=words)
        add_options(action)
        action.set_defaults(run=run)


def show_status(options: argparse.Namespace) -> int:
    data = gateway_of(options).ask("GET", "/system/status")["data"]
    for name, service in data["services"].items():
        replicas = service["replicas"]
        for line in _describe(name, service, "" if len(replicas) < 2 else f"{len(replicas)} replicas: "):
            print(line)
        for replica in replicas if len(replicas) > 1 else ():
            for line in _describe("", replica, f"{replica['address']} "):
                print(line)
    redis = "up" if data["redis"] else "away: transcripts wait"
    print(f"{data['sessions']} sessions; redis {redis}{'; draining' if data['draining'] else ''}")
    return 0


def _describe(name: str, service: dict[str, Any], head: str) -> list[str]:
    if service["state"] == "unavailable":
        return [f"{name:<9} {head}unavailable"]
    model = f"{service['engine']} {service['name'] or service['model']}".strip()
    slots = f"{service['slots_free']} of {service['slots_total']} slots free"
    lines = [f"{name:<9} {head}{service['state']:<9} {model}, {slots}, {service['memory_mb']:.0f} MB"]
    return lines + [f"{'':<9} {words}" for words in (service["detail"], service["fallback"]) if words]


def clear_cache(options: argparse.Namespace) -> int:
    """Exit status 1 when a service could not."""
    data = gateway_of(options).ask("POST", "/system/cache/clear", {}, timeout_s=180)["data"]
    for name, service in data.items():
        if service["problem"]:
            print(f"{name:<9} {service['problem']}")
        else:
            print(f"{name:<9} {service['memory_mb_before']:.0f} MB before, {service['memory_mb']:.0f} MB now")
    return int(any(service["problem"] for service in data.values()))
