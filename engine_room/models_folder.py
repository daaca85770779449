"""Tells Hugging Face's library where models are, for every engine: some load them without asking us."""

import os
import sys


def use_models_folder(folder: str) -> None:
    """Hugging Face's library looks for models, and downloads them, there; "" changes nothing.

    The library reads its variable when it is imported; where that has happened already, it is told.
    """
    if not folder:
        return
    os.environ["HF_HUB_CACHE"] = folder
    if (constants := sys.modules.get("huggingface_hub.constants")) is not None:
        constants.HF_HUB_CACHE = folder  # type: ignore[attr-defined]
