"""How settings and a lane's wishes become the gate's and the noise filter's settings."""

from typing import Literal, cast, get_args

from chassis.faults import InvalidArgument, Unsupported
from engine_room.engines import EngineInfo
from protos.parley.v1 import stt_pb2 as pb
from stt_service.engine import PAUSES
from stt_service.gate.gate import GateSettings
from stt_service.gate.noise import NoiseSettings
from stt_service.settings import SttSettings

EndOfTurn = Literal["silence", "semantic", "smart_turn", "manual"]
"""What ends a turn: silence; the engine's prediction of pauses, or a model that hears each pause, before it;
manual: a flush alone, or the most that an utterance may last.
"""


def gate_settings(settings: SttSettings, config: pb.ListenConfig) -> GateSettings:
    """The lane's own triggers where it gives them, else the service's."""
    max_utterance_ms = int(settings.stt_max_utterance_s * 1000)
    end_trigger_ms = config.end_trigger_ms or settings.stt_end_trigger_ms
    return GateSettings(
        start_trigger_ms=config.start_trigger_ms or settings.stt_start_trigger_ms,
        # No silence is so long.
        end_trigger_ms=max_utterance_ms if config.end_of_turn == "manual" else end_trigger_ms,
        threshold=settings.stt_vad_threshold,
        rms_threshold=settings.asr_silence_rms_threshold,
        peak_threshold=settings.asr_silence_peak_threshold,
        max_utterance_ms=max_utterance_ms,
    )


def choose_end(settings: SttSettings, config: pb.ListenConfig, info: EngineInfo) -> EndOfTurn:
    """What may end a turn before silence does; manual: and that silence does not. The lane's own, else the
    service's.

    Raises InvalidArgument, or Unsupported where the lane asks for what the engine does not predict.
    """
    if config.end_of_turn not in ("", *get_args(EndOfTurn)):
        raise InvalidArgument(
            f"end_of_turn must be one of {', '.join(get_args(EndOfTurn))}, not {config.end_of_turn[:40]!r}"
        )
    if config.end_of_turn == "semantic" and PAUSES not in info.abilities:
        raise Unsupported(
            f"end_of_turn=semantic needs an engine that predicts pauses, and {info.name} with {info.model} "
            "does not: say silence"
        )
    return cast(EndOfTurn, config.end_of_turn or settings.stt_end_of_turn or "semantic")


def noise_settings(settings: SttSettings) -> NoiseSettings:
    words = settings.asr_common_false_positive_words.split(",")
    return NoiseSettings(
        enabled=settings.asr_filter_noise_transcripts,
        max_duration_s=settings.asr_noise_max_duration_s,
        rms_threshold=settings.asr_silence_rms_threshold,
        drop_false_positives=settings.asr_drop_common_false_positives,
        false_positives=tuple(word.strip().lower() for word in words if word.strip()),
    )
