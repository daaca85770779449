"""Smart Turn v3.2: does what was said sound finished? It hears words' melody, not their meaning.

Loading it and asking it block: both belong on a thread. Several threads may ask at once.
"""

from pathlib import Path

import numpy as np

from chassis.faults import NotReady
from chassis.secrets import words_of
from stt_service.engines.one_core import start
from stt_service.gate.level import FULL_SCALE
from stt_service.turn_end.log_mel import log_mel

FILE = "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"


class SmartTurn:
    def __init__(self, folder: Path) -> None:
        """Reads the wheel's file in this folder. Raises NotReady with the reason in one line."""
        try:
            self._session = start(str(folder / FILE))
        except Exception as error:
            raise NotReady(
                f"smart-turn cannot be read: {words_of(error)}; delete {str(folder)!r}: it is fetched anew"
            ) from error

    def finished(self, pcm: bytes) -> float:
        """How likely who said this has finished, 0 to 1: 16-bit samples at 16 kHz, the pause behind them
        included. Of what is longer than the model hears the end counts.
        """
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) * np.float32(1 / FULL_SCALE)
        (likely,) = self._session.run(None, {"input_features": log_mel(samples)[None]})
        return float(likely[0, 0])
