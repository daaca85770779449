"""What may be said of where others are."""

import pytest

from chassis.addresses import check_addresses


@pytest.mark.parametrize("value", ["stt:50051", "a:1, [fd00::1]:2", "dns:///stt:50051", "dns:///stt:1,b:2"])
def test_hosts_with_ports_and_names_that_stand_for_several(value: str) -> None:
    assert check_addresses(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "stt",
        "stt:",
        ":1",
        "stt:0",
        "stt:65536",
        "http://stt:80",
        "dns:///",
        "dns:///stt",
        "dns://8.8.8.8/stt:1",
    ],
)
def test_anything_else_is_refused_in_words(value: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        check_addresses(value)
