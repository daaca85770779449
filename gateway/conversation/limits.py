"""How long a conversation waits for anything: no phase is without a deadline."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what may take, in seconds, and how much a reply and a prompt may hold.

    `patience_s`: for a user whose words call for more, after their final. `text_stall_s`: between two pieces
    of a reply's text; `stall_s`: sound that is owed; `playback_stall_s`: a client that does not play what it
    has; `settle_s`: a client's last word on what was heard of a reply that was stopped; 0: it has none.
    `holds`: a voice over a reply makes it wait until it is known whether that was meant, `hold_s` at most;
    else it ends it.
    `drafts`: a reply is begun as soon as the user may have finished, and used if they have.
    `manual`: only the client says when a turn ends, or the end of `utterance_s`.
    `text_first`: nothing of a reply is played before its text is whole. Of `prompt_turns` and `prompt_bytes`
    half is left when they are exceeded.
    """

    utterance_s: float = 60.0
    stt_final_s: float = 3.0
    patience_s: float = 1.2
    first_text_s: float = 3.0
    text_stall_s: float = 5.0
    first_audio_s: float = 2.0
    whole_wait_s: float = 8.0
    stall_s: float = 2.0
    playback_stall_s: float = 5.0
    text_first: bool = False
    settle_s: float = 0.3
    holds: bool = True
    hold_s: float = 2.0
    drafts: bool = True
    manual: bool = False
    analysis_s: float = 15.0
    idle_s: float = 300.0
    reply_chars: int = 8_000
    prompt_turns: int = 80
    prompt_bytes: int = 128 * 1024
