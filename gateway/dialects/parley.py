"""Our own wire, `/v1/conversation`: binary PCM both ways at agreed rates, JSON control.

AI-Talk's message names plus turn numbers, playback reports, flush on barge-in, state and latencies.
"""

import re
from typing import assert_never

from chassis.faults import InvalidArgument
from gateway.audio.formats import AudioFormat
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.effects import CloseReason
from gateway.conversation.report import AnalysisReport
from gateway.dialects.dialect import (
    CLOSE_CODES,
    END_OF_TURN,
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
    PlaybackReported,
    Pong,
    SessionOptions,
)
from gateway.dialects.json_messages import analysis_data, read_number, read_object, read_text, write

RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
SESSION_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_TEXT = 4_000
MAX_PLAYED_MS = 3_600_000


class ParleyDialect:
    name = "parley"
    capabilities = Capabilities(frame_samples=960, lead_s=0.3, reports_playback=True, holds=True)

    def open(self, handshake: Handshake) -> SessionOptions:
        query = handshake.query
        level = query.get("level", TUTOR.variant)
        if level not in TUTOR.variants:
            raise InvalidArgument(f"level must be one of {', '.join(TUTOR.variants)}, not {level[:40]!r}")
        return SessionOptions(
            input=_pcm(query.get("input_rate", "16000"), "input_rate"),
            output=_pcm(query.get("output_rate", "24000"), "output_rate"),
            language=query.get("language", "")[:16],
            agents=(TUTOR.beginning_as(level),),
            continues=_session(query.get("continues", "")),
            record=_yes(query.get("record", "false"), "record"),
            end_of_turn=_end_of_turn(query.get("end_of_turn", "")),
        )

    def decode(self, message: Message, at: float) -> list[Inbound]:
        if isinstance(message, bytes):
            return [AudioReceived(message)]
        fields = read_object(message, self.capabilities.limits)
        match fields.get("type"):
            case "ping":
                return [Pinged()]
            case "text":
                return [e.TextTyped(at, read_text(fields, "text", MAX_TEXT))]
            case "set_level":
                return [e.VariantChosen(at, read_text(fields, "level", 40))]
            case "process_audio":
                return [e.UserCommitted(at)]
            case "cancel":
                return [e.ReplyStopRequested(at)]
            case "end_conversation":
                return [e.ConversationEndRequested(at)]
            case "playback":
                turn = int(read_number(fields, "turn", 0, 2**31))
                return [PlaybackReported(turn, read_number(fields, "played_ms", 0, MAX_PLAYED_MS))]
            case other:
                raise InvalidArgument(
                    f"unknown message type {str(other)[:40]!r}; known are ping, text, set_level, "
                    "process_audio, cancel, end_conversation and playback"
                )

    def encode(self, output: Outbound) -> list[Message]:
        match output:
            case AudioPlayed(pcm=pcm):
                return [pcm]
            case n.ReplyTextAdded(turn, _, text):
                return [write(type="ai_text", text=text, is_complete=False, turn=turn)]
            case n.ReplyTextEnded(turn, _, full):
                return [write(type="ai_text", text="", is_complete=True, full_text=full, turn=turn)]
            case n.Transcribed(turn, text, final):
                return [write(type="transcript", text=text, is_final=final, turn=turn)]
            case n.PhaseChanged(phase, turn):
                return [write(type="state", state=phase.value, turn=turn)]
            case AudioStarted(turn, _, rate):
                return [write(type="ai_audio_start", sample_rate=rate, turn=turn)]
            case AudioFinished(turn, _, duration_ms):
                return [write(type="ai_audio_end", turn=turn, duration_ms=duration_ms)]
            case n.PlaybackStopped(turn):
                return [write(type="flush", turn=turn)]
            case n.ReplyWithdrawn(turn):
                return [write(type="reply_withdrawn", turn=turn)]
            case n.PlaybackHeld(turn):
                return [write(type="hold", turn=turn)]
            case n.PlaybackResumed(turn):
                return [write(type="resume", turn=turn)]
            case n.BackchannelHeard(turn, text):
                return [write(type="backchannel", text=text, turn=turn)]
            case n.TurnCompleted(turn, _, interrupted, heard):
                return [write(type="turn_complete", turn=turn, interrupted=interrupted, heard_text=heard)]
            case n.LatenciesMeasured(turn, _, latencies):
                return [_metrics(turn, latencies)]
            case n.Analyzed(report):
                return [_analysis(report)]
            case n.ErrorOccurred(code, message, turn):
                return [_error(code, message, turn)]
            case Connected():
                return [_connected(output)]
            case Pong():
                return [write(type="pong")]
            case _:
                assert_never(output)

    def close(self, reason: CloseReason) -> tuple[int, str]:
        return CLOSE_CODES[reason]


def _pcm(given: str, name: str) -> AudioFormat:
    if given not in map(str, RATES):
        raise InvalidArgument(f"{name} must be one of {', '.join(map(str, RATES))}, not {given[:40]!r}")
    return AudioFormat(int(given))


def _end_of_turn(value: str) -> str:
    if value and value not in END_OF_TURN:
        raise InvalidArgument(f"end_of_turn must be one of {', '.join(END_OF_TURN)}, not {value[:40]!r}")
    return value


def _yes(given: str, name: str) -> bool:
    if given not in ("true", "false"):
        raise InvalidArgument(f"{name} must be true or false, not {given[:40]!r}")
    return given == "true"


def _session(given: str) -> str:
    if given and not SESSION_ID.fullmatch(given):
        raise InvalidArgument(f"continues must be a session_id as `connected` told it, not {given[:40]!r}")
    return given


def _connected(output: Connected) -> str:
    options = output.options
    return write(
        type="connected",
        session_id=output.session_id,
        input_rate=options.input.rate,
        output_rate=options.output.rate,
        language=options.language,
        level=options.agent.variant,
        profile=output.profile,
        engines=dict(output.engines),
        shortcomings=list(output.shortcomings),
        recorded=output.recorded,
    )


def _metrics(turn: int, latencies: n.Latencies) -> str:
    return write(
        type="metrics",
        turn=turn,
        end_of_turn_ms=_ms(latencies.end_of_turn_s),
        stt_final_ms=_ms(latencies.stt_final_s),
        llm_first_token_ms=_ms(latencies.llm_first_token_s),
        tts_first_audio_ms=_ms(latencies.tts_first_audio_s),
        voice_to_voice_ms=_ms(latencies.voice_to_voice_s),
    )


def _analysis(report: AnalysisReport) -> str:
    data = analysis_data(report)
    if report.too_little:
        data |= {"grammar_score": None, "final_score": None}
    return write(
        type="analysis",
        data=data,
        engine=report.engine,
        fallback=report.fallback,
        too_little=report.too_little,
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def _error(code: str, message: str, turn: int) -> str:
    if turn:
        return write(type="error", code=code, message=message, turn=turn)
    return write(type="error", code=code, message=message)
