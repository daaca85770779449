"""A real Chromium whose microphone is a file and whose console is read."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
SCREENSHOTS = "PARLEY_SCREENSHOTS"
"""A folder; where this variable names one, screenshots are kept there."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


@contextmanager
def chromium(
    profile: Path, microphone: Path, width: int = 1280, height: int = 860, flags: Sequence[str] = ()
) -> Iterator[Any]:
    """`microphone` is a 16-bit WAV, heard once from its beginning whenever the microphone opens."""
    options = Options()
    options.binary_location = CHROMIUM
    sound = f"--use-file-for-fake-audio-capture={microphone}%noloop"
    for flag in (*FLAGS, *flags, sound, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    try:
        driver.set_page_load_timeout(30)
        # The window's smallest width is more than a phone's.
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        yield driver
    finally:
        driver.quit()


def severe(driver: Any) -> list[str]:
    """What the console holds against the page."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def photograph(driver: Any, name: str) -> None:
    if folder := os.environ.get(SCREENSHOTS):
        Path(folder).mkdir(parents=True, exist_ok=True)
        driver.save_screenshot(str(Path(folder) / f"{name}.png"))
