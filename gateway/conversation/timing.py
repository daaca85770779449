"""When the stages of a turn were, on the session's clock."""

from dataclasses import dataclass

from gateway.conversation.notices import Latencies


@dataclass(slots=True)
class TurnTiming:
    """None: has not happened (yet). The first two are of the last utterance."""

    speech_ended: float | None = None
    end_noticed: float | None = None
    understood: float | None = None
    typed: bool = False
    """The question was, or its end: no voice was waited for, whatever was said before."""
    first_token: float | None = None
    """The model's; the first text may be an apology in its place."""
    first_text: float | None = None
    text_ended: float | None = None
    first_audio: float | None = None
    audio_ended: float | None = None
    """All of it had come, or no more would."""

    def note_typed(self, at: float) -> None:
        self.typed, self.understood = True, at

    def latencies(self) -> Latencies:
        spoken, noticed = (None, None) if self.typed else (self.speech_ended, self.end_noticed)
        return Latencies(
            end_of_turn_s=_between(spoken, noticed),
            stt_final_s=_between(noticed, self.understood),
            llm_first_token_s=_between(self.understood, self.first_text),
            tts_first_audio_s=_between(self.first_text, self.first_audio),
            voice_to_voice_s=_between(spoken, self.first_audio),
        )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(end - start, 0.0)
