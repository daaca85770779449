"""Prints the table and, as its last line, one JSON object."""

import asyncio
import json

from engine_room.wheels import WHEELS, fetch
from stt_service.engines.smart_turn_model import SmartTurn
from stt_service.settings import SttSettings
from tests.load.measure import percentile
from tests.load.turn_ends.hearing import Ends, hear_all
from tests.load.turn_ends.scenes import Scene, people, voice

SILENCES_MS = (400, 600, 800, 1000)
HEAD = f"  {'a turn ends':<26}{'cut off, of pauses':>20}{'noticed after, ms: p50':>24}{'mean':>7}{'p95':>7}"


def row(name: str, ends: Ends) -> str:
    delays = ends.delays_ms
    times = (
        f"{percentile(delays, 0.5):>24.0f}{sum(delays) / len(delays):>7.0f}{percentile(delays, 0.95):>7.0f}"
    )
    return f"  {name:<26}{f'{ends.cut_off} of {ends.pauses}':>20}{times}"


def measure(who: str, scenes: list[Scene], model: SmartTurn) -> tuple[Ends, Ends]:
    """By the silence that the service has by default, and by the model before it."""
    settings = SttSettings()
    print(f"\n{who}: {len(scenes)} turns\n{HEAD}")
    by_silence = {end_ms: asyncio.run(hear_all(scenes, end_ms)) for end_ms in SILENCES_MS}
    for end_ms, ends in by_silence.items():
        print(row(f"by {end_ms} ms of silence", ends))
    usual_ms = settings.stt_end_trigger_ms
    by_model = asyncio.run(hear_all(scenes, usual_ms, model, settings.stt_patient_trigger_ms))
    print(row("by smart_turn", by_model))
    return by_silence[usual_ms], by_model


def print_curves() -> dict[str, float]:
    """What is printed as one JSON object."""
    model = SmartTurn(asyncio.run(fetch(WHEELS["smart-turn"])))
    model.finished(b"")
    said = [measure("people", people(), model), measure("the embedded voice", voice(), model)]
    by_silence = Ends.of(ends for ends, _ in said)
    by_model = Ends.of(ends for _, ends in said)
    cpu_ms = percentile(by_model.cpu_ms, 0.5)
    print(f"\n  a question, ms of CPU: p50 {cpu_ms:.0f}, most {max(by_model.cpu_ms):.0f}")
    result = {
        "silence_ms": percentile(by_silence.delays_ms, 0.5),
        "smart_turn_ms": percentile(by_model.delays_ms, 0.5),
        "cutoff_rate_silence": by_silence.cut_off / by_silence.pauses,
        "cutoff_rate_smart_turn": by_model.cut_off / by_model.pauses,
        "question_cpu_ms": cpu_ms,
    }
    return {name: round(value, 3) for name, value in result.items()}


def main() -> None:
    print(json.dumps(print_curves()))


if __name__ == "__main__":
    main()
