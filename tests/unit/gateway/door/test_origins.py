"""Which web pages may connect: those of listed origins, and our own page under a name nobody can rebind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.door.origins import OriginPolicy

LISTED = ("http://localhost:3000", "https://talk.example.com")
POLICY = OriginPolicy(LISTED, ["Voice.Example.org"])
OURS = "127.0.0.1:8000"

ALLOWED = [
    # (origin, host, why)
    (None, OURS, "no browser, so no page lured it"),
    (None, "anything at all", "no browser"),
    ("http://localhost:3000", OURS, "listed"),
    ("https://talk.example.com", "gateway.internal", "listed, whatever our name"),
    ("http://127.0.0.1:8000", "127.0.0.1:8000", "our page by its address"),
    ("https://127.0.0.1:8000", "127.0.0.1:8000", "behind TLS"),
    ("http://localhost:8000", "localhost:8000", "our page on this machine"),
    ("http://LOCALHOST:8000", "localhost:8000", "names have no case"),
    ("http://localhost:8000", "LOCALHOST:8000", "names have no case"),
    ("http://localhost", "localhost", "port 80"),
    ("http://[::1]:8000", "[::1]:8000", "our page by its IPv6 address"),
    ("http://192.168.1.20:8000", "192.168.1.20:8000", "an address cannot be rebound"),
    ("http://[2001:db8::7]", "[2001:db8::7]", "an IPv6 address cannot be rebound"),
    ("https://voice.example.org", "voice.example.org", "a listed host"),
    ("http://voice.example.org:8000", "voice.example.org:8000", "a listed host on a port"),
    ("http://VOICE.example.ORG", "voice.example.org", "a listed host has no case"),
]

REFUSED = [
    ("null", OURS, "a sandboxed frame or a file"),
    ("", OURS, "empty"),
    ("*", OURS, "no wildcard"),
    ("https://good.evil", OURS, "a stranger"),
    ("https://talk.example.com.evil.net", OURS, "our name as a prefix"),
    ("https://eviltalk.example.com", OURS, "our name as a suffix"),
    ("https://evil.net/https://talk.example.com", OURS, "our name in the path"),
    ("https://talk.example.com@evil.net", OURS, "our name as a user"),
    ("https://talk.example.com:443", OURS, "a port that was not listed"),
    ("https://talk.example.com:8443", OURS, "another port"),
    ("https://talk.example.com/", OURS, "not exact"),
    ("https://TALK.example.com", OURS, "listed origins are exact; browsers send lower case"),
    ("http://talk.example.com", OURS, "another scheme than listed"),
    ("https://sub.talk.example.com", OURS, "a name below ours"),
    ("https://example.com", OURS, "the name above ours"),
    ("http://localhost:3001", OURS, "another port of this machine"),
    ("https://localhost:3000", OURS, "another scheme"),
    ("http://localhost.evil.net:3000", OURS, "localhost as a prefix"),
    ("http://localhost:8000", "127.0.0.1:8000", "the same machine by another name"),
    ("http://127.0.0.1:8001", "127.0.0.1:8000", "another port of the same address"),
    ("http://127.0.0.1", "127.0.0.1:8000", "without the port"),
    ("http://evil.net:8000", "evil.net:8000", "rebound: the page's name now points at us"),
    ("http://evil.net", "evil.net", "rebound on port 80"),
    ("http://rebind.localhost.evil.net", "rebind.localhost.evil.net", "rebound"),
    ("http://127.0.0.1.nip.io:8000", "127.0.0.1.nip.io:8000", "a name that spells an address"),
    ("http://2130706433:8000", "2130706433:8000", "an address as one number is a name to us"),
    ("http://0x7f.1:8000", "0x7f.1:8000", "nor in hexadecimal"),
    ("http://localhost.:8000", "localhost.:8000", "with the root's dot"),
    ("http://sub.localhost:8000", "sub.localhost:8000", "below localhost"),
    ("https://tälk.example.com", OURS, "an international name"),
    ("https://xn--tlk-qla.example.com", OURS, "the same in ASCII"),
    ("https://t\u0430lk.example.com", OURS, "a Cyrillic letter that looks like ours"),
    ("https://talk\uff0eexample\uff0ecom", OURS, "dots of full width"),
    ("http://l\u043ecalhost:8000", "l\u043ecalhost:8000", "a Cyrillic letter in localhost"),
    ("ftp://127.0.0.1:8000", "127.0.0.1:8000", "not a web page"),
    ("file://", OURS, "a file"),
    ("chrome-extension://127.0.0.1:8000", "127.0.0.1:8000", "an extension"),
    ("javascript:alert(1)", OURS, "not an address"),
    ("http://127.0.0.1:8000 http://localhost:3000", OURS, "two origins"),
    ("http://[::1", "[::1", "half an address"),
    ("http://[::1]:8000", "::1:8000", "brackets matter"),
    ("http://:8000", ":8000", "no host"),
    ("//127.0.0.1:8000", "127.0.0.1:8000", "no scheme"),
    ("127.0.0.1:8000", "127.0.0.1:8000", "only a host"),
    ("http://user@127.0.0.1:8000", "127.0.0.1:8000", "a user"),
    ("http://127.0.0.1:8000", "", "a request without a host"),
    ("https://notvoice.example.org", "notvoice.example.org", "a listed host as a suffix"),
    ("https://voice.example.org.evil.net", "voice.example.org.evil.net", "a listed host as a prefix"),
    ("https://voice.example.org", OURS, "a listed host's page may speak only to itself"),
]


@pytest.mark.parametrize(("origin", "host", "why"), ALLOWED, ids=[why for _, _, why in ALLOWED])
def test_a_page_that_may_connect(origin: str | None, host: str, why: str) -> None:
    assert POLICY.allows(origin, host), why


@pytest.mark.parametrize(("origin", "host", "why"), REFUSED, ids=[why for _, _, why in REFUSED])
def test_a_page_that_may_not(origin: str, host: str, why: str) -> None:
    assert not POLICY.allows(origin, host), why


def test_with_nothing_listed_only_our_own_page_may_connect() -> None:
    policy = OriginPolicy([], [])
    assert policy.allows("http://localhost:8000", "localhost:8000")
    assert not policy.allows("http://localhost:3000", "localhost:8000")
    assert not policy.allows("https://voice.example.org", "voice.example.org")


@given(st.text(), st.text())
def test_no_header_makes_it_fail(origin: str, host: str) -> None:
    assert POLICY.allows(origin, host) in (True, False)


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,10}){1,3}", fullmatch=True), st.integers(1, 65535))
def test_no_name_that_can_be_rebound_is_trusted(name: str, port: int) -> None:
    host = f"{name}:{port}"
    assert not OriginPolicy(LISTED, []).allows(f"http://{host}", host)
