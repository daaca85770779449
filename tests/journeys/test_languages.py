"""Somebody who speaks another language than the embedded ear is told so once, and answered all the same."""

import pytest

from tests.support.client import talking_to
from tests.support.cluster import Cluster
from tests.support.spoken import speech, utterance
from tests.support.words import plain

WIRE = "/v1/conversation"


async def test_who_speaks_french_is_told_who_hears_it_and_may_type(embedded: Cluster) -> None:
    async with talking_to(f"{embedded.ws}{WIRE}?language=fr") as client:
        await client.wait_type("connected")
        await client.speak(speech() + bytes(32_000))
        error = await client.wait_type("error")
        assert "understands en, not 'fr'" in error["message"]
        assert "PROFILE=cpu" in error["message"]
        assert "typed text goes on working" in error["message"]
        mark = len(client.messages)
        await client.send(type="text", text="Hello, how are you?")
        await client.wait_type("turn_complete", 30, mark)
        assert client.audio()
        errors = [message for message in client.controls() if message["type"] == "error"]
        assert len(errors) == 1, errors


@pytest.mark.parametrize("language", ["en_US", "EN"])
async def test_english_in_any_spelling_is_english(embedded: Cluster, language: str) -> None:
    said = "The weather is very good today."
    async with talking_to(f"{embedded.ws}{WIRE}?language={language}") as client:
        await client.wait_type("connected")
        await client.speak(utterance(said, after_s=1.0))
        heard = await client.wait(lambda m: m["type"] == "transcript" and m["is_final"])
        assert isinstance(heard.message, dict)
        assert plain(heard.message["text"]) == plain(said)
