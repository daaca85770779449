"""Where the time of a turn goes: each stage, what they add up to, and how fast an interruption is obeyed."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.grafana.source.panels import (
    WINDOW,
    AnyPanel,
    Limits,
    Query,
    board,
    lines,
    number,
    quantiles,
    spread,
)

STAGES = (
    (
        "End of turn",
        "parley_end_of_turn_seconds",
        "Last voiced sample to the decision that the turn ended. Target: 300 ms.",
        Limits(0.3, 0.8),
    ),
    (
        "Final transcript",
        "parley_stt_final_seconds",
        "End of turn to the final transcript. Target: 100 ms.",
        Limits(0.15, 0.3),
    ),
    (
        "First token",
        "parley_llm_first_token_seconds",
        "Final transcript to the first text of the reply. Target: 250 ms for the first sentence.",
        Limits(0.3, 0.8),
    ),
    (
        "First audio",
        "parley_tts_first_audio_seconds",
        "First text to the first audio. Target: 120 ms.",
        Limits(0.15, 0.3),
    ),
    (
        "First byte",
        "parley_first_byte_seconds",
        "First audio to its first byte handed to the client's socket. Target: 30 ms.",
        Limits(0.02, 0.04),
    ),
    (
        "Voice to voice",
        "parley_voice_to_voice_seconds",
        "Last voiced sample to the first audio of the reply: all stages but the last.",
        Limits(0.8, 1.2),
    ),
)


def average(histogram: str) -> str:
    """Of the turns of the window; a stage that did not happen in it takes no time."""
    mean = f"sum(rate({histogram}_sum[{WINDOW}])) / sum(rate({histogram}_count[{WINDOW}]))"
    return f"{mean} >= 0 or on () vector(0)"


def stage(title: str, histogram: str, words: str, limits: Limits) -> AnyPanel:
    return lines(title, words, quantiles(histogram), "s", limits)


def quantile(share: float, histogram: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket[{WINDOW}])))"


def turn() -> Dashboard:
    whole = [
        number(
            f"Answer, {name}",
            "Last voiced sample to first byte of the reply, over five minutes. Promised: 1.2 s for 99 %.",
            quantile(share, "parley_answer_seconds"),
            "s",
            Limits(0.8, 1.2),
        )
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    ]
    whole += [
        number(
            f"Silence, {name}",
            "First voiced sample of an interruption to the reply flushed. Promised: 300 ms for 99 %.",
            quantile(share, "parley_voice_to_silence_seconds"),
            "s",
            Limits(0.25, 0.3),
        )
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    ]
    budget = [
        lines(
            "The budget of an answer",
            "The stages of the average turn, one upon the other. The targets add up to 0.8 s.",
            [Query(average(histogram), title) for title, histogram, _, _ in STAGES[:-1]],
            "s",
            Limits(0.8, 1.2),
            width=12,
            stacked=True,
        ),
        spread(
            "Answers",
            "How many took how long, last voiced sample to first byte. Two bands: two kinds of turn.",
            "parley_answer_seconds",
        ),
    ]
    interruptions = [
        lines(
            "Voice to silence",
            "First voiced sample to the reply flushed; 200 ms of it are what the detector needs to be sure.",
            quantiles("parley_voice_to_silence_seconds"),
            "s",
            Limits(0.25, 0.3),
        ),
        lines(
            "In the gateway",
            "Speech noticed to the reply flushed. Target: 40 ms for 99 %.",
            quantiles("parley_barge_in_seconds"),
            "s",
            Limits(0.02, 0.04),
        ),
        lines(
            "Interruptions",
            "A second, by what the user did.",
            [Query("sum by (cause) (rate(parley_barge_ins_total[5m]))", "{{cause}}")],
            "ops",
            stacked=True,
        ),
        lines(
            "Voices over replies",
            "A second, by what they were. The reply is held for each and goes on, but after an interruption.",
            [Query("sum by (outcome) (rate(parley_replies_held_total[5m]))", "{{outcome}}")],
            "ops",
            stacked=True,
        ),
        lines(
            "Drafts",
            "A second: replies begun when their user may have finished. What is dropped was written in vain.",
            [Query("sum by (outcome) (rate(parley_drafts_total[5m]))", "{{outcome}}")],
            "ops",
            stacked=True,
        ),
    ]
    playback = [
        lines(
            "Underruns",
            "A second: a client ran out of audio in the middle of a reply.",
            [Query("sum(rate(parley_playout_underruns_total[5m]))", "underruns")],
            "ops",
        ),
        lines(
            "Buffered",
            "Reply audio that waits in the gateways to be sent. Promised: 1 s of a session at most.",
            [
                Query("max(parley_buffered_audio_longest_seconds)", "the most of one session"),
                Query("sum(parley_buffered_audio_seconds)", "of all"),
            ],
            "s",
            Limits(0.5, 1.0),
        ),
        lines(
            "Dropped",
            "Seconds of audio a second: of replies cut short, and of microphones that nobody heard.",
            [Query("sum by (path) (rate(parley_dropped_audio_seconds_total[5m]))", "{{path}}")],
            "s",
        ),
    ]
    return board(
        "parley-turn",
        "Parley: a turn",
        "Where the time goes between a person's last word and the reply's first.",
        [
            ("The whole wait", whole),
            ("Budget", budget),
            ("Stage by stage", [stage(*each) for each in STAGES]),
            ("Interruptions", interruptions),
            ("Playback", playback),
        ],
    )
