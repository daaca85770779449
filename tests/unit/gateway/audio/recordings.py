"""Recordings made by PyAV, as browsers and files have them, and what an intake makes of them."""

import asyncio
import io
from collections.abc import Mapping
from typing import Any, Literal

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from chassis.faults import InvalidArgument
from gateway.audio.intake import Intake
from gateway.audio.resample import Resampler
from protos.sound import HEARD_RATE

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
ROUNDING = 5
Samples = NDArray[np.int16]


def tone(rate: int, seconds: float, hertz: float = TONE_HZ) -> Samples:
    """A sine at a third of full scale."""
    times = np.arange(int(rate * seconds)) / rate
    return np.asarray(np.sin(2 * np.pi * hertz * times) * 10_000, np.int16)


def voice(rate: int, seconds: float, seed: int = 1) -> Samples:
    """Sound of which no two pieces are alike, so that a shift by one sample shows."""
    dice = np.random.default_rng(seed)
    count = int(rate * seconds)
    noise = np.convolve(dice.normal(0, 1, count + 15), np.ones(16) / 4, "valid")
    times = np.arange(count) / rate
    loudness = 1500 + 1500 * np.sin(2 * np.pi * 3 * times)
    return np.asarray(noise * loudness + 4000 * np.sin(2 * np.pi * (200 + 40 * times) * times), np.int16)


def encode(
    file_format: str,
    codec: str,
    rate: int,
    channels: Samples,
    sample_format: str = "s16",
    options: Mapping[str, str] | None = None,
) -> bytes:
    """A file of 16-bit samples of shape (channels, samples), brought to libav's `sample_format`."""
    file = io.BytesIO()
    layout = "mono" if channels.shape[0] == 1 else "stereo"
    with av.open(file, "w", file_format, options=dict(options or {})) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        wide = _widen(channels, sample_format)
        if not sample_format.endswith("p"):
            wide = np.ascontiguousarray(wide.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(wide, format=sample_format, layout=layout)
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


def _widen(samples: Samples, sample_format: str) -> NDArray[Any]:
    match sample_format.removesuffix("p"):
        case "u8":
            return np.asarray((samples >> 8) + 128, np.uint8)
        case "s32":
            return np.asarray(samples, np.int32) << 16
        case "flt":
            return np.asarray(samples / 32_768, np.float32)
        case _:
            return samples


def record(
    kind: Kind, seconds: float, rate: int = 48_000, layout: Literal["mono", "stereo"] = "mono"
) -> bytes:
    """The tone as a file of this kind."""
    channels = np.tile(tone(rate, seconds), (1 if layout == "mono" else 2, 1))
    return encode(FORMATS[kind], CODECS[kind], rate, channels)


def hear(*messages: bytes, input_rate: int = HEARD_RATE, drain_after: int | None = None) -> Samples:
    """All that is heard of these messages, the last sample included. Raises what the intake raises."""
    heard = bytearray()

    async def take(pcm: bytes) -> None:
        heard.extend(pcm)

    async def main() -> None:
        intake = Intake(input_rate, take)
        try:
            for number, message in enumerate(messages):
                await intake.feed(message)
                if number == drain_after:
                    await intake.drain()
            await intake.drain()
        finally:
            intake.close()

    asyncio.run(main())
    return np.frombuffer(bytes(heard), np.int16)


def decode_file(data: bytes) -> Samples:
    """What libav makes of the whole file, mono at the rate that is heard."""
    pieces: list[NDArray[Any]] = []
    with av.open(io.BytesIO(data), "r") as container:
        assert isinstance(container, av.container.InputContainer)
        stream = container.streams.audio[0]
        to_mono = av.AudioResampler("s16", "mono", stream.rate)
        for frame in container.decode(stream):
            pieces += [made.to_ndarray()[0] for made in to_mono.resample(frame)]
        rate = stream.rate
    return to_heard(np.concatenate(pieces).astype(np.int16), rate)


def to_heard(samples: Samples, rate: int) -> Samples:
    """At the rate that is heard."""
    return np.frombuffer(Resampler(rate, HEARD_RATE).feed(samples.tobytes(), last=True), np.int16)


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


def refusal(*messages: bytes) -> str:
    """The words of the only fault."""
    with pytest.raises(InvalidArgument) as refused:
        hear(*messages)
    return str(refused.value)


def assert_alike(heard: Samples, expected: Samples) -> None:
    """But for what rounding and dither may do: two mixdowns to 16 bit differ by 1 at most, which a filter's
    ripple may double, and soxr dithers each of the two by up to 1 before it rounds, from a seed of its own.
    Of one sample too few or too many the difference is in the thousands.
    """
    assert heard.size == expected.size
    difference = heard.astype(float) - expected
    assert np.abs(difference).max() <= ROUNDING
    assert np.sqrt(np.square(difference).mean()) < 1
