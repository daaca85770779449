"""Hibari, an English model of 8 MB: words to phonemes, phonemes to sound. Everything here blocks.

Its package is not installed: it is imported from where its wheel's files lie, under a name of its own, so
that it stands in nobody's way. The phonemes' durations, which it has inside, are made an output of its graph.
"""

import gc
import importlib.util
import json
import sys
from importlib.machinery import ModuleSpec
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from chassis.faults import InternalFault, NotReady
from engine_room.freed_memory import give_back_freed
from engine_room.wheels import WHEELS
from protos.sound import SPOKEN_RATE

PACKAGE = "parley_hibari"
DURATIONS = "/Clip_output_0"
"""The node with each phoneme's duration, in the wheel's version of the model, as its exporter named it."""
DURATION_SAMPLES = SPOKEN_RATE * 25 // 1000
"""One unit of them."""
FRAMES_PER_DURATION = 2
SPECTRA = 5
"""The first outputs, each of bins by frames: what the sound is made of. The pitch by frames follows."""
BORDER = 0
"""The symbol before the first phoneme and after the last."""
SEED = 20261
"""The sound has noise in it; the same text has the same."""

Audio = NDArray[np.float32]


class HibariModel:
    """A loaded model. Nothing of it changes while it speaks, so threads may share it."""

    def __init__(self, folder: Path) -> None:
        """`folder`: the wheel's files. Raises NotReady with the reason in one line."""
        assets = folder / "hibari" / "assets"
        try:
            package = _import(folder / "hibari")
            reader, sound = (importlib.import_module(f"{package}.{name}") for name in ("g2p", "dsp"))
            self._symbols: dict[str, int] = json.loads((assets / "vocab.json").read_text(encoding="utf-8"))
            graph = with_output((assets / "hibari.onnx").read_bytes(), DURATIONS)
            self._session = onnxruntime.InferenceSession(graph, _options(), ["CPUExecutionProvider"])
            self._normalise, self._synthesise = reader.normalize, sound.synth
            self._reader: Any = reader.G2P()
            self._reader.oov("parley")  # loads, once, what guesses at words that are in no list
        except Exception as error:
            raise NotReady(
                f"{WHEELS['hibari']} cannot be loaded ({type(error).__name__}): its files in {str(folder)!r} "
                "are broken or another version's; without that folder they are fetched anew"
            ) from error
        self.speak("hələʊ", 1.0)
        _spare_the_collector()

    @property
    def phonemes(self) -> frozenset[str]:
        """The characters that it can speak; others it passes over."""
        return frozenset(self._symbols)

    def read(self, text: str) -> list[tuple[str, str]]:
        """The words as they are spoken, "10:30" as two, each with its phonemes and the marks that touch it.

        A word that it cannot read has no phonemes. Whatever the library raises, this does.
        """
        words: list[tuple[str, str]] = []
        is_new = True
        for token in self._reader.phonemize_tokens(self._reader.tokenize(self._normalise(text))):
            if is_new:
                words.append(("", ""))
            written, spoken = words[-1]
            words[-1] = (written + token.text, spoken + (token.phonemes or ""))
            is_new = bool(token.whitespace)
        return words

    def speak(self, phonemes: str, speed: float) -> tuple[Audio, list[int]]:
        """Samples, about -0.5 to 0.5 at 24 kHz, and at which of them each phoneme begins, with the end last.

        `phonemes` are of `phonemes` only. Raises InternalFault where durations and sound disagree.
        """
        symbols = [BORDER, *(self._symbols[phoneme] for phoneme in phonemes), BORDER]
        inputs = {"ids": np.array([symbols], np.int64), "speed": np.array([speed], np.float32)}
        *spectra, pitch, durations = self._session.run(None, inputs)
        frames = spectra[0].shape[-1]
        if (
            (len(spectra), len(durations)) != (SPECTRA, len(symbols))
            or frames != FRAMES_PER_DURATION * durations.sum()
        ):  # fmt: skip
            raise InternalFault(
                f"hibari's phonemes last {durations.sum():g} units of 25 ms and its sound {frames} frames of "
                f"12.5 ms: {DURATIONS} is not what it is in {WHEELS['hibari']}"
            )
        noise = np.random.default_rng(SEED)
        samples: Audio = self._synthesise(*(output[0] for output in spectra), pitch[0], noise)
        starts = [0, *accumulate(int(duration) * DURATION_SAMPLES for duration in durations)]
        return samples, starts[1:-1]

    def unload(self) -> None:
        """Give the memory back; nobody may be speaking."""
        del self._session, self._reader
        give_back_freed()


def with_output(model: bytes, name: str) -> bytes:
    """An ONNX model that also puts out one of its inner float tensors.

    In protobuf's encoding a message that is written twice is merged: a second graph with nothing but one
    more output (ModelProto.graph = 7, GraphProto.output = 12, ValueInfoProto.name = 1 and .type = 2,
    TypeProto.tensor_type = 1, its elem_type = 1 FLOAT) adds to the first one.
    """
    tensor = _field(1, b"\x08\x01")
    return model + _field(7, _field(12, _field(1, name.encode()) + _field(2, tensor)))


def _field(number: int, content: bytes) -> bytes:
    """A field with a length, of fewer than 16 numbers and fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # What a long clause took would stay taken; without, the model is no slower.
    options.enable_cpu_mem_arena = False
    return options


def _spare_the_collector() -> None:
    """Its word lists are many objects: looking through them again, nothing else runs for some 50 ms.

    They are in no cycles: unloaded, they go all the same.
    """
    gc.collect()
    gc.freeze()


def _import(folder: Path) -> str:
    """Import the package in a folder; the name that its modules are imported by.

    A package of that name that was imported before, from another folder, goes.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert isinstance(spec, ModuleSpec)
    assert spec.loader is not None
    package: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    return PACKAGE
