"""How settings and a lane's wishes become the gate's and the noise filter's settings."""

from chassis.faults import InvalidArgument, Unsupported
from engine_room.engines import EngineInfo
from protos.parley.v1 import stt_pb2 as pb
from stt_service.engine import PAUSES
from stt_service.gate.gate import GateSettings
from stt_service.gate.noise import NoiseSettings
from stt_service.settings import SttSettings


def gate_settings(settings: SttSettings, config: pb.ListenConfig) -> GateSettings:
    """The lane's own triggers where it gives them, else the service's."""
    return GateSettings(
        start_trigger_ms=config.start_trigger_ms or settings.stt_start_trigger_ms,
        end_trigger_ms=config.end_trigger_ms or settings.stt_end_trigger_ms,
        threshold=settings.stt_vad_threshold,
        rms_threshold=settings.asr_silence_rms_threshold,
        peak_threshold=settings.asr_silence_peak_threshold,
        max_utterance_ms=int(settings.stt_max_utterance_s * 1000),
    )


def ends_by_pause(settings: SttSettings, config: pb.ListenConfig, info: EngineInfo) -> bool:
    """Whether the engine's pause prediction may end a turn before silence does.

    Raises InvalidArgument, or Unsupported where the lane asks for what the engine does not predict.
    """
    chosen = config.end_of_turn or settings.stt_end_of_turn or "semantic"
    if chosen not in ("silence", "semantic"):
        raise InvalidArgument(f"end_of_turn must be silence or semantic, not {chosen[:40]!r}")
    if config.end_of_turn == "semantic" and PAUSES not in info.abilities:
        raise Unsupported(
            f"end_of_turn=semantic needs an engine that predicts pauses, and {info.name} with {info.model} "
            "does not: say silence"
        )
    return chosen == "semantic"


def noise_settings(settings: SttSettings) -> NoiseSettings:
    words = settings.asr_common_false_positive_words.split(",")
    return NoiseSettings(
        enabled=settings.asr_filter_noise_transcripts,
        max_duration_s=settings.asr_noise_max_duration_s,
        rms_threshold=settings.asr_silence_rms_threshold,
        drop_false_positives=settings.asr_drop_common_false_positives,
        false_positives=tuple(word.strip().lower() for word in words if word.strip()),
    )
