"""The figures of the last line, out of what the scenarios came to."""

from collections.abc import Iterable, Mapping

from cli.rehearsal.results import Result, percentile

ENDS = ("question", "slow_numbers", "two_halves")
"""Who speaks alone, and is to be answered when he has finished."""
NOISES = ("cough", "door", "music", "echo")
INTERRUPTIONS = ("interruption", "ten_interruptions")


def figures(by_silence: Mapping[str, Result], by_model: Mapping[str, Result]) -> dict[str, float | None]:
    return {
        "silence_ms": answered_ms(by_silence),
        "smart_turn_ms": answered_ms(by_model),
        "cutoff_rate_silence": cut_rate(by_silence),
        "cutoff_rate_smart_turn": cut_rate(by_model),
        "backchannel_stops": runs_with("stopped", [by_silence["backchannels"]]),
        "false_stops": runs_with("stopped", [by_silence[name] for name in NOISES]),
        "missed_interruptions": runs_with("missed", [by_silence[name] for name in INTERRUPTIONS]),
        "backchannels": runs_of([by_silence["backchannels"]]),
        "noises": runs_of([by_silence[name] for name in NOISES]),
        "interruptions": runs_of([by_silence[name] for name in INTERRUPTIONS]),
    }


def answered_ms(results: Mapping[str, Result]) -> float | None:
    """From the end of a plain question to the first sound of its answer, half of the times.

    A number is waited for on purpose, and who is cut off is answered soonest.
    """
    return percentile(results["question"].latencies_ms, 0.5)


def cut_rate(results: Mapping[str, Result]) -> float:
    """The share of callers who were answered before they had finished."""
    ends = [results[name] for name in ENDS]
    return round(runs_with("cut", ends) / runs_of(ends), 3)


def runs_with(kind: str, results: Iterable[Result]) -> int:
    return sum(result.faults.get(kind, 0) for result in results)


def runs_of(results: Iterable[Result]) -> int:
    return sum(len(result.runs) for result in results)
