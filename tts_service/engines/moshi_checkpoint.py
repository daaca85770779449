"""What a Kyutai voice is made of: its checkpoint, by the names in its config.json, and its voices."""

import json
from functools import partial
from pathlib import Path

from moshi.models.loaders import CheckpointInfo

from tts_service.engines.moshi_files import Files, cached_files, fetch_within
from tts_service.engines.moshi_voices import REPO, Voices, voices_of_collection, voices_of_folder

VOICES_S = 20.0
"""For the voices that are not in the cache. They are small: a hub that needs longer hangs."""


def read_checkpoint(find: Files) -> CheckpointInfo:
    """Raises NotReady for a file that is not there."""
    config = find("config.json")
    names = json.loads(config.read_text(encoding="utf-8"))
    return CheckpointInfo.from_hf_repo(
        "local",
        moshi_weights=find(names["moshi_name"]),
        mimi_weights=find(names["mimi_name"]),
        tokenizer=find(names["tokenizer_name"]),
        config_path=config,
        mimi_config_path=find(names["mimi_config_name"]) if "mimi_config_name" in names else None,
    )


def find_voices(folder: Path | None, suffix: str, wanted: str) -> Voices:
    """Of the checkpoint's folder, else of the collection: see there. Raises NotReady when there are none."""
    if folder is not None:
        return voices_of_folder(folder, suffix)
    fetch = partial(fetch_within, REPO, seconds=VOICES_S)
    return voices_of_collection(suffix, wanted, partial(cached_files, REPO, suffix), fetch)
