"""What OpenAI-compatible servers differ in: words, lists of models, the parameters that they refuse."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import httpx

from chassis.deadlines import within
from chassis.faults import Fault, InvalidArgument, NoSlot, NotReady, Unavailable
from llm_service.text.event_stream import words_of

MAX_BODY = 1024 * 1024
"""Bytes of an answer in one piece; what is longer is not read."""
MOST_WORDS = 4000
"""Characters of a server's words; cut again once our key is out of them, for half a key is one too."""
RETRYABLE = frozenset({429, 500, 502, 503, 504})
REFUSALS = frozenset({400, 422, 500, 501})
"""What servers answer to a parameter that they do not know."""
RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Servers know one or the other."""
DROPPED = frozenset({"stream_options"})
"""A reply is as good without."""
# A value that is too large is no reason to send it under another name, where it may be ignored.
_UNKNOWN = re.compile(
    r"unsupported|not[ _]support|unknown|unrecogni[sz]ed|unexpected|extra[ _]|instead|not[ _](?:permitted|"
    r"allowed|known|valid|recogni[sz]ed|accepted)|deprecated|invalid (?:parameter|argument|field|key)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. `spare`: its parameters that nobody asked for, and that may be left out."""

    payload: dict[str, Any]
    spare: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Form:
    """How a server wants to be asked: which parameters it has `refused`."""

    refused: frozenset[str] = field(default=frozenset())

    def apply(self, asked: Asked) -> dict[str, Any]:
        """The request in a form that the server takes."""
        dropped = self.refused & (DROPPED | asked.spare)
        return {
            RENAMED[name] if self._renames(name) else name: value
            for name, value in asked.payload.items()
            if name not in dropped or self._renames(name)
        }

    def _renames(self, name: str) -> bool:
        return name in self.refused and name in RENAMED and RENAMED[name] not in self.refused

    def without(self, sent: Collection[str], spare: frozenset[str], status: int, text: str) -> "Form":
        """The form for another attempt, after a refusal in these words; itself when they name nothing."""
        if status not in REFUSALS:
            return self
        dropped = DROPPED | (spare - RENAMED.keys())
        named = {name for name in sent if re.search(rf"\b{re.escape(name)}\b", text)}
        if not _UNKNOWN.search(text):
            return Form(self.refused | named & dropped)
        # Something is unknown to the server, and it does not say what.
        return Form(self.refused | (named & (dropped | RENAMED.keys()) if named else dropped & set(sent)))


def reason_of(error: Exception) -> str:
    """Why a request failed, in our words: a library's may quote its headers."""
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "does not answer in time"
        case httpx.TimeoutException():
            return "took too long"
        case httpx.ConnectError():
            return "cannot be reached"
        case httpx.RemoteProtocolError() | httpx.DecodingError():
            return "broke its answer off, or does not speak HTTP"
        case _:
            return f"failed ({type(error).__name__})"


def fault_of(status: int, text: str) -> Fault:
    """The fault that an HTTP answer stands for; the server's own words are kept, bounded."""
    words = words_of(text, MOST_WORDS)
    if status == 429:
        return NoSlot(f"the server is busy: {words}")
    if status in RETRYABLE:
        return Unavailable(f"the server failed with {status}: {words}")
    if status in (401, 403):
        return NotReady(f"the server refused our key ({status}): set LLM_API_KEY")
    if status in (404, 405, 410, 501):
        return NotReady(
            f"the server has no /chat/completions, or not this model ({status}): LLM_BASE_URL usually ends "
            f"in /v1; it says: {words}"
        )
    if 300 <= status < 400:
        return NotReady(
            f"the server sends callers elsewhere ({status}): LLM_BASE_URL must be its own address"
        )
    return InvalidArgument(f"the server refused the prompt ({status}): {words}")


def failure_in(chunk: dict[str, Any]) -> Fault | None:
    """The fault that an object of a stream tells of; `"error": null` tells of none."""
    error = chunk if chunk.get("object") == "error" else chunk.get("error")
    if not error:
        return None
    status = error.get("code") if isinstance(error, dict) else None
    if isinstance(status, int) and 400 <= status <= 599:
        return fault_of(status, json.dumps(error))
    return Unavailable(f"the server failed midway: {words_of(error, MOST_WORDS)}")


def kind_of(response: httpx.Response) -> str:
    """The media type of an answer, without its parameters; "" where it has none."""
    header: str = response.headers.get("content-type", "")
    return header.partition(";")[0].strip().lower()[:80]


async def read_some(response: httpx.Response, within_s: float) -> str:
    """The body, cut off after MAX_BODY. Raises TooSlow."""
    body = bytearray()
    async with within(within_s, "the server's answer"):
        async for data in response.aiter_bytes():
            body += data
            if len(body) > MAX_BODY:
                break
    return bytes(body[: MAX_BODY + 1]).decode(errors="replace")


def read_whole(text: str) -> dict[str, Any]:
    """An answer in one piece, from a server that does not stream. Raises Unavailable."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or not (parsed.get("choices") or failure_in(parsed)):
        raise Unavailable(f"the server's answer has no choices; it says: {words_of(text, MOST_WORDS)}")
    return parsed


def model_names(text: str) -> list[str]:
    """The names in an answer to /models, in any of its usual shapes; none where it is no list."""
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if isinstance(listed, dict):
        listed = listed.get("data") or listed.get("models")
    if not isinstance(listed, list):
        return []
    entries = (entry if isinstance(entry, dict) else {"id": entry} for entry in listed)
    names = (entry.get("id") or entry.get("name") or entry.get("model") for entry in entries)
    return [name for name in names if isinstance(name, str) and name]
