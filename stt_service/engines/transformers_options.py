"""What the transformers engine is made from; here, so that choosing it loads no library."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransformersOptions:
    """`model` is a folder or a repository in transformers' format, such as kyutai/stt-1b-en_fr-trfs.

    `attention` is eager, sdpa or flash_attention_2, empty for the library's own choice.
    """

    model: str
    slots: int = 4
    device: str = ""
    dtype: str = "auto"
    attention: str = ""
    cache: str = ""
