"""Code blocks, taken out of text while it is still coming.

Nobody wants code read out. A fence (three backticks or more) may be cut anywhere between two pieces, so this
keeps the little that decides: never the code itself, however long it is.
"""

FENCE_TICKS = 3


class FenceFilter:
    """Drops what stands between fences; a line break stays in its place. An open fence drops the rest."""

    def __init__(self) -> None:
        self._inside = False
        self._ticks = 0

    def feed(self, piece: str) -> str:
        """What of the text so far is not code and was not answered before."""
        kept: list[str] = []
        first, *after_ticks = piece.split("`")
        self._take(first, kept)
        for text in after_ticks:
            self._ticks += 1
            self._take(text, kept)
        return "".join(kept)

    def finish(self) -> str:
        """Backticks held back because more of them would have been a fence."""
        kept: list[str] = []
        self._settle_ticks(kept)
        return "".join(kept)

    def _take(self, text: str, kept: list[str]) -> None:
        if not text:
            return
        self._settle_ticks(kept)
        if not self._inside:
            kept.append(text)

    def _settle_ticks(self, kept: list[str]) -> None:
        if self._ticks >= FENCE_TICKS:
            self._inside = not self._inside
            kept.append("\n")
        elif not self._inside:
            kept.append("`" * self._ticks)
        self._ticks = 0
