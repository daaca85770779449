"""Which engines a profile starts. A variable set by the operator wins over its profile."""

PROFILES: dict[str, dict[str, str]] = {
    "embedded": {
        "STT_ENGINE": "pocketsphinx",
        "LLM_ENGINE": "tutor",
        "TTS_ENGINE": "espeak",
        "ANALYSIS_ENGINE": "rules",
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
"""`fake` is for tests and load: scripted engines with exact delays."""
