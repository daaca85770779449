"""How long a conversation waits for anything: no phase is without a deadline."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, but for the last two."""

    utterance_s: float = 60.0
    stt_final_s: float = 3.0
    first_text_s: float = 3.0
    first_audio_s: float = 2.0
    whole_wait_s: float = 8.0
    stall_s: float = 2.0
    analysis_s: float = 15.0
    idle_s: float = 300.0
    reply_chars: int = 8_000
    prompt_turns: int = 40
