"""Recordings of a tone, made by PyAV, as browsers and files have them."""

import io
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

Kind = Literal["webm", "ogg", "wav", "flac", "mp3"]
CODECS: dict[Kind, str] = {
    "webm": "libopus",
    "ogg": "libopus",
    "wav": "pcm_s16le",
    "flac": "flac",
    "mp3": "libmp3lame",
}
FORMATS: dict[Kind, str] = {"webm": "webm", "ogg": "ogg", "wav": "wav", "flac": "flac", "mp3": "mp3"}
TONE_HZ = 440.0


def tone(rate: int, seconds: float, hertz: float = TONE_HZ) -> NDArray[np.int16]:
    """A sine at a third of full scale."""
    times = np.arange(int(rate * seconds)) / rate
    return np.asarray(np.sin(2 * np.pi * hertz * times) * 10_000, np.int16)


def record(
    kind: Kind, seconds: float, rate: int = 48_000, layout: Literal["mono", "stereo"] = "mono"
) -> bytes:
    """The tone as a file of this kind."""
    file = io.BytesIO()
    samples = tone(rate, seconds)
    channels = 1 if layout == "mono" else 2
    with av.open(file, "w", FORMATS[kind]) as container:
        stream = container.add_stream(CODECS[kind], rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        interleaved = np.repeat(samples, channels).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


def film(seconds: float = 0.2) -> bytes:
    """A WebM without any sound."""
    file = io.BytesIO()
    with av.open(file, "w", "webm") as container:
        stream = container.add_stream("libvpx", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(int(25 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def chunks(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def loudest_hz(pcm: bytes, rate: int) -> float:
    """The strongest frequency in 16-bit mono."""
    samples = np.frombuffer(pcm, np.int16).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.fft.rfftfreq(samples.size, 1 / rate)[int(np.argmax(spectrum))])
