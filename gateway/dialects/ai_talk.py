"""AI-Talk's wire, `/ws/conversation`: the English tutor's frontend works unmodified.

16 kHz PCM or WebM/Opus in, 24 kHz PCM out in frames of 8192 bytes. No turn numbers, no interim
transcripts, no flush: a barge-in shows as `turn_complete` with `interrupted`.
"""

from gateway.conversation import commands as c
from gateway.conversation import events as e
from gateway.conversation.agent import DEFAULT_LEVEL
from gateway.dialects.dialect import (
    CLOSE_CODES,
    AudioPlayed,
    AudioReceived,
    AudioStarted,
    Capabilities,
    Connected,
    Handshake,
    Inbound,
    Message,
    Outbound,
    Pinged,
    Pong,
    SessionOptions,
    WireLimits,
)
from gateway.dialects.json_messages import analysis_data, read_object, write

FRAME_SAMPLES = 4096
OUTPUT_RATE = 24_000
SILENCE = bytes(OUTPUT_RATE // 2 * 2)
"""Half a second, played where a reply has no voice: the client waits for audio in every turn."""

LIMITS = WireLimits(message_bytes=32 * 1024 * 1024, messages_per_s=2000.0)
"""Sound comes in messages of any size: a minute of 32-bit stereo in one, or a millisecond in each."""

_SAID_BY_THE_APOLOGY = frozenset({"llm_failed", "llm_late", "tts_failed", "tts_late"})


class AiTalkDialect:
    """`text_first` holds a reply's audio back until its text is complete, as the original server did."""

    name = "ai_talk"
    capabilities = Capabilities(frame_samples=FRAME_SAMPLES, lead_s=0.3, exact_frames=True, limits=LIMITS)

    def __init__(self, text_first: bool = False) -> None:
        self._text_first = text_first
        self._held: list[Message] = []
        self._text_open = False

    def open(self, handshake: Handshake) -> SessionOptions:  # noqa: ARG002
        return SessionOptions(input_rate=16_000, output_rate=OUTPUT_RATE)

    def decode(self, message: Message, at: float) -> list[Inbound]:
        if isinstance(message, bytes):
            return [AudioReceived(message)]
        fields = read_object(message, self.capabilities.limits)
        match fields.get("type"):
            case "ping":
                return [Pinged()]
            case "set_level":
                return [e.LevelChosen(at, str(fields.get("level", DEFAULT_LEVEL))[:40])]
            case "process_audio":
                return [e.UserCommitted(at)]
            case "end_conversation":
                return [e.ConversationEndRequested(at)]
            case _:
                return []  # the original ignored what it did not know, and clients may lean on that

    def encode(self, output: Outbound) -> list[Message]:
        match output:
            case AudioPlayed(pcm=pcm):
                return self._after_text([pcm])
            case AudioStarted(sample_rate=rate):
                return self._after_text([write(type="ai_audio_start", sample_rate=rate)])
            case c.ShowReplyText(text=text):
                self._text_open = True
                return [write(type="ai_text", text=text, is_complete=False)]
            case c.FinishReplyText(full_text=full):
                done = write(type="ai_text", text="", is_complete=True, full_text=full)
                return [done, *self._release()]
            case c.CompleteTurn():
                return self._complete(output)
            case c.ShowTranscript(text=text, is_final=True) if text:
                return [write(type="transcript", text=text, is_final=True)]
            case c.ShowAnalysis(report):
                return [write(type="analysis", data=analysis_data(report))]
            case c.ShowError(code=code, message=message) if code not in _SAID_BY_THE_APOLOGY:
                return [write(type="error", message=_original_words(code, message))]
            case Connected(session_id=session_id):
                return [write(type="connected", session_id=session_id)]
            case Pong():
                return [write(type="pong")]
            case _:
                return []

    def close(self, reason: c.CloseReason) -> tuple[int, str]:
        return CLOSE_CODES[reason]

    def _after_text(self, messages: list[Message]) -> list[Message]:
        if self._text_first and self._text_open:
            self._held += messages
            return []
        return messages

    def _release(self) -> list[Message]:
        held, self._held, self._text_open = self._held, [], False
        return held

    def _complete(self, turn: c.CompleteTurn) -> list[Message]:
        self._release()
        if turn.interrupted:
            return [write(type="turn_complete", interrupted=True)]
        done = write(type="turn_complete")
        if turn.audio_samples:
            return [done]
        return [write(type="ai_audio_start", sample_rate=OUTPUT_RATE), SILENCE, done]


def _original_words(code: str, message: str) -> str:
    return f"Failed to process audio: {message}" if code.startswith("stt_") else message
