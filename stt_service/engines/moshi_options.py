"""What the moshi engine is made from; here, so that choosing it loads no library."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MoshiOptions:
    """`model` is a folder or a name of the hub's. `streams_per_slot`: how many share a slot in turn.

    `delay_ms` is how late words are written; 0: as the checkpoint says. `temperature`: chance in what it
    writes; 0: none. `needs_pauses`: a model that predicts none is refused.
    """

    model: str
    slots: int
    device: str = ""
    dtype: str = "auto"
    tick_ms: float = 80
    delay_ms: int = 0
    temperature: float = 0.25
    streams_per_slot: int = 1
    needs_pauses: bool = False
