"""What may be said of where others are."""

import pytest

from chassis.addresses import check_addresses, split_port


@pytest.mark.parametrize(
    "value",
    [
        "stt:50051",
        "a:1, [fd00::1]:2",
        "dns:///stt:50051",
        "dns:///stt:1,b:2",
        "dns:///stt:1,stt:2",
        "dns:///stt_service.parley.svc.cluster.local.:50051",
        "dns:///[::1]:50051",
        f"dns:///{'a' * 63}.b:1",
        "dns:///größe.example:1",
    ],
)
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
        "dns:///stt..svc:50051",
        "stt..svc:50051",
        "dns:///.:5",
        f"dns:///{'a' * 64}:1",
        "dns:///::1:50051",
        "[::1:50051",
        "[stt]:50051",
    ],
)
def test_anything_else_is_refused_in_words(value: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        check_addresses(value)


@pytest.mark.parametrize(
    "value", ["stt:1,dns:///stt:1", "dns:///stt:1, a:1, STT.:1", "[::1]:5,dns:///[0::1]:5"]
)
def test_a_place_given_both_ways_would_be_counted_twice(value: str) -> None:
    with pytest.raises(ValueError, match=r"twice; leave one of them out"):
        check_addresses(value)


def test_an_address_in_brackets_is_given_back_without_them() -> None:
    assert split_port("[fd00::1]:2") == ("fd00::1", 2)


def test_what_is_wrong_with_a_name_is_said() -> None:
    with pytest.raises(ValueError, match=r"'stt\.\.svc:1' is not host:port: each part .* 63 .* empty"):
        check_addresses("dns:///stt..svc:1")
