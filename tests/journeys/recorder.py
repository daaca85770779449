"""A browser's MediaRecorder: Opus in WebM, one header and then bare chunks as long as the recording lasts."""

import asyncio

import av
import numpy as np
from av.audio.resampler import AudioResampler
from websockets.asyncio.client import ClientConnection

from tests.support.client import RATE

OPUS_RATE = 48_000
BITS_PER_S = 128_000
CHUNK_BYTES = 2000
CHUNK_S = 0.12


class _Sink:
    """A file that cannot seek, as a recorder that streams has it."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


def webm(pcm: bytes) -> bytes:
    """16-bit mono at 16 kHz as one recording."""
    sink = _Sink()
    live = {"live": "1", "cluster_time_limit": "100"}
    with av.open(sink, "w", format="webm", options=live) as target:
        stream = target.add_stream("libopus", rate=OPUS_RATE, options={"vbr": "off"})
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = BITS_PER_S
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate = RATE
        resampler = AudioResampler(format="s16", layout="mono", rate=OPUS_RATE)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return bytes(sink.data)


async def record(socket: ClientConnection, recording: bytes) -> None:
    """Send a recording as it comes out of a recorder. Afterwards nothing is sent, not even silence."""
    for start in range(0, len(recording), CHUNK_BYTES):
        await socket.send(recording[start : start + CHUNK_BYTES])
        await asyncio.sleep(CHUNK_S)
