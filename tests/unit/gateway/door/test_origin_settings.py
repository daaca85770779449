"""Origins and host names as an operator gives them: what can match no page stops the start, in words."""

import pytest

from chassis.settings import read_settings
from gateway.door.origins import OriginPolicy, read_hosts, read_origins
from gateway.settings import GatewaySettings


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://app.example.com", "https://app.example.com"),
        (" https://a.example ,http://b.example:8080,", "https://a.example,http://b.example:8080"),
        ("https://app.example.com/", "https://app.example.com"),
        ("https://APP.Example.com", "https://app.example.com"),
        ("HTTPS://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80/", "http://app.example.com"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefghij", "chrome-extension://abcdefghij"),
        ("capacitor://localhost", "capacitor://localhost"),
        (",", ""),
    ],
)
def test_an_origin_that_can_mean_but_one_thing_is_put_right(given: str, read: str) -> None:
    assert read_origins(given) == read
    policy = OriginPolicy(read.split(","), ())
    assert all(policy.allows(origin, "elsewhere") for origin in read.split(","))


NEVER = (
    *(
        "*",
        "https://*",
        "https://*.example.com",
        "null",
        "app.example.com",
        "localhost:3000",
        "//app.example",
    ),
    *("https://app.example.com/page", "https://app.example.com?x=1", "https://app.example.com#x"),
    *("https://user@app.example.com", "https://", "https:///x", "http://app.example.com:x", "http://[::1"),
    *("https://a.example https://b.example", "https://a.example;https://b.example", "https://a..example"),
)


@pytest.mark.parametrize("given", NEVER)
def test_an_origin_that_can_never_match_stops_the_start_and_is_named(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", f"https://good.example,{given}")
    with pytest.raises(SystemExit):
        read_settings(GatewaySettings)
    said = capsys.readouterr().err
    assert said.startswith("CORS_ORIGINS=")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("voice.example.com", "voice.example.com"),
        ("Voice.Example.com., b.example:8443", "voice.example.com,b.example"),
        ("my_host", "my_host"),
        ("[::1]", "::1"),
    ],
)
def test_a_host_name_is_read_as_a_pages_address_has_it(given: str, read: str) -> None:
    assert read_hosts(given) == read


@pytest.mark.parametrize(
    "given",
    ["*", "*.example.com", "https://a.example", "a.example/x", "a b", "user@a.example", "a.example:x"],
)
def test_a_host_name_that_can_never_match_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="'"):
        read_hosts(given)
