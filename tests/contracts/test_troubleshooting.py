"""The page of troubles quotes what users really read: a message that was reworded must be reworded there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
FOLDERS = ("chassis", "engine_room", "gateway", "cli", "stt_service", "llm_service", "tts_service")
MESSAGES = (
    "Parley needs Python 3.11 or newer",
    "choose another: make run PORT=",
    "lets other machines in: set API_KEYS",
    "not ready after",
    "no answer from",
    "loading failed: ",
    "few open files are granted",
    " of the GPU, its slice is ",
    "Parley cannot be reached. Is it running?",
    "This server wants a key",
    "The key in this page's address is not one of the server's",
    "The server does not know the name",
    "This page may not talk to the server",
    "All places are taken",
    "The server answers, but the conversation could not begin",
    "The microphone needs https or localhost",
    "The microphone is not allowed for this page",
    "I cannot hear you just now: ",
    "The reply cannot be spoken just now; here it is in writing",
    "The reply took too long",
    "nobody listens there",
    "this is for the operator alone",
)


def source() -> str:
    """All of it, with strings joined that stand on two lines."""
    files = [ROOT / "Makefile"]
    for folder in FOLDERS:
        files += [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.js")]
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text(encoding="utf-8") for file in files))


SOURCE = source()


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_the_same_on_the_page_and_in_the_source(message: str) -> None:
    assert message in PAGE
    assert message in SOURCE
