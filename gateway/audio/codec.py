"""One codec of libav: packets in, mono out. Sample formats and channels end here."""

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from gateway.audio.source import Sound

LOWEST_RATE, HIGHEST_RATE = 4_000, 768_000
MOST_CHANNELS = 32
_LAYOUTS = {1: "mono", 2: "stereo"}


class Codec:
    """`rate` and `channels` are 0 where every packet says them."""

    def __init__(
        self,
        name: str,
        rate: int = 0,
        channels: int = 0,
        extradata: bytes = b"",
        options: dict[str, str] | None = None,
    ) -> None:
        codec = av.CodecContext.create(name, "r")
        assert isinstance(codec, AudioCodecContext)
        codec.thread_count = 1
        if extradata:
            codec.extradata = extradata
        if rate:
            codec.sample_rate = check_rate(rate)
        if channels:
            codec.layout = _LAYOUTS.get(channels, f"{check_channels(channels)} channels")
        codec.options = options or {}
        self._codec = codec

    def decode(self, packet: bytes) -> list[Sound]:
        """What a whole packet holds. Raises av.FFmpegError when it is damaged or cut short."""
        return [mono(frame) for frame in self._codec.decode(av.Packet(packet))]


def mono(frame: av.AudioFrame) -> Sound:
    """The mean of a frame's channels. Raises ValueError when no sound has such a rate."""
    samples = frame.to_ndarray()
    channels = frame.layout.nb_channels
    if not frame.format.is_planar:
        samples = samples.reshape(-1, channels).T
    if channels == 1 and samples.dtype == np.int16:
        return Sound(check_rate(frame.sample_rate), samples[0])
    return Sound(check_rate(frame.sample_rate), _to_16_bit(samples))


def _to_16_bit(samples: NDArray[np.generic]) -> NDArray[np.int16]:
    """From shape (channels, samples) of any of libav's sample formats."""
    wide = samples.astype(np.float64).mean(axis=0)
    match samples.dtype.name:
        case "uint8":
            wide = (wide - 128) * 256
        case "int32":
            wide /= 65_536
        case "int64":
            wide /= 2**48
        case "float32" | "float64":
            wide = np.nan_to_num(wide * 32_768, nan=0.0)
        case _:
            pass
    rounded: NDArray[np.int16] = np.clip(np.rint(wide), -32_768, 32_767).astype(np.int16)
    return rounded


def check_rate(rate: int) -> int:
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"its rate is {rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} can be heard")
    return rate


def check_channels(channels: int) -> int:
    if not 1 <= channels <= MOST_CHANNELS:
        raise ValueError(f"it has {channels} channels; 1 to {MOST_CHANNELS} can be heard")
    return channels
