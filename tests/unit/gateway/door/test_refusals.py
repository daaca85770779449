"""Refusals are in the log with their reason, and nobody can fill it with them."""

from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.door.refusals import BURST, Refusals


def visitor(**headers: str) -> Any:
    url = SimpleNamespace(path="/v1/conversation", query="api_key=canary-key")
    return SimpleNamespace(url=url, headers=headers, client=SimpleNamespace(host="10.0.0.1"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_refusal_says_who_asked_for_what_and_why_not_but_never_a_key() -> None:
    asked = visitor(origin="https://x.example", host="voice.example", authorization="Bearer canary-key")
    with capture_logs() as lines:
        Refusals(Clock()).note("origin", asked, "add it to CORS_ORIGINS")
    (line,) = lines
    assert (line["event"], line["log_level"], line["reason"]) == ("refused", "info", "origin")
    assert (line["peer"], line["path"]) == ("10.0.0.1", "/v1/conversation")
    assert (line["origin"], line["host"]) == ("https://x.example", "voice.example")
    assert line["words"] == "add it to CORS_ORIGINS"
    assert "canary" not in str(line)


def test_a_flood_of_one_reason_is_bounded_counted_and_hides_no_other() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    with capture_logs() as lines:
        for _ in range(1000):
            refusals.note("key", visitor(), "no")
        refusals.note("origin", visitor(), "no")
        clock.now = 11.0
        refusals.note("key", visitor(), "no")
    assert [line["reason"] for line in lines] == ["key"] * BURST + ["origin", "key"]
    assert lines[-1]["left_out"] == 1000 - BURST


@pytest.mark.parametrize("name", ["origin", "host"])
def test_what_a_client_sends_is_cut(name: str) -> None:
    with capture_logs() as lines:
        Refusals(Clock()).note("origin", visitor(**{name: "x" * 10_000}), "y" * 10_000)
    assert len(str(lines[0])) < 1000
