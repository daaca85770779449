"""Which Whisper is loaded, and how: known without its library."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """`model`: a folder, a short name such as base.en, OpenAI's own name, or a CTranslate2 model of the hub.

    `device` is cpu, cuda, cuda:1 …, empty for the best there is; `dtype` auto or a number format; an empty
    `cache` is Hugging Face's.
    """

    model: str
    slots: int = 4
    device: str = ""
    dtype: str = "auto"
    cache: str = ""
