"""Tool calls that come in pieces, gathered: servers differ in what tells one call's pieces from another's."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from chassis.faults import Unavailable
from llm_service.engine import ToolCall

MAX_CALLS = 128
MAX_CHARS = 256 * 1024
"""Of all names and arguments of a reply."""


@dataclass(slots=True)
class _Begun:
    index: int | None
    id: str
    name: str = ""
    arguments: str = ""

    @property
    def is_whole(self) -> bool:
        if not self.arguments.endswith("}"):  # spares reading them anew with every piece
            return False
        try:
            return isinstance(json.loads(self.arguments), dict)
        except (ValueError, RecursionError):
            return False


class CalledPieces:
    """The calls of one reply, in the order in which they began.

    A piece belongs to the call with its index; without one to the call with its id; without either to the
    last. A piece with a name begins a call of its own where that one has another id, or is whole already.
    """

    def __init__(self) -> None:
        self._calls: list[_Begun] = []
        self._chars = 0

    def take(self, piece: Any) -> None:
        """One entry of `tool_calls`; null fields are not given. Raises Unavailable over the bounds."""
        if not isinstance(piece, dict):
            return
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        index, call_id = _index(piece.get("index")), _text(piece.get("id"))
        name, arguments = _text(function.get("name")), _arguments(function.get("arguments"))
        call = self._find(index, call_id, name, arguments)
        if call is None:
            call = _Begun(index, call_id)
            self._calls.append(call)
        call.id = call.id or call_id
        if name != call.name:  # some servers repeat it in every piece
            call.name += name
        call.arguments += arguments
        self._chars += len(name) + len(arguments)
        if len(self._calls) > MAX_CALLS or self._chars > MAX_CHARS:
            raise Unavailable(
                f"the server asks for too much: {MAX_CALLS} tool calls and {MAX_CHARS} characters at most"
            )

    def _find(self, index: int | None, call_id: str, name: str, arguments: str) -> _Begun | None:
        """The call that a piece goes on with; None: it begins another."""
        if index is not None:
            alike = [call for call in self._calls if call.index == index]
        elif known := [call for call in self._calls if call_id and call.id == call_id]:
            alike = known
        else:
            alike = self._calls
        if not alike:
            return None
        last = alike[-1]
        if not name:
            return last
        other_id = bool(call_id and last.id and call_id != last.id)
        over = last.is_whole and bool(arguments or name != last.name)
        other_name = index is None and bool(last.name) and name != last.name
        return None if other_id or over or other_name else last

    def finish(self) -> list[ToolCall]:
        """Each whole: with an id, by which it can be answered, and with arguments, none being `{}`."""
        return [
            ToolCall(call.id or f"call_{uuid.uuid4().hex}", call.name, call.arguments.strip() or "{}")
            for call in sorted(self._calls, key=lambda call: call.index or 0)
            if call.name
        ]


def _index(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str:
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _arguments(value: Any) -> str:
    """A piece of JSON; some servers send the object itself."""
    if isinstance(value, dict):
        return json.dumps(value)
    return value if isinstance(value, str) else ""
