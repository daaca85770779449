"""One session while it lives: what it does, and how its last turn went."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableRefresh, VariableSort

from deploy.grafana.source.panels import SOURCE, Limits, Query, board, lines, named, number, states

PHASES = (
    ("0", "listening", "blue"),
    ("1", "user's turn", "green"),
    ("2", "thinking", "orange"),
    ("3", "speaking", "purple"),
    ("4", "closed", "text"),
)
STAGES = (
    ("End of turn", "end_of_turn"),
    ("Final transcript", "stt_final"),
    ("First token", "llm_first_token"),
    ("First audio", "tts_first_audio"),
    ("First byte", "first_byte"),
)


def of(name: str) -> str:
    return f'parley_session_{name}{{session="$session"}}'


def session() -> Dashboard:
    now = [
        number("Now", "What it is doing.", of("phase"), mappings=[named(PHASES)], width=4),
        number("Turn", "Its number.", of("turn"), width=4, decimals=0),
        number("Age", "Since it came in.", of("age_seconds"), "s", width=4),
        number("Interruptions", "Replies that its user cut short.", of("interruptions"), width=4, decimals=0),
        number(
            "Underruns",
            "Times that its client ran out of audio in the middle of a reply.",
            of("underruns"),
            limits=Limits(1, 5),
            width=4,
            decimals=0,
        ),
        number(
            "Faults",
            "Errors of ours or of a service that it was shown.",
            of("faults"),
            limits=Limits(1, 3),
            width=4,
            decimals=0,
        ),
    ]
    turns = [
        states("Phases", "What it did, over time.", Query(of("phase"), "phase"), PHASES, width=24, height=5),
        lines(
            "Its last turn, stage by stage",
            "One upon the other, from the last voiced sample to the first byte of the reply.",
            [Query(of(f"{name}_seconds"), title) for title, name in STAGES],
            "s",
            Limits(0.8, 1.2),
            width=12,
            stacked=True,
        ),
        lines(
            "Voice to voice",
            "Of its last spoken turn: last voiced sample to the first audio.",
            [Query(of("voice_to_voice_seconds"), "voice to voice")],
            "s",
            Limits(0.8, 1.2),
            width=12,
        ),
        lines(
            "Buffered",
            "Reply audio that waits in the gateway to be sent.",
            [Query(of("buffered_seconds"), "buffered")],
            "s",
            Limits(0.5, 1.0),
            width=12,
        ),
        lines(
            "Unsent",
            "Bytes that wait for its socket: a client that reads slowly.",
            [Query(of("unsent_bytes"), "unsent")],
            "bytes",
            Limits(65_536, 524_288),
            width=12,
        ),
    ]
    return board(
        "parley-session",
        "Parley: one session",
        "One of the sessions that live now; the oldest hundred of each gateway can be chosen.",
        [("Now", now), ("Turn by turn", turns)],
    ).with_variable(
        QueryVariable("session")
        .label("Session")
        .description("By its id, as in the logs of every process.")
        .datasource(SOURCE)
        .query("label_values(parley_session_turn, session)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
