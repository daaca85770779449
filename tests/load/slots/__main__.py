"""Prints the table and, as its last line, one JSON object."""

import asyncio
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.load.measure import VOID_LAG_MS
from tests.load.slots import ear, voice

LOOP_STREAMS, STEP_STREAMS = 200, 400


def main() -> None:
    spoken = asyncio.run(voice.measure())
    heard, crowded = _hear(LOOP_STREAMS), _hear(STEP_STREAMS)
    lag_ms = heard.lag_p99_ms
    rows = [
        ("voice: first sound alone, p50 ms", spoken["tts_first_audio_alone_ms"]),
        (f"… beside {voice.TALKING} who talk, p95 ms", spoken["tts_first_audio_32_p95_ms"]),
        (f"… where {voice.SLOTS} come and go, p95 ms", spoken["tts_first_audio_crowd_p95_ms"]),
        ("… frames later than real time, of any", f"{spoken['tts_late_frames']:.0f}"),
        (f"ear: its loop, {LOOP_STREAMS} who speak, of a core", round(heard.loop_core, 3)),
        ("… words told and utterances ended a second", f"{heard.partials_s:.0f}, {heard.finals_s:.0f}"),
        (f"ear: its loop, {STEP_STREAMS} who speak, of a core", round(crowded.loop_core, 3)),
        ("… steps over 80 ms", f"{crowded.late} of {crowded.steps}"),
        ("crowd's own lag, p99 ms", f"{lag_ms:.1f}, {crowded.lag_p99_ms:.1f}"),
    ]
    print("\nSlots of Kyutai's ear and voice, with models that only cost time")
    for name, value in rows:
        print(f"  {name:<44} {value}")
    if lag_ms > VOID_LAG_MS:
        print("  the crowd was late itself: these figures are void, run again on a quiet machine")
    result = {
        "tts_first_audio_32_p95_ms": spoken["tts_first_audio_32_p95_ms"],
        "tts_first_audio_alone_ms": spoken["tts_first_audio_alone_ms"],
        "stt_loop_core_200": round(heard.loop_core, 3),
        "stt_step_late_400": crowded.late,
    }
    print(json.dumps(result))


def _hear(streams: int) -> ear.Figures:
    """In a process of its own: what one run leaves costs the other nothing."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(ear.measure, streams).result()


if __name__ == "__main__":
    main()
