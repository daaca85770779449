"""From the text that a model writes to a reply's outputs: what is spoken, thought, called."""

from typing import Literal

from llm_service.engine import Delta, Finished, LlmOutput, ToolCall
from llm_service.text.thinking import ThinkingSplitter
from llm_service.text.tool_calls import ToolCallSplitter

Kind = Literal["talk", "tools", "call", "json"]
"""What may be written: words; words and tool calls; one tool call that the prompt opened; a JSON text."""


class ReplyReader:
    """One reply. `thinking`: the prompt has opened a block of reasoning already."""

    def __init__(self, kind: Kind, thinking: bool = False) -> None:
        self._called = False
        self._thinking = ThinkingSplitter(thinking) if kind in ("talk", "tools") else None
        self._tools = ToolCallSplitter(inside=kind == "call") if kind in ("tools", "call") else None

    @property
    def dropped(self) -> int:
        """How many tool calls were unreadable."""
        return self._tools.dropped if self._tools else 0

    def take(self, text: str) -> list[LlmOutput]:
        if self._thinking is None:
            return self._without_calls([Delta(text)] if text else [])
        return self._without_calls([*self._thinking.feed(text)])

    def finish(self, reason: str | None, prompt_tokens: int, completion_tokens: int) -> list[LlmOutput]:
        """The rest, then Finished. `reason` is the engine's: stop or length."""
        outputs = self._without_calls([*self._thinking.finish()] if self._thinking else [])
        if self._tools is not None:
            outputs += self._noted(self._tools.finish())
        return [*outputs, Finished(self._reason(reason), prompt_tokens, completion_tokens)]

    def _reason(self, reason: str | None) -> Literal["stop", "length", "tool_calls"]:
        if reason == "length":
            return "length"
        return "tool_calls" if self._called else "stop"

    def _without_calls(self, outputs: list[LlmOutput]) -> list[LlmOutput]:
        if self._tools is None:
            return outputs
        split: list[LlmOutput] = []
        for output in outputs:
            if isinstance(output, Delta):
                split += self._noted(self._tools.feed(output.text))
            else:
                split.append(output)
        return split

    def _noted(self, outputs: list[Delta | ToolCall]) -> list[Delta | ToolCall]:
        self._called = self._called or any(isinstance(output, ToolCall) for output in outputs)
        return outputs
