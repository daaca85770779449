"""From the chunks of an OpenAI-compatible server to an engine's outputs. Pure.

null is "not given" everywhere. What a server hides (reasoning, in any of its shapes) is never spoken.
"""

from typing import Any, Literal

from llm_service.engine import Finished, LlmOutput, Thinking, ToolCall
from llm_service.text.called_pieces import CalledPieces
from llm_service.text.thinking import ThinkingSplitter

Reason = Literal["stop", "length", "tool_calls"]
_REASONS: dict[str, Reason] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
SPOKEN = ("", "text", "output_text", "refusal")
"""The types of content parts that are meant for people."""
HIDDEN = ("reason", "think", "thought")
"""What the types of reasoning parts have in their names."""
REASONING = ("reasoning_content", "reasoning", "thinking")
WORDS = ("text", "content", "value", "thinking", "reasoning", "refusal", "summary")
MAX_DEPTH = 4
MAX_COUNT = 2**32 - 1


class ChunkReader:
    """Of one reply. Tool calls come in pieces and are told whole, at the end."""

    def __init__(self) -> None:
        self._splitter = ThinkingSplitter()
        self._calls = CalledPieces()
        self._spoken, self._thought = _Characters(), _Characters()
        self._reason: Reason = "stop"
        self._in_pieces = False
        self._usage = {"prompt_tokens": 0, "completion_tokens": 0}

    def take(self, chunk: dict[str, Any]) -> list[LlmOutput]:
        """A chunk of a stream, or a whole answer, which has `message` in the place of `delta`."""
        self._count(chunk.get("usage"))
        outputs: list[LlmOutput] = []
        for choice in _list(chunk.get("choices")):
            if isinstance(choice, dict):
                self._in_pieces = self._in_pieces or "delta" in choice
                # After pieces it would be all of them once more.
                outputs += self._read(_dict(choice.get("delta" if self._in_pieces else "message")))
                if isinstance(reason := choice.get("finish_reason"), str):
                    self._reason = _REASONS.get(reason, "stop")
        return outputs

    def _read(self, delta: dict[str, Any]) -> list[LlmOutput]:
        outputs: list[LlmOutput] = []
        reasoning = next((words for name in REASONING if (words := _words(delta.get(name)))), "")
        self._hide(reasoning, outputs)
        for hidden, words in _parts(delta.get("content")) or _parts(delta.get("refusal")):
            if hidden:
                self._hide(words, outputs)
            else:
                outputs += self._splitter.feed(self._spoken.take(words))
        for piece in _list(delta.get("tool_calls")):
            self._calls.take(piece)
        if function := _dict(delta.get("function_call")):  # before there were tools
            self._calls.take({"function": function})
        return outputs

    def _hide(self, words: str, outputs: list[LlmOutput]) -> None:
        if text := self._thought.take(words):
            outputs.append(Thinking(text))

    def _count(self, usage: Any) -> None:
        for name in self._usage:
            count = _dict(usage).get(name)
            if isinstance(count, int | float) and 0 <= count <= MAX_COUNT:
                self._usage[name] = int(count)

    def finish(self) -> list[LlmOutput]:
        """The last outputs."""
        calls: list[ToolCall] = self._calls.finish()
        # Many servers call it "stop" whatever the reply ends with.
        reason: Reason = "tool_calls" if calls and self._reason == "stop" else self._reason
        counts = self._usage
        end = Finished(reason, counts["prompt_tokens"], counts["completion_tokens"])
        return [*self._splitter.finish(), *calls, end]


class _Characters:
    """Joins a character that two pieces have half each of, as escapes (\\ud83d and \\ude00) can be cut."""

    def __init__(self) -> None:
        self._half = ""

    def take(self, text: str) -> str:
        text, self._half = self._half + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        if text.isascii():
            return text
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _parts(content: Any) -> list[tuple[bool, str]]:
    """The pieces of a content and, of each, whether it is hidden. Pictures and the like are passed over."""
    parts = []
    for part in content if isinstance(content, list) else [content]:
        kind = part.get("type") if isinstance(part, dict) else ""
        kind = kind if isinstance(kind, str) else ""
        hidden = any(mark in kind for mark in HIDDEN) or (
            isinstance(part, dict) and part.get("thought") is True
        )
        if hidden or kind in SPOKEN:
            parts.append((hidden, _words(part)))
    return [(hidden, words) for hidden, words in parts if words]


def _words(value: Any, depth: int = 0) -> str:
    """The words in a text, a part, or a list of either; "" for whatever else."""
    if isinstance(value, str):
        return value
    if depth == MAX_DEPTH:
        return ""
    if isinstance(value, list):
        return "".join(_words(part, depth + 1) for part in value)
    if isinstance(value, dict):
        return next((words for name in WORDS if (words := _words(value.get(name), depth + 1))), "")
    return ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
