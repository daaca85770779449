"""The page when something is in the way: each case has its own words, and nothing that was said is lost."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.journeys.browser import chromium, severe
from tests.journeys.test_page import Page, shoot
from tests.support.cluster import Cluster, cluster, wait_for
from tests.support.spoken import silence, write_wav

pytestmark = pytest.mark.timeout(180)
ANY_SIGNS = "sesame/+&=?#:;@%41'\"<>{}[]|^~$!*()\\=="
ELSEWHERE = "--host-resolver-rules=MAP voice.example.test 127.0.0.1"


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("microphone") / "silence.wav", silence(5.0, 16_000), 16_000)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With keys, and a place for one session only."""
    settings = {"API_KEYS": f"sesame-1,sesame-2,{ANY_SIGNS}", "MAX_SESSIONS": "1"}
    with cluster(tmp_path_factory.mktemp("closed"), "fake", settings) as running:
        yield running


def notice_has(page: Page, words: str) -> None:
    page.wait(lambda: words in "".join(page.texts("notice")), words)


def test_each_way_of_not_getting_in_has_its_own_words_and_names_what_to_do(
    closed: Cluster, microphone: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with chromium(tmp_path / "profile", microphone, flags=[ELSEWHERE]) as driver:
        page = Page(driver)
        for address, wanted in (
            (closed.url, "wants a key: put #key="),
            (f"{closed.url}/#key=wrong-key", "The key in this page's address"),
            (f"http://voice.example.test:{closed.port}/#key=sesame-1", "ALLOWED_HOSTS"),
        ):
            driver.get("about:blank")
            driver.get(address)
            page.type("Hello")
            notice_has(page, wanted)
            shoot(page, request, wanted.split()[0])
    log = closed.log("gateway")
    for reason in ('"reason": "key"', '"reason": "host"'):
        assert reason in log, "the operator reads it too"


def test_a_full_house_and_a_dead_one_are_told_apart(
    closed: Cluster, microphone: Path, tmp_path: Path
) -> None:
    with (
        chromium(tmp_path / "one", microphone) as first,
        chromium(tmp_path / "two", microphone) as second,
    ):
        inside, outside = Page(first), Page(second)
        first.get(f"{closed.url}/#key=sesame-1")
        inside.type("Hello")
        inside.wait(lambda: any(inside.texts("reply-text")), "the reply")
        second.get(f"{closed.url}/#key=sesame-2")
        outside.type("Hello")
        outside.wait(lambda: "All places are taken" in "".join(outside.texts("notice")), "a full house")
        inside.press("hang-up")
        second.execute_cdp_cmd("Network.enable", {})
        away = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        second.execute_cdp_cmd("Network.emulateNetworkConditions", away)
        outside.press("reconnect")
        outside.wait(lambda: "cannot be reached" in "".join(outside.texts("notice")), "nobody is there")
        dividers = second.find_elements(By.CLASS_NAME, "divider")
        assert not [line.text for line in dividers if line.is_displayed()], "no conversation has begun"


def test_the_page_takes_any_key_from_its_address(closed: Cluster, microphone: Path, tmp_path: Path) -> None:
    with chromium(tmp_path / "profile", microphone) as driver:
        page = Page(driver)
        for key in ("sesame-2", ANY_SIGNS.replace("%", "%25"), quote(ANY_SIGNS, safe="")):
            driver.get("about:blank")
            driver.get(f"{closed.url}/#key={key}")
            page.type("Hello")
            page.wait(lambda: any(page.texts("reply-text")), "the reply")
            page.press("hang-up")
            wait_for(
                lambda: closed.metric("gateway", 'parley_sessions{dialect="parley"}') == 0, 5, "the place"
            )
    assert "sesame" not in "".join(path.read_text() for path in (closed.state / "logs").glob("*.log"))


def test_after_a_lost_connection_a_typed_talk_goes_on_without_a_microphone_and_knows_the_person(
    embedded: Cluster, microphone: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with chromium(tmp_path / "profile", microphone) as driver:
        page = Page(driver)
        driver.get(embedded.url)
        driver.execute_script(
            "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
            "window.asked = 0;"
            "navigator.mediaDevices.getUserMedia = (wish) => { window.asked += 1; return ask(wish); };"
        )
        page.type("My name is José.")
        page.wait(lambda: "José" in "".join(page.texts("reply-text")), "the name in the reply")
        page.wait(lambda: page.state() == "listening", "the end of the reply")
        embedded.kill("gateway")
        page.wait(lambda: page.state() == "lost", "the loss to be told")
        embedded.wait_ready()
        page.press("reconnect")
        page.wait(lambda: page.state() == "listening", "the connection")
        before = len(page.texts("reply-text"))
        page.type("What is my name?")
        page.wait(lambda: "José" in "".join(page.texts("reply-text")[before:]), "the name to be known still")
        assert driver.execute_script("return window.asked") == 0, "nobody asked to be heard"
        shoot(page, request, "went-on")
        page.press("hang-up")


def test_a_text_that_is_too_long_is_kept_and_the_person_is_told(
    embedded: Cluster, microphone: Path, tmp_path: Path
) -> None:
    with chromium(tmp_path / "profile", microphone) as driver:
        page = Page(driver)
        driver.get(embedded.url)
        driver.execute_script("document.querySelector('#text').value = '\U0001f600'.repeat(4001)")
        page.find("text-input").send_keys(Keys.ENTER)
        page.wait(lambda: "4001 characters" in "".join(page.texts("notice")), "how long it is")
        assert page.texts("user-text") == []
        length = driver.execute_script("return [...document.querySelector('#text').value].length")
        assert length == 4001, "nothing is cut"
        driver.execute_script("document.querySelector('#text').value = 'I like tea. '.repeat(330).trim()")
        page.find("text-input").send_keys(Keys.ENTER)
        page.wait(lambda: any(page.texts("reply-text")), "a reply to 3959 characters")
        page.press("hang-up")
        assert severe(driver) == []


def test_a_keyboard_and_a_screen_reader_are_never_left_behind(
    embedded: Cluster, microphone: Path, tmp_path: Path
) -> None:
    with chromium(tmp_path / "profile", microphone) as driver:
        page = Page(driver)
        driver.get(embedded.url)

        def focused() -> str:
            return str(
                driver.execute_script("return document.activeElement.className || document.activeElement.id")
            )

        def said() -> str:
            return str(driver.find_element(By.ID, "announcer").get_attribute("textContent"))

        page.find("start").send_keys(Keys.ENTER)
        page.wait(lambda: page.state() == "listening", "the connection")
        assert "status" in focused()
        assert "Connecting." in said()
        assert "Listening." in said()
        page.find("hang-up").send_keys(Keys.ENTER)
        page.wait(lambda: "Conversation ended." in said(), "the end to be told")
        assert driver.execute_script("return document.activeElement.id") == "start"
        edge = driver.execute_script(
            "const s = getComputedStyle(document.querySelector('#text'));"
            "const g = getComputedStyle(document.querySelector('.composer').parentElement);"
            "return [s.borderTopColor, s.backgroundColor, g.backgroundColor];"
        )
        for ground in edge[1:]:
            assert contrast(edge[0], ground) >= 3, edge


def test_what_the_agent_lacks_stands_beside_the_engines(
    embedded: Cluster, microphone: Path, tmp_path: Path
) -> None:
    lacks = "The tutor cannot speak French here."
    told = {"engines": {"llm": "tutor"}, "profile": "embedded", "shortcomings": [lacks]}
    with chromium(tmp_path / "profile", microphone) as driver:
        driver.get(embedded.url)
        line = driver.execute_async_script(
            "const [told, done] = arguments;"
            "import('/web/js/words.js').then((words) => done(words.enginesWords(told)));",
            told,
        )
        assert line == f"Running the embedded profile: replies tutor. {lacks}"


def contrast(one: str, other: str) -> float:
    """Of two CSS colours `rgb(r, g, b)`, as WCAG 2 counts it."""

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)
