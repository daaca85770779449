"""Which engines a profile starts, and what else it sets. The operator's own variables win over it."""

from collections.abc import Mapping

from chassis.engine_names import plain_name

PROFILES: dict[str, dict[str, str]] = {
    "embedded": {
        "STT_ENGINE": "moonshine",
        "LLM_ENGINE": "tutor",
        "TTS_ENGINE": "hibari",
        "ANALYSIS_ENGINE": "rules",
    },
    "cpu": {
        "STT_ENGINE": "whisper",
        "ASR_WHISPER_FALLBACK_MODEL": "base",
        "ASR_DEVICE": "cpu",
        "SESSION_LANGUAGE": "auto",
        "LLM_ENGINE": "llama_cpp",
        "TTS_ENGINE": "pocket",
        "ANALYSIS_ENGINE": "llm",
        "STT_SLOTS": "4",
        "TTS_SLOTS": "4",
        "STT_FINAL_S": "10",
        "LLM_FIRST_TOKEN_S": "15",
        "TTS_FIRST_AUDIO_S": "8",
        "TURN_WAIT_S": "30",
    },
    "gpu": {
        "STT_ENGINE": "moshi",
        "LLM_ENGINE": "vllm",
        "TTS_ENGINE": "moshi",
        "ANALYSIS_ENGINE": "llm",
        "STT_SLOTS": "16",
        "TTS_SLOTS": "12",
    },
    "fake": {
        "STT_ENGINE": "fake",
        "LLM_ENGINE": "fake",
        "TTS_ENGINE": "fake",
        "ANALYSIS_ENGINE": "fake",
        "STT_SLOTS": "256",
        "LLM_SLOTS": "256",
        "TTS_SLOTS": "256",
    },
}
"""`cpu` waits longer for each stage: it must do on a slow machine. `gpu` fills a card of 24 GB; what fills
others is said by `parley gpu plan --env`. `fake` is for tests and load: scripted engines with exact delays.
"""


def choose(profile: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What the profile sets, with the operator's own where there are any; engines by their one name."""
    chosen = {key: environment.get(key) or value for key, value in PROFILES[profile].items()}
    return {key: plain_name(value) if key.endswith("_ENGINE") else value for key, value in chosen.items()}
