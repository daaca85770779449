"""An address where the page cannot be is told from a port that is taken: each has its own way out."""

import socket

import pytest

from cli.up import check_port


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_a_host_that_is_not_this_machine_is_named_and_no_other_port_is_proposed(host: str) -> None:
    with pytest.raises(OSError, match=f"HOST={host} is no address of this machine") as refused:
        check_port(host, 8000)
    assert "PORT=" not in str(refused.value)


def test_a_port_that_is_taken_is_named_with_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {number} on 127.0.0.1 cannot be used .* PORT="):
            check_port("127.0.0.1", number)
