"""Bearer tokens: offered in a header or, by browsers, as a sub-protocol; compared whole."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from chassis.settings import complaints
from gateway.door.keys import KeyRing, Standing, offered_protocol, offered_token, read_keys
from gateway.settings import GatewaySettings

RING = KeyRing(["first-key", "second-key", "schlüssel"])


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer first-key"},
        {"authorization": "bearer second-key"},
        {"authorization": "BEARER   first-key  "},
        {"authorization": "Bearer schlüssel"},
        {"sec-websocket-protocol": "bearer.first-key"},
        {"sec-websocket-protocol": "parley, bearer.second-key"},
        {"sec-websocket-protocol": "bearer.second-key ,parley"},
        {"authorization": "Basic Zm9v", "sec-websocket-protocol": "bearer.first-key"},
        {"sec-websocket-protocol": "bearer64.Zmlyc3Qta2V5"},
        {"sec-websocket-protocol": "parley, bearer64.c2NobMO8c3NlbA"},
    ],
)
def test_a_key_on_the_ring_opens(headers: dict[str, str]) -> None:
    assert RING.admits(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "first-key"},
        {"authorization": "Basic first-key"},
        {"authorization": "Bearer First-key"},
        {"authorization": "Bearer first-key2"},
        {"authorization": "Bearer first-ke"},
        {"authorization": "Bearer first-key,second-key"},
        {"authorization": "Bearer first-key second-key"},
        {"authorization": "Bearer wrong", "sec-websocket-protocol": "bearer.first-key"},
        {"sec-websocket-protocol": "first-key"},
        {"sec-websocket-protocol": "Bearer.first-key"},
        {"sec-websocket-protocol": "bearer."},
        {"sec-websocket-protocol": "bearer.wrong, bearer.first-key"},
        {"sec-websocket-protocol": "bearer64."},
        {"sec-websocket-protocol": "bearer64.first-key"},
        {"sec-websocket-protocol": "bearer64.Zmlyc3Qta2V"},
        {"sec-websocket-protocol": "bearer64._w"},
        {"sec-websocket-protocol": "bearer64.Zmlyc3Qta2V5!"},
        {"x-api-key": "first-key"},
        {"cookie": "bearer=first-key"},
    ],
)
def test_anything_else_does_not(headers: dict[str, str]) -> None:
    assert not RING.admits(headers)


def test_without_keys_nobody_is_asked() -> None:
    assert KeyRing([]).admits({})
    assert KeyRing([]).admits({"authorization": "Bearer whatever"})


def test_an_empty_token_never_opens() -> None:
    assert not KeyRing(["key"]).admits({"authorization": "Bearer ", "sec-websocket-protocol": "bearer."})


@pytest.mark.parametrize(
    ("offered", "echoed"),
    [
        ("", ""),
        ("parley", ""),
        ("bearer.abc", "bearer.abc"),
        ("chat, bearer64.YWJj", "bearer64.YWJj"),
        ("parley , bearer.abc", "bearer.abc"),
        ("bearer.abc, bearer.def", "bearer.abc"),
    ],
)
def test_the_protocol_that_carries_the_token_is_the_one_to_echo(offered: str, echoed: str) -> None:
    assert offered_protocol({"sec-websocket-protocol": offered}) == echoed


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_every_key_that_can_be_set_can_be_offered_as_a_sub_protocol(key: str) -> None:
    encoded = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    assert re.fullmatch(r"[A-Za-z0-9_-]+", encoded), "a token of HTTP"
    assert KeyRing([key]).admits({"sec-websocket-protocol": f"bearer64.{encoded}"})


@given(st.text(alphabet=st.characters(max_codepoint=255)), st.text(alphabet=st.characters(max_codepoint=255)))
def test_no_header_opens_by_chance_or_makes_it_fail(authorization: str, protocol: str) -> None:
    headers = {"authorization": authorization, "sec-websocket-protocol": protocol}
    ring = KeyRing(["a-key-that-is-never-guessed"])
    assert ring.admits(headers) == (offered_token(headers) == "a-key-that-is-never-guessed")


# ---------------------------------------------------------------------- keys as they are given


@pytest.mark.parametrize(
    ("given", "keys"),
    [("", ()), ("first-key", ("first-key",)), (" first-key , second-key,", ("first-key", "second-key"))],
)
def test_keys_are_separated_by_commas(given: str, keys: tuple[str, ...]) -> None:
    assert read_keys(given) == keys


@pytest.mark.parametrize(
    "given",
    [
        *(
            ",",
            " ",
            " ,",
            "\t",
            "secret1",
            "secret-key,sec",
            "secret key",
            "secret\u00a0key",
            "schlüssel-secret",
        ),
        *("secret-key\r", "secret-key\n", "secret-key\x00", "secret\tkey-1", "secret-key\x7f"),
    ],
)
def test_a_list_of_keys_that_nobody_can_mean_is_refused_without_showing_it(given: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        read_keys(given)
    assert "sec" not in str(refused.value)


def test_a_key_for_visitors_and_for_the_operator_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="API_KEYS and in ADMIN_KEYS") as refused:
        GatewaySettings(api_keys=SecretStr("first-key,second-key"), admin_keys=SecretStr("second-key"))
    assert "second-key" not in "".join(complaints(GatewaySettings, refused.value))


# ---------------------------------------------------------------------- visitors and the operator


@pytest.mark.parametrize(
    ("keys", "admin_keys", "private", "token", "standing"),
    [
        ((), (), True, "", Standing.OPERATOR),
        ((), (), False, "", Standing.NOBODY_IS_ASKED_HERE),
        (("visitor-1",), (), True, "visitor-1", Standing.NOBODY_IS_ASKED_HERE),
        (("visitor-1",), (), False, "visitor-1", Standing.NOBODY_IS_ASKED_HERE),
        (("visitor-1",), ("admin-1",), True, "visitor-1", Standing.VISITOR),
        (("visitor-1",), ("admin-1",), False, "admin-1", Standing.OPERATOR),
        (("visitor-1",), ("admin-1",), False, "other-1", Standing.STRANGER),
        ((), ("admin-1",), True, "", Standing.STRANGER),
        ((), ("admin-1",), True, "admin-1", Standing.OPERATOR),
    ],
)
def test_who_is_the_operator(
    keys: tuple[str, ...], admin_keys: tuple[str, ...], private: bool, token: str, standing: Standing
) -> None:
    ring = KeyRing(keys, admin_keys, private)
    assert ring.standing({"authorization": f"Bearer {token}"}) is standing


def test_an_admin_key_opens_what_a_visitors_does() -> None:
    ring = KeyRing(["visitor-1"], ["admin-1"])
    assert ring.admits({"sec-websocket-protocol": "bearer.admin-1"})
    assert not ring.admits({"sec-websocket-protocol": "bearer.admin-2"})
