"""Whatever audio a client sends, as 16-bit mono at the rate that the conversation hears."""

from collections.abc import Callable

import numpy as np

from chassis.faults import ClientFault, InvalidArgument
from gateway.audio.containers import ContainerDecoder, is_ogg_continued, sniff
from gateway.audio.microphone import SAMPLE_RATE
from gateway.audio.resample import Resampler

PROBE_SAMPLES = 20
WILD_STEP = 20_000
"""A mean step between neighbouring samples that no sound has: bytes of a container without its head."""


class Intake:
    """One client's audio. The first message decides: a known container head, or raw PCM at `input_rate`.

    `emit` and `fail` may be called from a decoder's thread.
    """

    def __init__(
        self, input_rate: int, emit: Callable[[bytes], None], fail: Callable[[ClientFault], None]
    ) -> None:
        self._resampler = Resampler(input_rate, SAMPLE_RATE)
        self._emit, self._fail = emit, fail
        self._decoder: ContainerDecoder | None = None
        self._raw = False

    def feed(self, data: bytes) -> bytes:
        """PCM that is ready now; decoded audio comes by `emit`. Raises InvalidArgument or Overflow."""
        if not data:
            return b""
        container = None if self._raw or self._goes_on(data) else sniff(data)
        if container is not None:
            self.close()
            self._decoder = ContainerDecoder(container, SAMPLE_RATE, self._emit, self._fail)
        if self._decoder is not None:
            self._decoder.feed(data)
            return b""
        return self._feed_raw(data)

    def _goes_on(self, data: bytes) -> bool:
        """Every page of Ogg has the head of a file; all but the first belong to what is under way."""
        return self._decoder is not None and self._decoder.container == "ogg" and is_ogg_continued(data)

    def _feed_raw(self, data: bytes) -> bytes:
        if len(data) % 2:
            raise InvalidArgument(
                f"audio must be whole 16-bit samples: this message has {len(data)} bytes, an odd number"
            )
        if not self._raw and is_headless(data):
            raise InvalidArgument("this is compressed audio without its head; start a new recording")
        self._raw = True
        return self._resampler.feed(data)

    def close(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None


def is_headless(data: bytes) -> bool:
    """True when these bytes cannot be PCM: neighbouring samples jump as no sound does."""
    samples = np.frombuffer(data[: PROBE_SAMPLES * 2], np.int16).astype(np.int32)
    return samples.size == PROBE_SAMPLES and bool(np.abs(np.diff(samples)).mean() > WILD_STEP)
