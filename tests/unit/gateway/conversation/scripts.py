"""What may happen to a conversation, drawn at random.

A script is a list of moves; most are aimed at the turn under way, some at dead turns, and time passes between
them, so deadlines fire.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

WORDS = ("yes ", "no, ", "well ", "tea? ", " ", "")


@dataclass(frozen=True)
class Move:
    kind: str
    wait_s: float
    stale: bool
    number: int


KINDS = (
    "started",
    "stopped",
    "partial",
    "noticed",
    "dismissed",
    "hum",
    "word",
    "hummed",
    "final",
    "empty_final",
    "open_final",
    "lost",
    "stalled",
    "committed",
    "typed",
    "stop",
    "level",
    "end",
    "text",
    "text_done",
    "text_failed",
    "audio",
    "audio_done",
    "audio_failed",
    "played",
    "played_out",
    "analysis",
    "analysis_failed",
    "wait",
)
MOVES = st.builds(
    Move,
    kind=st.sampled_from(KINDS),
    wait_s=st.sampled_from((0.0, 0.0, 0.01, 0.3, 1.0, 2.5, 9.0)),
    stale=st.sampled_from((False, False, False, False, True)),
    number=st.integers(0, 5),
)
STORY = ("started", "stopped", "final", "text", "text", "text_done", "audio", "audio", "audio_done", "played")
"""A turn as it should go. Scripts begin and leave it anywhere, so that chance reaches every phase."""
ENDS = (
    (),
    ("text_failed",),
    ("audio_failed",),
    ("played_out",),
    ("started", "empty_final"),
    ("noticed", "dismissed"),
    ("noticed", "started", "empty_final", "played"),
    ("noticed", "started", "hum", "stopped", "hummed"),
    ("noticed", "started", "partial", "stopped", "final"),
    ("noticed", "started", "hum", "final"),
    ("noticed", "started", "played_out", "hummed"),
    ("noticed", "played_out", "dismissed"),
    ("noticed", "audio", "played", "stop"),
    ("noticed", "started", "word", "typed"),
    ("noticed", "started", "word", "stop"),
    ("noticed", "started", "word"),
    ("noticed", "started", "hum", "stop", "hummed"),
    ("noticed", "started", "hum", "noticed", "hummed", "dismissed"),
    ("text", "text_failed"),
    ("noticed", "started", "hum", "lost"),
    ("started", "played"),
    ("stop", "played"),
    ("typed", "started", "empty_final"),
    ("started", "open_final"),
    ("started", "open_final", "started", "final"),
    ("started", "open_final", "started", "empty_final"),
    ("started", "open_final", "committed"),
    ("started", "committed", "open_final"),
)
"""How a part may go wrong where it is left."""


def _part(
    bounds: tuple[int, int], wait_s: float, number: int, end: tuple[str, ...], end_number: int
) -> list[Move]:
    start, stop = sorted(bounds)
    told = [Move(kind, wait_s, stale=False, number=number) for kind in STORY[start : stop + 1]]
    return told + [Move(kind, wait_s, stale=False, number=end_number) for kind in end]


PARTS = st.builds(
    _part,
    st.tuples(st.integers(0, 2), st.integers(0, len(STORY) - 1)),
    st.sampled_from((0.0, 0.1)),
    st.integers(0, 3),
    st.sampled_from(ENDS),
    st.integers(0, 4),
)
BEGINS = (
    ("started", "whole", "paused"),
    ("typed", "text", "started", "whole", "paused"),
    ("started", "open_whole", "paused"),
    ("started", "started", "whole", "paused"),
)
DRAFT_ENDS = (
    ("final",),
    ("text", "final"),
    ("text", "text", "final"),
    ("text", "stopped", "final", "text", "text_done", "audio", "played"),
    ("text", "text_done", "final", "audio", "audio_done", "played_out"),
    ("text_done", "final"),
    ("text_failed", "final"),
    ("text", "text_failed", "final"),
    ("text", "partial", "final"),
    ("text", "partial", "whole", "paused", "final"),
    ("text", "open_final", "final"),
    ("text", "typed"),
    ("text", "lost"),
    ("text", "empty_final"),
    ("text", "started", "partial", "lost"),
    ("text", "started", "final", "final"),
    ("level", "final"),
    ("text", "level", "final"),
    ("committed", "final"),
    ("text",),
    ("stopped",),
    (),
)
DRAFTS = st.builds(
    lambda begin, end, wait_s, number: [
        Move(kind, wait_s, stale=False, number=number) for kind in begin + end
    ],
    st.sampled_from(BEGINS),
    st.sampled_from(DRAFT_ENDS),
    st.sampled_from((0.0, 0.1)),
    st.integers(0, 5),
)
"""Replies that are begun when their user may have finished."""
TOLD = (
    (("typed", 0), ("text", 0), ("audio", 0), ("started", 0), ("wait", 2.5), ("empty_final", 0)),
    (("typed", 0), ("audio_failed", 0), ("text", 0), ("started", 0.1), ("final", 0.5)),
    (("typed", 0), ("text", 0), ("started", 0.1), ("partial", 0.1), ("final", 0.5)),
    (("typed", 0), ("text_failed", 0), ("started", 0.1), ("final", 0.5)),
    (("started", 0), ("final", 0.5), ("started", 0.1), ("empty_final", 0.5), ("text", 0.1)),
    (("started", 0), ("final", 0.5), ("started", 0.1), ("typed", 0.5), ("text", 0.1)),
    (("started", 0), ("whole", 0.5), ("paused", 0.1)),
)
STORIES = st.builds(
    lambda told, number: [Move(kind, wait_s, stale=False, number=number) for kind, wait_s in told],
    st.sampled_from(TOLD),
    st.sampled_from((1, 2, 3, 5)),
)
"""What takes its time, and what chance seldom tells."""
DRAFT_SCRIPTS = st.lists(
    st.one_of(DRAFTS, DRAFTS, STORIES, PARTS, MOVES.map(lambda move: [move])), min_size=1, max_size=5
).map(lambda parts: [move for part in parts for move in part])
SCRIPTS = st.lists(st.one_of(MOVES.map(lambda move: [move]), PARTS), min_size=1, max_size=14).map(
    lambda parts: [move for part in parts for move in part]
)
