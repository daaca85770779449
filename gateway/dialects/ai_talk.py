"""AI-Talk's wire, `/ws/conversation`: the English tutor's frontend works unmodified.

16 kHz PCM or WebM/Opus in, 24 kHz PCM out in frames of 8192 bytes. No turn numbers, no interim
transcripts, no flush: a barge-in shows as `turn_complete` with `interrupted`.
"""

from typing import assert_never

from gateway.audio.formats import AudioFormat
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.effects import CloseReason
from gateway.dialects.dialect import (
    CLOSE_CODES,
    AudioFinished,
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

    def __init__(self, text_first: bool = False) -> None:
        self.capabilities = Capabilities(
            frame_samples=FRAME_SAMPLES, lead_s=0.3, exact_frames=True, text_first=text_first, limits=LIMITS
        )

    def open(self, handshake: Handshake) -> SessionOptions:  # noqa: ARG002
        return SessionOptions(input=AudioFormat(16_000), output=AudioFormat(OUTPUT_RATE))

    def decode(self, message: Message, at: float) -> list[Inbound]:
        if isinstance(message, bytes):
            return [AudioReceived(message)]
        fields = read_object(message, self.capabilities.limits)
        match fields.get("type"):
            case "ping":
                return [Pinged()]
            case "set_level":
                return [e.VariantChosen(at, str(fields.get("level", TUTOR.variant))[:40])]
            case "process_audio":
                return [e.UserCommitted(at)]
            case "end_conversation":
                return [e.ConversationEndRequested(at)]
            case _:
                return []  # the original ignored what it did not know, and clients may lean on that

    def encode(self, output: Outbound) -> list[Message]:
        match output:
            case AudioPlayed(pcm=pcm):
                return [pcm]
            case AudioStarted(sample_rate=rate):
                return [write(type="ai_audio_start", sample_rate=rate)]
            case n.ReplyTextAdded(text=text):
                return [write(type="ai_text", text=text, is_complete=False)]
            case n.ReplyTextEnded(full_text=full):
                return [write(type="ai_text", text="", is_complete=True, full_text=full)]
            case n.TurnCompleted():
                return _complete(output)
            case n.Transcribed(_, text, is_final, before):
                added = text.removeprefix(before).strip()  # this wire shows each final anew
                return [write(type="transcript", text=added, is_final=True)] if added and is_final else []
            case n.ReplyWithdrawn():
                return [write(type="turn_complete", interrupted=True)]
            case n.Analyzed(report):
                return [write(type="analysis", data=analysis_data(report))]
            case n.ErrorOccurred(code, message):
                return _error(code, message)
            case Connected(session_id=session_id):
                return [write(type="connected", session_id=session_id)]
            case Pong():
                return [write(type="pong")]
            case n.PhaseChanged() | n.LatenciesMeasured() | n.PlaybackStopped() | AudioFinished():
                return []  # not of this wire
            case n.PlaybackHeld() | n.PlaybackResumed() | n.BackchannelHeard():
                return []
            case _:
                assert_never(output)

    def close(self, reason: CloseReason) -> tuple[int, str]:
        return CLOSE_CODES[reason]


def _complete(turn: n.TurnCompleted) -> list[Message]:
    if turn.interrupted:
        return [write(type="turn_complete", interrupted=True)]
    done = write(type="turn_complete")
    if turn.audio_samples:
        return [done]
    return [write(type="ai_audio_start", sample_rate=OUTPUT_RATE), SILENCE, done]


def _error(code: str, message: str) -> list[Message]:
    if code in _SAID_BY_THE_APOLOGY:
        return []
    return [write(type="error", message=_original_words(code, message))]


def _original_words(code: str, message: str) -> str:
    return f"Failed to process audio: {message}" if code.startswith("stt_") else message
