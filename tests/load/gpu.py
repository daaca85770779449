"""How many streams a GPU carries in real time: `make bench-gpu`. Real sizes, random weights, no downloads.

The checkpoints, 6 GB at most, are written to the temporary folder and loaded as the services load theirs. One
JSON line a model and batch, and at the end one that names the largest batch whose step stays under 80 ms.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from chassis.faults import NotReady
from stt_service.engines.moshi_frames import FRAME_SAMPLES
from tests.load.kyutai_sizes import MODELS, load_listener, load_speaker, write
from tests.load.measure import percentile
from tts_service.engines.moshi_model import USUAL_CODEBOOKS, MoshiVoice
from tts_service.engines.moshi_slots import Manner

FRAME_MS = 80.0
BATCHES = (1, 8, 16, 32, 64, 128, 256, 400)
SENTENCE = "Yesterday I went to the market and bought some apples for my mother, who likes them very much"
TEXT = tuple(SENTENCE.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default=",".join(MODELS), help="comma separated")
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)), help="comma separated")
    parser.add_argument("--steps", type=int, default=100, help="measured, after the warm-up")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--codebooks", type=int, default=USUAL_CODEBOOKS, help="of the voice; fewer are quicker and rougher"
    )
    parser.add_argument("--tiny", action="store_true", help="a few layers, to try this script out")
    options = parser.parse_args()
    best: dict[str, int] = {}
    for name in options.models.split(","):
        with TemporaryDirectory(prefix=f"{name}-") as folder:
            checkpoint = write(name, Path(folder), options.device, options.tiny)
            for batch in map(int, options.batches.split(",")):
                result = measure(name, checkpoint, batch, options)
                print(json.dumps(result), flush=True)
                if result.get("error") or result["step_p99_ms"] > FRAME_MS:
                    break  # more will not fit either
                best[name] = batch
    device = torch.cuda.get_device_name() if options.device.startswith("cuda") else "cpu"
    print(json.dumps({"device": device, "tiny": options.tiny, "largest_in_real_time": best}))


def measure(name: str, checkpoint: Path, batch: int, options: argparse.Namespace) -> dict[str, Any]:
    """A model that does not fit is an answer too."""
    result: dict[str, Any] = {"model": name, "batch": batch, "codebooks": options.codebooks}
    try:
        if name.startswith("stt"):
            return result | listen(checkpoint, batch, options)
        return result | speak(checkpoint, batch, options)
    except torch.cuda.OutOfMemoryError:
        return result | {"error": "out of memory"}
    except NotReady as refusal:
        return result | {"error": str(refusal)}
    finally:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


def listen(checkpoint: Path, batch: int, options: argparse.Namespace) -> dict[str, Any]:
    model = load_listener(checkpoint, batch, options.device)
    model.warm()
    model.audio[:] = np.random.default_rng(0).standard_normal((batch, FRAME_SAMPLES)) * 3000
    every = np.ones(batch, np.bool_)
    return timed(lambda: model.step(every), options.steps)


def speak(checkpoint: Path, batch: int, options: argparse.Namespace) -> dict[str, Any]:
    model = load_speaker(checkpoint, batch, options.device, options.codebooks)
    model.warm()
    first = first_sound_ms(model, batch)
    begin(model, batch)
    slots = list(range(batch))
    for _ in range(22):
        model.step(slots)
    return {"first_audio_ms": round(first, 1), **timed(lambda: model.step(slots), options.steps)}


def begin(model: MoshiVoice, batch: int) -> None:
    for slot in range(batch):
        model.begin(slot, Manner(""))
        for word in TEXT * 5:
            model.add(slot, word)
        model.end(slot)


def first_sound_ms(model: MoshiVoice, batch: int) -> float:
    """From the first word to the first sound, of a reply that begins while all other slots speak.

    Its steps before its delay are its alone, as the service's board has it while nobody is in haste.
    """
    begin(model, batch)
    slots = list(range(batch))
    for _ in range(22 if batch > 1 else 0):
        model.step(slots)
    started = time.perf_counter()
    model.begin(0, Manner(""))
    for word in TEXT[:3]:
        model.add(0, word)
    while not model.step([0] if model.is_early(0) else slots)[0].pcm:
        pass
    return (time.perf_counter() - started) * 1000


def timed(step: Callable[[], object], steps: int) -> dict[str, Any]:
    """Each step ends with its results on the processor, so the clock needs no more synchronising."""
    took: list[float] = []
    for _ in range(steps):
        started = time.perf_counter()
        step()
        took.append((time.perf_counter() - started) * 1000)
    memory = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0
    return {
        "step_p50_ms": round(percentile(took, 0.5), 2),
        "step_p99_ms": round(percentile(took, 0.99), 2),
        "memory_gb": round(memory, 2),
    }


if __name__ == "__main__":
    main()
