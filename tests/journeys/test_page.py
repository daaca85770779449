"""The page in a real browser with a real microphone's stream, against real engines."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.journeys.browser import chromium, photograph, severe
from tests.support.cluster import Cluster
from tests.support.spoken import RECORDINGS, read_wav, silence, utterance, write_wav
from tests.support.words import wrong_words

pytestmark = pytest.mark.timeout(180)
COMMAND = RECORDINGS / "go-forward-ten-meters.wav"
MICROPHONE_S = 20.0
REPLY_S = 40.0
BETWEEN_S = 4.0


class Page:
    """What a person sees and does there."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def find(self, name: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, f"[data-testid={name}]")

    def texts(self, name: str) -> list[str]:
        return [e.text for e in self.driver.find_elements(By.CSS_SELECTOR, f"[data-testid={name}]")]

    def wait(self, condition: Callable[[], Any], what: str, timeout_s: float = REPLY_S) -> Any:
        return WebDriverWait(self.driver, timeout_s, 0.1).until(
            lambda _: condition(), f"{what}; notice: {self.texts('notice')}, state: {self.texts('state')}"
        )

    def press(self, name: str) -> None:
        self.wait(lambda: self.find(name).is_displayed() and self.find(name).is_enabled(), f"{name} to press")
        self.find(name).click()

    def type(self, text: str) -> None:
        self.find("text-input").send_keys(text, Keys.ENTER)

    def state(self) -> str:
        return str(self.find("state").get_attribute("data-state") or "")

    def played_ms(self) -> float:
        return float(self.driver.execute_script("return document.documentElement.dataset.playedMs"))

    def width_overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        script = "return document.documentElement.scrollWidth - window.innerWidth"
        return int(self.driver.execute_script(script))

    def out_of_sight(self) -> list[str]:
        """Buttons that are shown but cannot be reached without scrolling, or are too small for a finger."""
        script = """
            const shown = [...document.querySelectorAll('button, #text')].filter((e) => e.offsetParent);
            return shown.filter((e) => {
                const box = e.getBoundingClientRect();
                return box.left < 0 || box.right > innerWidth || box.top < 0 || box.bottom > innerHeight
                    || box.height < 32;
            }).map((e) => e.id || e.textContent.trim());
        """
        return [str(name) for name in self.driver.execute_script(script)]


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some words and then a long silence."""
    pcm, rate = read_wav(COMMAND) if COMMAND.exists() else (utterance(), 16_000)
    rest = silence(MICROPHONE_S - len(pcm) / 2 / rate, rate)
    return write_wav(tmp_path_factory.mktemp("microphone") / "speech.wav", pcm + rest, rate)


@pytest.fixture(params=["desktop", "phone"])
def page(
    embedded: Cluster, microphone: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Page]:
    width, height = {"desktop": (1280, 860), "phone": (360, 740)}[request.param]
    with chromium(tmp_path / "profile", microphone, width, height) as driver:
        driver.get(embedded.url)
        yield Page(driver)
        photograph(driver, f"{request.node.name}-end")


def shoot(page: Page, request: pytest.FixtureRequest, moment: str) -> None:
    photograph(page.driver, f"{request.node.name}-{moment}")


def test_a_person_talks_types_and_is_analysed(page: Page, request: pytest.FixtureRequest) -> None:
    shoot(page, request, "1-opened")
    assert page.width_overflow() <= 0
    assert page.out_of_sight() == []
    page.press("start")

    page.wait(lambda: any(page.texts("user-text")), "what was said")
    page.wait(lambda: any(page.texts("reply-text")), "the reply")
    page.wait(lambda: page.played_ms() > 500, "half a second of the reply to be played")
    shoot(page, request, "2-speaking")
    assert page.width_overflow() <= 0
    assert page.out_of_sight() == []
    check_engines(page.find("engines").text)
    page.wait(lambda: any(page.texts("latency")), "the latency of the turn")
    assert re.search(r"\d+ ms|\d+\.\d+ s", page.texts("latency")[0])
    assert "voice to voice" in page.texts("latency")[0]

    page.wait(lambda: page.state() == "listening", "the end of the reply")
    shoot(page, request, "3-answered")
    replies, played = len(page.texts("reply-text")), page.played_ms()
    page.type("I goed to the market yesterday.")
    page.wait(lambda: "I goed to the market yesterday." in page.texts("user-text"), "what was typed")
    page.wait(lambda: len(page.texts("reply-text")) > replies, "a reply to it")
    page.wait(lambda: page.played_ms() > played + 500, "that reply to be played")
    page.wait(lambda: page.state() == "listening", "the end of the second reply")
    assert page.texts("user-text").count("I goed to the market yesterday.") == 1
    shoot(page, request, "4-typed")

    page.press("analyse")
    page.wait(lambda: any(page.texts("analysis")), "the analysis")
    shoot(page, request, "5-analysed")
    analysis = page.texts("analysis")[0]
    assert "went" in analysis, analysis
    assert re.search(r"\b\d{1,3}\b", analysis)
    assert page.find("start").is_displayed()
    assert page.width_overflow() <= 0
    assert severe(page.driver) == []
    assert not page.find("notice").is_displayed(), page.texts("notice")


def test_what_is_read_aloud_stands_on_the_page(
    embedded: Cluster, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Three sentences of a man who reads a novel, the next one over the reply to the one before."""
    texts, pcm = [], silence(0.5)
    for path in sorted(RECORDINGS.glob("austen-*.wav")):
        texts.append(path.with_suffix(".txt").read_text())
        pcm += read_wav(path)[0] + silence(BETWEEN_S)
    if not texts:
        texts = [
            "My brother works in a small hospital near the river.",
            "We will stay at home and watch a film.",
        ]
        pcm += b"".join(utterance(text, after_s=BETWEEN_S) for text in texts)
    file = write_wav(tmp_path / "novel.wav", pcm)
    with chromium(tmp_path / "profile", file) as driver:
        driver.get(embedded.url)
        page = Page(driver)
        page.press("start")
        page.wait(
            lambda: len([text for text in page.texts("user-text") if text]) == len(texts), "all of it", 60
        )
        page.wait(lambda: page.state() == "speaking", "the answer to the last")
        shoot(page, request, "read")
        assert wrong_words(" ".join(texts), " ".join(page.texts("user-text"))) <= 2, page.texts("user-text")
        assert severe(driver) == []


def check_engines(line: str) -> None:
    """Nothing is passed off as better than it is."""
    for name in ("embedded", "moonshine", "tutor", "hibari", "rules"):
        assert name in line
    assert "wrong" in line


def test_typing_needs_no_microphone_and_no_start(
    embedded: Cluster, microphone: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with chromium(tmp_path / "profile", microphone) as driver:
        driver.get(embedded.url)
        page = Page(driver)
        page.type("Hello, I like music.")
        page.wait(lambda: any(page.texts("reply-text")), "the reply")
        page.wait(lambda: page.played_ms() > 500, "half a second of the reply to be played")
        shoot(page, request, "typed")
        assert page.texts("user-text") == ["Hello, I like music."]
        page.press("stop")
        page.wait(lambda: page.state() == "listening", "the floor", 5)
        played = page.played_ms()
        time.sleep(0.7)
        assert page.played_ms() == played, "the reply went on after it was stopped"
        page.press("hang-up")
        page.wait(lambda: page.find("start").is_displayed(), "start again", 5)
        assert severe(driver) == []
