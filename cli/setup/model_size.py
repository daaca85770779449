"""How big a model is, read from its name: only for a judgement before anybody has been asked. Pure."""

import re

GB = 1_000_000_000
UNKNOWN_BYTES = 15 * GB
KNOWN_BYTES = {
    "kyutai/tts-voices": GB // 10,
    "Systran/faster-whisper-large-v3": 3 * GB + GB // 10,
}
"""Of models whose name says nothing, by repository. Of the voices: those that are downloaded."""
PARAMETERS = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z0-9])", re.IGNORECASE)
BYTES_EACH = (
    (re.compile(r"awq|gptq|int4|4bit|q4|w4a16|nf4|fp4", re.IGNORECASE), 0.75),
    (re.compile(r"q[56]", re.IGNORECASE), 0.9),
    (re.compile(r"fp8|int8|8bit|q8|w8a", re.IGNORECASE), 1.15),
)
"""Bytes a parameter, with embeddings and tables that stay in 16 bit."""
FULL = 2.05


def estimate_bytes(name: str) -> int:
    """ "Qwen/Qwen2.5-7B-Instruct-AWQ" → about 5.3e9. A name without a number is taken for a 7B in 16 bit."""
    if name in KNOWN_BYTES:
        return KNOWN_BYTES[name]
    found = PARAMETERS.search(name.replace("_", "-").replace("/", "-"))
    if found is None:
        return UNKNOWN_BYTES
    parameters = float(found[1]) * (1e9 if found[2].lower() == "b" else 1e6)
    each = next((size for pattern, size in BYTES_EACH if pattern.search(name)), FULL)
    return int(parameters * each)
