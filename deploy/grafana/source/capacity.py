"""How much more fits: sessions, slots, queues, the models' steps, and memory against the GPU slices."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from deploy.grafana.source.panels import AnyPanel, Limits, Query, board, lines, number


def sessions() -> list[AnyPanel]:
    return [
        number(
            "Places taken",
            "Sessions, of those that all gateways may have (MAX_SESSIONS).",
            "parley:sessions:sum / parley:sessions_limit:sum",
            "percentunit",
            Limits(0.7, 0.9),
            width=6,
            decimals=1,
        ),
        *(
            number(
                f"{words} free",
                f"Slots of {link} that this cluster's gateways see free: the gateway with the fewest.",
                f'min(parley_link_slots_free{{link="{link}"}})',
                limits=Limits(4, 1, floor=True),
                width=6,
            )
            for link, words in (("stt", "Recogniser"), ("llm", "Language model"), ("tts", "Voice"))
        ),
    ]


def places() -> list[AnyPanel]:
    return [
        lines(
            "Sessions and their limit",
            "In all gateways. Whoever comes above the limit is refused.",
            [
                Query("parley:sessions:sum", "sessions"),
                Query("parley:sessions_limit:sum", "limit"),
            ],
        ),
        lines(
            "Slots taken",
            "Share of each service's slots, all replicas together. Above 70 % another replica is due.",
            [Query("parley:slots_used:ratio", "{{service}}")],
            "percentunit",
            Limits(0.7, 0.9),
        ),
        lines(
            "Turned away for want of room",
            "A second: full is MAX_SESSIONS, no_slot a place that is wanting, not_ready a model that is.",
            [
                Query(
                    "sum by (reason)"
                    ' (rate(parley_sessions_refused_total{reason=~"full|no_slot|not_ready"}[5m]))',
                    "{{reason}}",
                )
            ],
            "ops",
        ),
        lines(
            "Slots",
            "Of each engine, and how many of them are taken.",
            [
                Query("sum by (service, engine) (parley_slots)", "{{service}} {{engine}}: all"),
                Query("sum by (service, engine) (parley_slots_used)", "{{service}} {{engine}}: taken"),
            ],
        ),
        lines(
            "Replicas",
            "That the gateways know, and that are ready; where they disagree, the gateway that sees fewest.",
            [
                Query("min by (link) (parley_link_replicas)", "{{link}}"),
                Query("min by (link) (parley_link_replicas_ready)", "{{link}}, ready"),
            ],
        ),
        lines(
            "Not shown one by one",
            "Sessions beyond the hundred of each gateway that have series of their own.",
            [Query("sum(parley_sessions_not_shown)", "sessions")],
        ),
    ]


def gpu() -> list[AnyPanel]:
    return [
        lines(
            "GPU memory against its slice",
            "What each model holds, of what it may hold (GPU_SLICE). Nought where there is no GPU.",
            [
                Query("sum by (service) (parley_gpu_held_bytes)", "{{service}}: holds"),
                Query("sum by (service) (parley_gpu_slice_bytes)", "{{service}}: slice"),
            ],
            "bytes",
            width=12,
        ),
        lines(
            "Slice used",
            "Held, of the slice. Above 100 % the neighbours on the card may run out.",
            [
                Query(
                    "sum by (service) (parley_gpu_held_bytes)"
                    " / (sum by (service) (parley_gpu_slice_bytes) > 0) or on () vector(0)",
                    "{{service}}",
                )
            ],
            "percentunit",
            Limits(0.95, 1.05),
            width=12,
        ),
        lines(
            "A step of all slots, p99",
            "Kyutai's models step every slot together: they have 80 ms for one.",
            [
                Query(
                    "histogram_quantile(0.99, sum by (le)"
                    f" (rate(parley_{service}_step_seconds_bucket[5m]))) >= 0 or on () vector(0)",
                    service,
                )
                for service in ("stt", "tts")
            ],
            "s",
            Limits(0.06, 0.08),
        ),
        lines(
            "Late steps",
            "Share of the steps that took longer than the speech they heard, or made.",
            [
                Query(
                    f"sum(rate(parley_{service}_late_steps_total[5m]))"
                    f" / sum(rate(parley_{service}_step_seconds_count[5m]))"
                    " >= 0 or on () vector(0)",
                    service,
                )
                for service in ("stt", "tts")
            ],
            "percentunit",
            Limits(0.01, 0.05),
        ),
        lines(
            "Slots that fell silent",
            "A minute: reset because they heard speech for six seconds and wrote nothing.",
            [Query("60 * (sum(rate(parley_stt_mute_slots_total[5m])) or vector(0))", "stt")],
        ),
    ]


def load() -> list[AnyPanel]:
    return [
        lines(
            "Memory held",
            "By each service and all its processes, GPU included.",
            [Query("parley_memory_held_bytes", "{{service}} {{instance}}")],
            "bytes",
        ),
        lines(
            "Queues of the sessions",
            "The longest of one session: events that wait for its conversation, messages for its socket.",
            [Query("max by (queue) (parley_queue_items_longest)", "{{queue}}")],
            limits=Limits(100, 1000),
        ),
        lines(
            "Queues of the lanes",
            "Items on all lanes of a service: unsent wait for the peer's credit, received for a reader.",
            [Query("sum by (service, queue) (parley_lane_items)", "{{service}} {{queue}}")],
        ),
        lines(
            "The fullest lane",
            "Of one lane, the most. One that overflows fails alone.",
            [Query("max by (service, queue) (parley_lane_items_longest)", "{{service}} {{queue}}")],
        ),
        lines("Lanes", "Open, at each end.", [Query("sum by (service) (parley_lanes)", "{{service}}")]),
        lines(
            "Unsent",
            "Bytes that wait for the sockets of clients that read slowly.",
            [Query("sum(parley_unsent_bytes)", "bytes")],
            "bytes",
        ),
    ]


def capacity() -> Dashboard:
    return board(
        "parley-capacity",
        "Parley: capacity and GPU",
        "How much more fits, and what would give first.",
        [("Room", sessions()), ("Places", places()), ("GPU", gpu()), ("Load", load())],
    )
