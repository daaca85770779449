"""How long a voice stops after a clause. Pure."""

SENTENCE_PAUSE_MS, COMMA_PAUSE_MS, NO_PAUSE_MS = 280, 140, 30
_CLOSERS = "\"'”’»)]"


def pause_ms(clause: str) -> int:
    """How long a reader stops after this clause."""
    mark = clause.rstrip(_CLOSERS)[-1:]
    if mark in ".!?…。！？":
        return SENTENCE_PAUSE_MS
    return COMMA_PAUSE_MS if mark in ",;:—–،؛，、；：" else NO_PAUSE_MS
