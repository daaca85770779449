"""What comes into the user's microphone: a room that is never silent, the user, an echo of the loudspeaker."""

import numpy as np

from protos.sound import HEARD_RATE
from tests.support.stage.cast import Samples

ROOM_DB = -66
ROOM_S = 4
ECHO_FRAMES = 4
"""How late an echo is."""


class Sound:
    """In frames of so many samples at 16 kHz; `echo_db`: of what the loudspeaker plays."""

    def __init__(self, frame: int, echo_db: float) -> None:
        self._frame, self._echo = frame, np.float32(10 ** (echo_db / 20))
        noise = np.random.default_rng(1).standard_normal(ROOM_S * HEARD_RATE).astype(np.float32)
        self._room = noise * np.float32(10 ** (ROOM_DB / 20))
        self._at = 0
        self._begun: list[Samples] = []
        self._echoes: list[Samples] = [np.zeros(0, np.float32)] * ECHO_FRAMES

    def begin(self, sound: Samples) -> None:
        """From the next frame on."""
        self._begun.append(sound)

    @property
    def is_over(self) -> bool:
        return not self._begun

    def take(self, loudspeaker: Samples) -> bytes:
        """The next frame, 16-bit; `loudspeaker`: what is played meanwhile."""
        at = self._at % (len(self._room) - self._frame)
        self._at += self._frame
        self._echoes.append(loudspeaker * self._echo)
        frame = self._room[at : at + self._frame].copy()
        for sound in (self._echoes.pop(0), *(sound[: self._frame] for sound in self._begun)):
            frame[: len(sound)] += sound
        self._begun = [sound[self._frame :] for sound in self._begun if len(sound) > self._frame]
        return bytes((np.clip(frame, -1, 1) * 32767).astype("<i2").tobytes())
