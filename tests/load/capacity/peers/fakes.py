"""What the peers' fake engines do, and when: the same for each of them."""

from array import array

RATE = 16_000
"""Both ways."""
VAD_START_S = 0.200
VAD_STOP_S = 0.200
TURN_WAIT_S = 0.200
STT_FINAL_S = 0.050
"""Runs inside TURN_WAIT_S."""
LLM_FIRST_TOKEN_S = 0.100
LLM_TOKEN_S = 0.010
TTS_FIRST_AUDIO_S = 0.050
HEARD = "hello can you help me"
REPLY = ("Sure,", " I", " can", " help", " you.", " It", " takes", " two", " quick", " steps.")
FIRST_SENTENCE = 5
"""So many tokens are one sentence."""
SENTENCE_S = 2.0
"""Audio of each of the two sentences: 4 s of reply."""
SCRIPTED_S = (
    VAD_STOP_S
    + max(TURN_WAIT_S, STT_FINAL_S)
    + LLM_FIRST_TOKEN_S
    + (FIRST_SENTENCE - 1) * LLM_TOKEN_S
    + TTS_FIRST_AUDIO_S
)
PIECE_S = 0.1
PIECE = array("h", ((6000 if index // 20 % 2 else -6000) for index in range(int(RATE * PIECE_S)))).tobytes()
"""0.1 s of a tone. Pieces are made ten times as fast as they sound."""
MAKING_S = 0.010
PIECES = round(SENTENCE_S / PIECE_S)
LOUD = 500


def is_loud(pcm: bytes) -> bool:
    """A cheap energy test: every 16th sample."""
    samples = memoryview(pcm).cast("h")[::16]
    return sum(map(abs, samples)) > LOUD * len(samples)
