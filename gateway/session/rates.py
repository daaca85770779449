"""How fast a client may send: what comes faster waits."""


class Bucket:
    """`rate` a second, after a burst. Whoever takes more is told to wait, and has taken it all the same."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left = burst
        self._at: float | None = None

    def take(self, amount: float, now: float) -> float:
        """How many seconds must pass before it is used."""
        self._refill(now)
        self._left -= amount
        return max(-self._left / self._rate, 0.0)

    def has(self, amount: float, now: float) -> bool:
        """Whether so much may be taken without a wait."""
        self._refill(now)
        return self._left >= amount

    def _refill(self, now: float) -> None:
        if self._at is not None:
            self._left = min(self._left + (now - self._at) * self._rate, self._burst)
        self._at = now
