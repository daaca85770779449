"""Reply audio from its arrival until it was heard."""

KEPT_SLACK_S = 0.5
"""What was heard is thrown away in pieces of this length, not sample by sample."""


class Tape:
    """16-bit mono at `rate`. Positions are samples from the start of the reply.

    What is read was sent, and stays until it is known to have been heard: it may have to be sent again.
    """

    def __init__(self, rate: int) -> None:
        self._slack = int(rate * KEPT_SLACK_S)
        self.clear()

    def clear(self) -> None:
        """A new reply."""
        self._data = bytearray()
        self._first = 0
        self.position = 0
        """The next sample to be read: so many were sent."""

    @property
    def waiting(self) -> int:
        """Samples that were written and not read."""
        return self._first + len(self._data) // 2 - self.position

    @property
    def kept(self) -> int:
        """Samples that were read and are here still."""
        return self.position - self._first

    def write(self, pcm: bytes) -> None:
        self._data += pcm

    def read(self, samples: int) -> bytes:
        """At most so many; what is there."""
        begin = (self.position - self._first) * 2
        pcm = bytes(self._data[begin : begin + samples * 2])
        self.position += len(pcm) // 2
        return pcm

    def drop(self) -> None:
        """Nothing is read any more; `position` stays."""
        self._data.clear()
        self._first = self.position

    def forget(self, heard: int) -> None:
        """What lies before this position was heard, and will not be wanted again."""
        heard = min(heard, self.position)
        if heard - self._first > self._slack:
            del self._data[: (heard - self._first) * 2]
            self._first = heard

    def rewind(self, position: int) -> None:
        """Read on from there. What was forgotten cannot be read again, nor what was never read."""
        self.position = min(max(position, self._first), self.position)
