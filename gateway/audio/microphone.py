"""The microphone's clock: which moment a sample belongs to, and whether samples still come."""

from protos.sound import HEARD_RATE


class Microphone:
    """Counts what was received. Times are seconds on the session's clock."""

    def __init__(self, stall_s: float) -> None:
        self._stall_s = stall_s
        self.samples = 0
        self.last_at: float | None = None
        self._active_at = 0.0
        self._stall_told = True

    def received(self, at: float) -> None:
        """Something has come, whether it is sound already or not."""
        self._active_at = at
        self._stall_told = False

    def heard(self, samples: int, at: float) -> None:
        self.samples += samples
        self.last_at = at
        self.received(at)

    def time_of(self, sample: int) -> float:
        """When the sample was received, taking the newest as received at its arrival."""
        return (self.last_at or 0.0) - max(self.samples - sample, 0) / HEARD_RATE

    def stalls_in(self, now: float) -> float:
        """In how many seconds, at the earliest, `stalled` will be true; 0: it may be by now."""
        quiet_since = now if self._stall_told else self._active_at
        return max(quiet_since + self._stall_s - now, 0.0)

    def pause(self) -> None:
        """The pause is known: it is not told again."""
        self._stall_told = True

    def stalled(self, now: float) -> bool:
        """True once per pause of the client's sending."""
        if self._stall_told or now - self._active_at < self._stall_s:
            return False
        self._stall_told = True
        return True
