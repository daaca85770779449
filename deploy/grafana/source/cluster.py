"""Is the cluster well: who talks, what fails, which process is slow, what Redis does."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.grafana.source.panels import Limits, Query, board, lines, named, number, quantiles, states

UP_AND_DOWN = (("0", "no", "red"), ("1", "yes", "green"))
OURS = '{service=~"gateway|stt|llm|tts|analysis"}'
"""A Prometheus may watch other processes too."""
FIRING = (
    'max by (alertname, severity) (ALERTS{alertstate="firing", system="parley"}) '
    'or on () label_replace(vector(0), "alertname", "none", "", "")'
)


def cluster() -> Dashboard:
    now = [
        number("Sessions", "People who are talking now, in all gateways.", "parley:sessions:sum"),
        number("Turns a minute", "Exchanges that ended, over five minutes.", "60 * parley:turns:rate5m"),
        number(
            "Sessions without a fault",
            "Of those that ended in the last hour: no error of ours or of a service. Promised: 99.9 %.",
            "1 - (parley:faulted_sessions:ratio_rate1h >= 0 or on () vector(0))",
            "percentunit",
            Limits(0.999, 0.99, floor=True),
            decimals=2,
        ),
        number(
            "Answers within 1.2 s",
            "Of the last hour's spoken turns: last voiced sample to first byte of the reply. Promised: 99 %.",
            "1 - (parley:slow_answers:ratio_rate1h >= 0 or on () vector(0))",
            "percentunit",
            Limits(0.99, 0.95, floor=True),
            decimals=1,
        ),
        number(
            "Silenced within 300 ms",
            "Of the last hour's interruptions: first voiced sample to the reply flushed. Promised: 99 %.",
            "1 - (parley:slow_barge_ins:ratio_rate1h >= 0 or on () vector(0))",
            "percentunit",
            Limits(0.99, 0.95, floor=True),
            decimals=1,
        ),
        number(
            "Alerts",
            "That fire now; each says what to do under Alerting, Alert rules.",
            'count(ALERTS{alertstate="firing", system="parley"}) or vector(0)',
            limits=Limits(1, 3),
        ),
    ]
    health = [
        states(
            "Processes",
            "Whether Prometheus reaches each process.",
            Query(f"min by (service) (up{OURS})", "{{service}}"),
            UP_AND_DOWN,
            width=8,
        ),
        states(
            "Models",
            "Whether each engine is loaded and warm.",
            Query("min by (service, engine) (parley_engine_ready)", "{{service}}: {{engine}}"),
            UP_AND_DOWN,
            width=8,
        ),
        states(
            "Alerts that fired",
            "What they mean and what to do stands under Alerting, Alert rules.",
            Query(FIRING, "{{alertname}}"),
            (("0", "quiet", "green"), ("1", "fires", "red")),
            width=8,
        ),
    ]
    talk = [
        lines(
            "Sessions by dialect",
            "Now, by the WebSocket language of their clients.",
            [Query("sum by (dialect) (parley_sessions)", "{{dialect}}")],
            stacked=True,
        ),
        lines(
            "Turns",
            "A second, by whether their user let the reply end.",
            [Query("sum by (outcome) (rate(parley_turns_total[5m]))", "{{outcome}}")],
            "ops",
            stacked=True,
        ),
        lines(
            "Sessions that ended",
            "A second, by reason. internal is a defect of ours; client_fault and too_slow are the client's.",
            [Query("sum by (reason) (rate(parley_sessions_ended_total[5m]))", "{{reason}}")],
            "ops",
        ),
        lines(
            "Errors shown",
            "A second, by code: it names the stage that failed or was late.",
            [Query("sum by (code) (rate(parley_turn_errors_total[5m]))", "{{code}}")],
            "ops",
        ),
        lines(
            "Turned away",
            "A second, by reason. full is MAX_SESSIONS, no_slot a service without a place.",
            [Query("sum by (reason) (rate(parley_sessions_refused_total[5m]))", "{{reason}}")],
            "ops",
        ),
        lines(
            "Bad messages and lost audio",
            "Messages refused, and seconds of speech that nobody heard, a second.",
            [
                Query("sum(rate(parley_client_faults_total[5m])) or vector(0)", "messages refused"),
                Query(
                    'sum(rate(parley_dropped_audio_seconds_total{path="microphone"}[5m]))',
                    "microphone seconds dropped",
                ),
            ],
        ),
    ]
    memory = [
        number(
            "Redis",
            "Whether every gateway's last write worked. People go on talking while it does not.",
            "min(parley_redis_up)",
            limits=Limits(1, floor=True),
            mappings=[named((("0", "away", "red"), ("1", "up", "green")))],
        ),
        number(
            "Waiting",
            "What waits in the gateways to be written; each keeps 5 MB at most.",
            "sum(parley_memory_waiting_bytes)",
            "bytes",
            Limits(1e6, 4e6),
        ),
        number(
            "Lost",
            "Entries dropped since the gateways started: the buffer was full, or Redis refused them.",
            "sum(parley_memory_lost_entries_total)",
            limits=Limits(1, 10),
        ),
        number(
            "Written",
            "Entries a second.",
            "sum(rate(parley_memory_written_entries_total[5m]))",
            "ops",
        ),
        number(
            "Analyses",
            "Of conversations, a minute, whoever judged.",
            "60 * (sum(rate(parley_analyses_total[5m])) or vector(0))",
        ),
        number(
            "Analyses by rules",
            "In the last hour, in the language model's place.",
            "sum(increase(parley_analysis_fallbacks_total[1h]))",
            limits=Limits(1, 10),
            decimals=0,
        ),
    ]
    processes = [
        lines(
            "Event loop lag",
            "How late a sleeper is woken, p99. Everybody's audio waits as long.",
            [
                Query(
                    "histogram_quantile(0.99,"
                    " sum by (service, le) (rate(parley_loop_lag_seconds_bucket[5m])))",
                    "{{service}}",
                )
            ],
            "s",
            Limits(0.02, 0.04),
        ),
        lines(
            "CPU",
            "Cores that each process uses.",
            [Query(f"rate(process_cpu_seconds_total{OURS}[$__rate_interval])", "{{service}} {{instance}}")],
        ),
        lines(
            "Memory",
            "Resident, of each process alone; with an engine's own processes: on the capacity dashboard.",
            [Query(f"process_resident_memory_bytes{OURS}", "{{service}} {{instance}}")],
            "bytes",
        ),
        lines(
            "File descriptors",
            "Open, of those allowed.",
            [Query(f"process_open_fds{OURS} / process_max_fds", "{{service}} {{instance}}")],
            "percentunit",
            Limits(0.5, 0.8),
        ),
        lines("Tasks", "Of each event loop.", [Query("parley_tasks", "{{service}} {{instance}}")]),
        lines(
            "Uptime",
            "Since each process started; the version is in the legend.",
            [
                Query(
                    "(time() - process_start_time_seconds)"
                    " * on (instance) group_left (version) parley_build_info",
                    "{{service}} {{instance}}, version {{version}}",
                )
            ],
            "s",
        ),
    ]
    answers = [
        lines(
            "The wait for an answer",
            "Last voiced sample to first byte of the reply, over five minutes.",
            quantiles("parley_answer_seconds"),
            "s",
            Limits(0.8, 1.2),
            width=24,
        )
    ]
    return board(
        "parley-cluster",
        "Parley: the cluster",
        "Whether the cluster is well, and if not, where to look.",
        [
            ("Now", now),
            ("Health", health),
            ("Conversations", talk),
            ("Answers", answers),
            ("Redis and analyses", memory),
            ("Processes", processes),
        ],
    )
