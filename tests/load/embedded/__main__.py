"""Prints the table and, as its last line, one JSON object."""

from importlib.util import find_spec

from tests.load.embedded import crowd, ear, voice
from tests.load.embedded.alone import alone
from tests.load.embedded.installed import installed_mb
from tests.load.embedded.sentences import QUESTIONS, recordings, spoken
from tests.load.measure import percentile, show

WHEELS = ("moonshine", "hibari")


def main() -> None:
    heard = alone(ear.measure, recordings(), spoken())
    voiced = alone(voice.measure)
    answered = crowd.measure({})
    by_mind = crowd.measure({"TUTOR_MIND": "smollm2"}, QUESTIONS) if find_spec("xllamacpp") else None
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
        ("… told at once, nothing heard before", round(heard.cold_cpu_ms)),
        ("ear: resident, MB", round(heard.resident_mb)),
        ("voice: CPU per second of sound", round(voiced.rtf, 4)),
        (
            "voice: a sentence's first sound, p50 and most, ms",
            f"{voiced.first_audio_ms:.0f}, {voiced.slowest_first_audio_ms:.0f}",
        ),
        ("voice: resident, MB", round(voiced.resident_mb)),
        ("installed, MB", round(install_mb)),
        (
            f"{crowd.PEOPLE} people at once: end of speech to sound, p50 s",
            round(percentile(answered.waits_s, 0.5), 2),
        ),
        ("… p95 s", round(p95_s, 2)),
        ("… without an answer", f"{answered.unanswered} of {crowd.PEOPLE * crowd.TURNS}"),
    ]
    if by_mind is not None:
        rows.append(("… with the mind behind the tutor, p95 s", round(percentile(by_mind.waits_s, 0.95), 2)))
    result = {
        "wer": round(rate["clean"], 4),
        "wer_noise_10db": round(rate["noise_10db"], 4),
        "wer_phone": round(rate["phone"], 4),
        "ear_core_share": round(heard.core_share, 4),
        "voice_rtf": round(voiced.rtf, 4),
        "first_audio_ms": round(voiced.first_audio_ms, 1),
        "install_mb": round(install_mb),
        "people_wrong": heard.people_wrong if heard.people_words else None,
        "ear_final_cpu_ms": round(heard.final_cpu_ms, 1),
        "crowd_p95_s": round(p95_s, 3),
        "crowd_unanswered": answered.unanswered,
        "crowd_mind_p95_s": None if by_mind is None else round(percentile(by_mind.waits_s, 0.95), 3),
    }
    show("The embedded profile", rows, result, answered.lag)


if __name__ == "__main__":
    main()
