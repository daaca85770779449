"""Tells reasoning from speech: what stands between `<think>` and `</think>` is never spoken.

The tags come in any case and cut anywhere; a piece that may still become a tag is held back until it is
known. Some models open the block in their template, so that only the end is ever written.
"""

import re

from llm_service.engine import Delta, Thinking

OPEN, CLOSE = "<think>", "</think>"


class ThinkingSplitter:
    """One reply. `inside`: the template has opened the block already."""

    def __init__(self, inside: bool = False) -> None:
        self._inside = inside
        self._held = ""
        self._spoken = False

    def feed(self, text: str) -> list[Delta | Thinking]:
        self._held += text
        outputs: list[Delta | Thinking] = []
        while True:
            tag = CLOSE if self._inside else OPEN
            found = re.search(tag, self._held, re.IGNORECASE)
            if found is None:
                break
            self._emit(self._held[: found.start()], outputs)
            self._held = self._held[found.end() :]
            self._inside = not self._inside
        safe = len(self._held) - _may_begin(self._held, tag)
        self._emit(self._held[:safe], outputs)
        self._held = self._held[safe:]
        return outputs

    def finish(self) -> list[Delta | Thinking]:
        """What was held back is no tag after all."""
        outputs: list[Delta | Thinking] = []
        self._emit(self._held, outputs)
        self._held = ""
        return outputs

    def _emit(self, text: str, outputs: list[Delta | Thinking]) -> None:
        if self._inside:
            if text:
                outputs.append(Thinking(text))
            return
        if not self._spoken:
            text = text.lstrip()  # the blank lines after a block are not part of the reply
        if text:
            self._spoken = True
            outputs.append(Delta(text))


def _may_begin(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if text[-length:].lower() == tag[:length]:
            return length
    return 0
