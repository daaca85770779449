"""Whether Hugging Face's hub answers, asked before a model is loaded.

Its libraries ask for every file of a model, those that are here too, and wait for a hub that hangs again and
again, for minutes. One short question decides instead whether they look here alone.
"""

import asyncio
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from chassis.logs import get_logger
from chassis.proxies import opener_for
from chassis.threads import run_beside

log = get_logger(__name__)
ASK_S = 3.0
HUB = "https://huggingface.co"
_OFFLINE = "HF_HUB_OFFLINE"
_ours = False


async def settle_hub(model: str) -> None:
    """Before the load of a model by its name: from here on its libraries ask the hub only if it answers.

    Nothing is asked for a file or a folder, and nothing is changed where the operator has forbidden the hub.
    """
    global _ours
    if _is_here(model) or (os.environ.get(_OFFLINE) and not _ours):
        return
    hub = os.environ.get("HF_ENDPOINT") or HUB
    try:
        async with asyncio.timeout(ASK_S + 1):  # a name may be looked up for longer than it is waited for
            reached = await run_beside(lambda: _answers(hub), lambda _: None, "ask-hub")
    except TimeoutError:
        reached = False
    if not reached:
        log.warning("the hub does not answer: only models that are here can be loaded", waited_s=ASK_S)
    _ours = True
    _tell_library(offline=not reached)


def _is_here(model: str) -> bool:
    return Path(model).expanduser().exists()


def _answers(hub: str) -> bool:
    """Whether anybody is there, whatever they say. Blocks."""
    if not hub.startswith(("http://", "https://")):
        return False
    asked = urllib.request.Request(hub, method="HEAD")  # noqa: S310  # by http, see above
    try:
        opener_for(hub).open(asked, timeout=ASK_S).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _tell_library(offline: bool) -> None:
    """It reads its variable when it is imported; where that has happened already, it is told."""
    os.environ[_OFFLINE] = "1" if offline else "0"
    if (constants := sys.modules.get("huggingface_hub.constants")) is None:
        return
    constants.HF_HUB_OFFLINE = offline  # type: ignore[attr-defined]
    http = sys.modules.get("huggingface_hub.utils._http")
    if (forget := getattr(http, "reset_sessions", None)) is not None:  # before its version 1
        forget()
