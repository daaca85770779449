"""Bearer tokens: offered in a header or, by browsers, as a sub-protocol; compared whole."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.door.keys import KeyRing, offered_protocol, offered_token

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
