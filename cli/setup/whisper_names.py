"""Where on Hugging Face's hub a Whisper model lies in the form that the engine `whisper` reads."""

import re

SHORT = re.compile(r"(?:tiny|base|small|medium)(?:\.en)?|large(?:-v[123])?(?:-turbo)?|turbo|distil-[\w.-]+")
ELSEWHERE = {
    "large": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
}
"""Repositories whose names do not follow from the model's."""


def find_repo(name: str) -> str:
    """owner/name of the conversion that a short name or OpenAI's own name means; others are names already."""
    owner, _, bare = name.rpartition("/")
    if owner not in ("", "openai", "distil-whisper"):
        return name
    short = bare if owner == "distil-whisper" else bare.removeprefix("whisper-")
    if owner == "openai" and short == "large":
        short = "large-v1"
    if short in ELSEWHERE:
        return ELSEWHERE[short]
    if not SHORT.fullmatch(short):
        return name
    if short.startswith("distil-"):
        return f"Systran/faster-distil-whisper-{short.removeprefix('distil-')}"
    return f"Systran/faster-whisper-{short}"
