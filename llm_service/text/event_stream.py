"""Server-sent events, from bytes cut anywhere to the JSON objects in their data. Pure.

Only \\r\\n, \\n and \\r end a line: U+2028 and its like are text, and models write them.
"""

import codecs
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from chassis.faults import Unavailable

MAX_CHARS = 1024 * 1024
"""The longest line, and the longest data of one event."""
_ENDS = re.compile(r"\r\n|\n|\r")
_NOTHING = object()


class LineSplitter:
    """Bytes that are no UTF-8 become U+FFFD. Raises Unavailable for a line over MAX_CHARS."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._begun: list[str] = []
        self._chars = 0
        self._after_cr = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that are whole now."""
        return self._cut(self._decoder.decode(data))

    def finish(self) -> list[str]:
        """The last line, where nothing ended it."""
        lines = self._cut(self._decoder.decode(b"", final=True))
        rest = "".join(self._begun)
        self._begun, self._chars = [], 0
        return [*lines, rest] if rest else lines

    def _cut(self, text: str) -> list[str]:
        if not text:
            return []
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        *whole, rest = _ENDS.split(text)
        lines = []
        for piece in whole:
            self._keep(piece)
            lines.append("".join(self._begun))
            self._begun, self._chars = [], 0
        self._keep(rest)
        return lines

    def _keep(self, piece: str) -> None:
        self._chars += len(piece)
        if self._chars > MAX_CHARS:
            raise Unavailable(f"a line of the server's stream has over {MAX_CHARS} characters")
        if piece:
            self._begun.append(piece)


class EventReader:
    """From lines to objects. What is whole on its line is told at once: some servers send no blank lines.

    `ended`: [DONE] has come. Raises Unavailable for data that is no object, and for an event called error.
    """

    def __init__(self) -> None:
        self.ended = False
        self._data: list[str] = []
        self._chars = 0
        self._failed = False

    def take(self, line: str) -> list[dict[str, Any]]:
        """What is whole with this line. Comments, ids and whatever else there may be are passed over."""
        if not line:
            return self.finish()
        name, _, value = line.partition(":")
        if name == "event":
            self._failed = value.strip() == "error"
        elif name == "error":
            raise Unavailable(f"the server failed midway: {words_of(value)}")
        elif name == "data":
            return self._take_data(value.removeprefix(" "))
        elif line.startswith("{"):  # one object a line, without the field's name
            return self._take_data(line)
        return []

    def finish(self) -> list[dict[str, Any]]:
        """The end of an event, or of the stream."""
        text = "\n".join(self._data).strip()
        self._data, self._chars = [], 0
        try:
            return self._objects(text) if text else []
        finally:
            self._failed = False

    def _take_data(self, data: str) -> list[dict[str, Any]]:
        self._data.append(data)
        self._chars += len(data)
        if self._chars > MAX_CHARS:
            raise Unavailable(f"an event of the server's stream has over {MAX_CHARS} characters")
        alone = len(self._data) == 1 and (data.strip() == "[DONE]" or _parsed(data) is not _NOTHING)
        return self.finish() if alone else []

    def _objects(self, text: str) -> list[dict[str, Any]]:
        if text == "[DONE]":
            self.ended = True
            return []
        if self._failed:
            raise Unavailable(f"the server failed midway: {words_of(text)}")
        parsed = _parsed(text)
        if parsed is None:
            return []
        if not isinstance(parsed, dict):
            raise Unavailable("the server's stream is not made of JSON objects")
        return [parsed]


async def events_of(pieces: AsyncIterator[bytes]) -> AsyncGenerator[dict[str, Any], None]:
    """The objects of a stream, as they come, up to [DONE] or its end. Raises Unavailable.

    A stream that ends with neither is a fault only where nothing was in it.
    """
    lines, events, some = LineSplitter(), EventReader(), False
    async for data in pieces:
        for line in lines.feed(data):
            for event in events.take(line):
                some = True
                yield event
            if events.ended:
                return
    for event in [event for line in lines.finish() for event in events.take(line)] + events.finish():
        some = True
        yield event
    if not some and not events.ended:
        raise Unavailable("the server ended its answer without a word")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOTHING


def words_of(said: Any, most: int = 300) -> str:
    """A server's own words about what went wrong, `most` of them; out of JSON, in any of the usual shapes."""
    if isinstance(said, str):
        parsed = _parsed(said)
        said = parsed if isinstance(parsed, dict | list) else said
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
    if isinstance(said, dict | list):
        said = json.dumps(said, ensure_ascii=False)
    return " ".join(str(said).split())[:most].encode(errors="replace").decode()
