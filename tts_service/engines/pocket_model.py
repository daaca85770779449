"""Kyutai's Pocket TTS: loading, voices, one clause. Everything here blocks: it belongs on a thread."""

import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
from numpy.typing import NDArray
from pocket_tts import TTSModel
from pocket_tts.default_parameters import get_default_voice_for_language
from pocket_tts.utils.config import CONFIGS_DIR
from pocket_tts.utils.utils import _ORIGINS_OF_PREDEFINED_VOICES

from chassis.faults import NotReady, Unavailable
from chassis.secrets import words_of
from engine_room.freed_memory import give_back_freed
from engine_room.load_failures import why_not_loaded
from protos.sound import SPOKEN_RATE

LANGUAGES = {
    "english": "en",
    "french": "fr",
    "german": "de",
    "portuguese": "pt",
    "italian": "it",
    "spanish": "es",
    "dutch": "nl",
}
DEFAULT_VOICE = "default"

# Its warnings quote the text, which is nobody's to read.
logging.getLogger("pocket_tts").setLevel(logging.CRITICAL)


class PocketModel:
    """A loaded model. All that changes while it speaks belongs to one clause, so threads may share it.

    The library promises that of separate models only; a test holds the version at hand to it.
    """

    def __init__(self, name: str, cache: str = "") -> None:
        """Downloads what is not here yet. Raises NotReady with the reason in one line."""
        if cache:
            huggingface_hub.constants.HF_HUB_CACHE = cache  # the library takes no folder
        folder = Path(name).expanduser()
        config = find_config(folder) if folder.exists() else None
        if config is None and name not in known_names():
            raise NotReady(
                f"pocket has no model {name!r}; TTS_MODEL_NAME may be the path of a .yaml file in its "
                f"form, or one of {', '.join(known_names())}"
            )
        self.language = "any" if config else LANGUAGES.get(name.split("_")[0], "any")
        self._states: dict[str, Any] = {}
        self._lock = threading.Lock()
        try:
            self._model = TTSModel.load_model(**({"config": config} if config else {"language": name}))
            self._sources = _own_voices(config) if config else _listed_voices(name)
        except NotReady:
            raise
        except Exception as error:
            raise NotReady(f"pocket cannot load {name!r}: {why_not_loaded(error)}") from error
        if self._model.sample_rate != SPOKEN_RATE:
            raise NotReady(f"{name!r} speaks at {self._model.sample_rate} Hz; it must be {SPOKEN_RATE}")

    @property
    def voices(self) -> tuple[str, ...]:
        return tuple(self._sources)

    def find_voice(self, name: str) -> Any:
        """The state of a voice of `voices`, to speak with. The first time it may have to be downloaded.

        Raises Unavailable when that fails.
        """
        with self._lock:
            if name not in self._states:
                try:
                    self._states[name] = self._model.get_state_for_audio_prompt(self._sources[name])
                except Exception as error:
                    raise Unavailable(f"the voice {name!r} cannot be loaded: {words_of(error)}") from error
            return self._states[name]

    def speak(self, clause: str, state: Any, stop: threading.Event) -> Iterator[NDArray[np.float32]]:
        """A clause's samples, -1 to 1, as they are made. After `stop` at most one frame more is."""
        for chunk in self._model.generate_audio_stream(state, clause, stop=stop):
            yield chunk.detach().cpu().numpy().astype(np.float32)

    def unload(self) -> None:
        """Give the memory back; nobody may be speaking."""
        self._states.clear()
        del self._model
        give_back_freed()


def known_names() -> tuple[str, ...]:
    """The models that come with the library's name for them, by language."""
    return tuple(sorted(path.stem for path in CONFIGS_DIR.glob("*.yaml")))


def find_config(path: Path) -> Path:
    """A model's own .yaml file, given it or its folder. Raises NotReady."""
    if path.is_dir():
        found = sorted(path.glob("*.yaml"))
        if len(found) != 1:
            raise NotReady(f"the folder {str(path)!r} must hold one .yaml file and has {len(found)}")
        return found[0]
    return path


def _listed_voices(name: str) -> Mapping[str, str]:
    """The voices that were made for the library's own models, the language's own first, as `default`."""
    return {
        DEFAULT_VOICE: get_default_voice_for_language(name),
        **{voice: voice for voice in sorted(_ORIGINS_OF_PREDEFINED_VOICES)},
    }


def _own_voices(config: Path) -> Mapping[str, Path]:
    """Those in the folder `voices` beside a model of the operator's. Raises NotReady when there are none."""
    folder = config.parent / "voices"
    files = sorted(path for path in folder.glob("*") if path.suffix in (".safetensors", ".wav"))
    if not files:
        raise NotReady(
            f"there is no voice in {str(folder)!r}: put .wav files there, or what export-voice made"
        )
    found = {path.stem: path for path in files}
    return {DEFAULT_VOICE: found.get(DEFAULT_VOICE, files[0]), **found}
