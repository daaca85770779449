"""How fast a client may send."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Sustained rates and the bursts above them. Audio is measured in seconds of sound per second."""

    messages_per_s: float = 100.0
    message_burst: float = 250.0
    audio_factor: float = 2.0
    audio_burst_s: float = 5.0


class Bucket:
    """A token bucket: `rate` tokens a second, at most `burst` of them saved."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens = burst
        self._at: float | None = None

    def take(self, amount: float, now: float) -> bool:
        """False when it is too much; nothing is taken then."""
        if self._at is not None:
            self._tokens = min(self._tokens + (now - self._at) * self._rate, self._burst)
        self._at = now
        if amount > self._tokens:
            return False
        self._tokens -= amount
        return True
