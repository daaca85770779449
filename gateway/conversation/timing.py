"""When the stages of a turn happened, on the session's clock."""

from dataclasses import dataclass

from gateway.conversation.notices import Latencies


@dataclass(slots=True)
class TurnTiming:
    """None: has not happened (yet)."""

    speech_ended: float | None = None
    end_noticed: float | None = None
    understood: float | None = None
    first_text: float | None = None
    first_audio: float | None = None

    def latencies(self) -> Latencies:
        return Latencies(
            end_of_turn_s=_between(self.speech_ended, self.end_noticed),
            stt_final_s=_between(self.end_noticed, self.understood),
            llm_first_token_s=_between(self.understood, self.first_text),
            tts_first_audio_s=_between(self.first_text, self.first_audio),
            voice_to_voice_s=_between(self.speech_ended, self.first_audio),
        )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(end - start, 0.0)
