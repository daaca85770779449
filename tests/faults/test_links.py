"""A replica that is not there: the gateway goes on asking for it, quietly."""

import time
from pathlib import Path

from cli.cluster_files import free_ports
from tests.limits.own_gateway import own_gateway, status_of
from tests.support.cluster import Cluster

AWAY_S = 4.0


def test_a_replica_that_is_not_there_is_neither_called_up_nor_written_about_without_end(
    victim: Cluster, tmp_path: Path
) -> None:
    (nobody,) = free_ports(1)
    addresses = f"{victim.layout['grpc']['llm']},127.0.0.1:{nobody}"
    with own_gateway(victim, tmp_path, {"LLM_ADDRESSES": addresses}) as gateway:
        time.sleep(AWAY_S)
        about = [line for line in gateway.log().splitlines() if f":{nobody}" in line]
        assert not [line for line in about if "link up" in line], about[:3]
        assert len(about) <= 4, about[:6]
        assert status_of(f"{gateway.url}/ready") == 200


def test_services_are_found_by_a_name_that_stands_for_all_of_their_replicas(
    victim: Cluster, tmp_path: Path
) -> None:
    """On most machines the name has a second address here, at which nobody answers: that harms nothing."""
    ports = {name: address.rpartition(":")[2] for name, address in victim.layout["grpc"].items()}
    addresses = {f"{name.upper()}_ADDRESSES": f"dns:///localhost:{port}" for name, port in ports.items()}
    with own_gateway(victim, tmp_path, addresses) as gateway:
        assert status_of(f"{gateway.url}/ready") == 200
        assert "replica found" in gateway.log()
