"""The page while somebody speaks over a reply: who only listens is shown beside it and hears it out."""

from pathlib import Path

import pytest

from tests.journeys.browser import chromium, photograph, severe
from tests.journeys.test_page import Page
from tests.support.cluster import Cluster
from tests.support.spoken import silence, utterance, write_wav

pytestmark = pytest.mark.timeout(120)
QUESTION = "I went to the museum with my brother yesterday."
INTO_THE_REPLY_S = 2.2
"""The answer begins 0.9 s after the question, and takes some seconds."""


def test_who_listens_is_shown_beside_the_reply_and_hears_it_to_its_end(
    embedded: Cluster, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    said = utterance(QUESTION, before_s=1.0, after_s=INTO_THE_REPLY_S) + utterance("Yeah.", before_s=0.0)
    file = write_wav(tmp_path / "listening.wav", said + silence(20.0))
    with chromium(tmp_path / "profile", file) as driver:
        driver.get(embedded.url)
        page = Page(driver)
        page.press("start")
        page.wait(lambda: page.texts("backchannel"), "what was said over the reply")
        photograph(driver, f"{request.node.name}-listens")
        page.wait(lambda: page.state() == "listening", "the end of the reply")
        (shown,) = page.texts("backchannel")
        assert "yeah" in shown.lower()
        assert len(page.texts("user-text")) == 1, "it became a turn"
        assert "Interrupted" not in driver.page_source
        assert page.played_ms() > INTO_THE_REPLY_S * 1000
        assert severe(driver) == []
