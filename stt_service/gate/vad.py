"""Is this window of audio speech, and how loud is it? One question, and three ways to answer it.

All keep state for one lane only, and none may ever block or wait: the gate asks from the event loop. Silero's
network costs too much there for many lanes: `gate.room` asks it for all of them, and the gate asks `Ahead`.
"""

from collections import deque
from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from protos.sound import HEARD_RATE
from stt_service.gate.level import FULL_SCALE, energy, peak
from stt_service.gate.silero import WINDOW, SileroNetwork, States, silero_network

VadName = Literal["silero", "energy"]


class Judged(NamedTuple):
    """Of a window: how likely it is speech, 0 to 1; its energy, the sum of squares; its peak, 0 to 1."""

    speech: float
    energy: float
    peak: float


class Vad(Protocol):
    """Asked for consecutive windows of one lane."""

    @property
    def window_samples(self) -> int:
        """The length of a window at 16 kHz."""
        ...

    def judge(self, window: bytes) -> Judged:
        """Of these `window_samples` 16-bit samples."""
        ...

    def reset(self) -> None:
        """Forget what came before: the next window has nothing to do with the last."""
        ...


class SileroVad:
    """Silero's network for one lane, at once: 0.15 ms of CPU for each window of 32 ms."""

    window_samples = WINDOW

    def __init__(self) -> None:
        self._network, self._states = silero_network(), States(1)
        self._lane = np.zeros(1, np.intp)

    def judge(self, window: bytes) -> Judged:
        return judge_windows(self._network, window, self._states, self._lane)[0]

    def reset(self) -> None:
        self._states.forget(0)


class EnergyVad:
    """Whatever is loud enough is speech: cheap, for load tests and for very small machines in quiet rooms."""

    def __init__(self, rms_threshold: float = 0.01) -> None:
        self._energy_threshold = rms_threshold * rms_threshold * self.window_samples

    @property
    def window_samples(self) -> int:
        return HEARD_RATE // 50

    def judge(self, window: bytes) -> Judged:
        loudness = energy(window)
        return Judged(1.0 if loudness >= self._energy_threshold else 0.0, loudness, peak(window))

    def reset(self) -> None:
        """Nothing to forget: every window is judged alone."""


class Ahead:
    """What was judged elsewhere, in the windows' order: `judged` is filled before the gate hears them."""

    window_samples = WINDOW

    def __init__(self) -> None:
        self.judged: deque[Judged] = deque()

    def judge(self, window: bytes) -> Judged:  # noqa: ARG002
        return self.judged.popleft()

    def reset(self) -> None:
        """Whoever judges forgets where the audio does."""


def judge_windows(
    network: SileroNetwork, pcm: bytes | Iterable[bytes], states: States, lanes: NDArray[np.intp]
) -> list[Judged]:
    """A window of each of these lanes, one after the other."""
    joined = pcm if isinstance(pcm, bytes) else b"".join(pcm)
    samples = np.frombuffer(joined, "<i2").reshape(len(lanes), WINDOW) * np.float32(1 / FULL_SCALE)
    speech = network.listen(samples, states, lanes).tolist()
    energies = np.einsum("ij,ij->i", samples, samples).tolist()
    peaks = np.abs(samples).max(axis=1).tolist()
    return list(map(Judged, speech, energies, peaks))


def make_vad(name: VadName) -> Vad:
    """A VAD for one lane that has heard nothing yet."""
    match name:
        case "silero":
            return SileroVad()
        case "energy":
            return EnergyVad()
    assert_never(name)
