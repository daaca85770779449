"""Ends a reply before the first of its stop texts, wherever the stream is cut."""

from collections.abc import Sequence


class StopCutter:
    """One reply. `stopped`: a stop text has come; nothing after it counts."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """What may be said now; what may still become a stop text is held back."""
        if self.stopped or not self._stops:
            return "" if self.stopped else text
        self._held += text
        found = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            return self._release(min(found))
        return self._release(len(self._held) - self._doubtful())

    def finish(self) -> str:
        """What was held back is no stop text after all."""
        return "" if self.stopped else self._release(len(self._held))

    def _doubtful(self) -> int:
        """How many characters at the end may be the beginning of a stop text."""
        longest = max(map(len, self._stops)) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0

    def _release(self, length: int) -> str:
        released, self._held = self._held[:length], self._held[length:]
        return released
