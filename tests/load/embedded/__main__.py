"""Prints the table and, as its last line, one JSON object."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from tests.load.embedded import crowd, ear, voice
from tests.load.embedded.installed import installed_mb
from tests.load.measure import percentile, show

T = TypeVar("T")
WHEELS = ("moonshine", "hibari")


def _on_one_core() -> None:
    """Where the system can be told."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def alone(measure: Callable[[], T]) -> T:
    """In a process of its own on one core, so that its memory and CPU are nobody else's."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_on_one_core) as pool:
        return pool.submit(measure).result()


def main() -> None:
    heard = alone(ear.measure)
    spoken = alone(voice.measure)
    answered = crowd.measure({})
    rate = {name: wrong / heard.words for name, wrong in heard.wrong.items()}
    install_mb = installed_mb("embedded", WHEELS)
    p95_s = percentile(answered.waits_s, 0.95)
    rows = [
        ("words of people, wrong of said", f"{heard.people_wrong} of {heard.people_words}"),
        ("with the voice's own sentences", f"{heard.wrong['clean']} of {heard.words}"),
        ("… in 10 dB of noise", f"{heard.wrong['noise_10db']} of {heard.words}"),
        ("… through a phone's band", f"{heard.wrong['phone']} of {heard.words}"),
        ("ear: CPU per spoken second, partials included", round(heard.core_share, 3)),
        ("ear: dearest final of up to 8 s, ms of CPU", round(heard.final_cpu_ms)),
        ("ear: resident, MB", round(heard.resident_mb)),
        ("voice: CPU per second of sound", round(spoken.rtf, 4)),
        (
            "voice: a sentence's first sound, p50 and most, ms",
            f"{spoken.first_audio_ms:.0f}, {spoken.slowest_first_audio_ms:.0f}",
        ),
        ("voice: resident, MB", round(spoken.resident_mb)),
        ("installed, MB", round(install_mb)),
        (
            f"{crowd.PEOPLE} people at once: end of speech to sound, p50 s",
            round(percentile(answered.waits_s, 0.5), 2),
        ),
        ("… p95 s", round(p95_s, 2)),
        ("… without an answer", f"{answered.unanswered} of {crowd.PEOPLE * crowd.TURNS}"),
    ]
    result = {
        "wer": round(rate["clean"], 4),
        "wer_noise_10db": round(rate["noise_10db"], 4),
        "wer_phone": round(rate["phone"], 4),
        "ear_core_share": round(heard.core_share, 4),
        "voice_rtf": round(spoken.rtf, 4),
        "first_audio_ms": round(spoken.first_audio_ms, 1),
        "install_mb": round(install_mb),
        "people_wrong": heard.people_wrong,
        "ear_final_cpu_ms": round(heard.final_cpu_ms, 1),
        "crowd_p95_s": round(p95_s, 3),
        "crowd_unanswered": answered.unanswered,
    }
    show("The embedded profile", rows, result, answered.lag)


if __name__ == "__main__":
    main()
