"""Start the STT service: `python -m stt_service`."""

import asyncio

import grpc

from chassis.faults import NotReady
from chassis.process import run_process
from chassis.tasks import task_group
from engine_room.engine_host import EngineHost
from engine_room.models_folder import use_models_folder
from engine_room.service_process import run_service
from protos.parley.v1 import stt_pb2_grpc
from stt_service.engine import SttEngine
from stt_service.kyutai_names import SMALL, transformers_name
from stt_service.service import SttService
from stt_service.settings import SttSettings
from stt_service.turn_end.turn_ends import check_library


def make_engine(settings: SttSettings) -> SttEngine:
    """The chosen engine; only its module is imported. Raises NotReady when a library is missing."""
    try:
        return _make(settings)
    except ImportError as missing:
        raise NotReady(
            f"STT_ENGINE={settings.stt_engine} needs {missing.name}, which is not installed; see the README"
        ) from missing


def _make(settings: SttSettings) -> SttEngine:
    match settings.stt_engine:
        case "moonshine":
            from stt_service.engines.moonshine import MoonshineEngine

            return MoonshineEngine(settings.stt_slots, settings.stt_partial_s, settings.weights_dir)
        case "moshi":
            return _make_chain(settings)
        case "transformers":
            return _make_transformers(settings)
        case "whisper":
            return _make_whisper(settings)
        case "fake":
            from stt_service.engines.fake import FakeEngine

            return FakeEngine(settings.fake_stt_text, settings.fake_stt_final_s, settings.stt_slots)


def _make_chain(settings: SttSettings) -> SttEngine:
    """Kyutai's model in the order that is preferred, and whisper behind it."""
    makers = [_make_moshi]
    if settings.asr_enable_kyutai_transformers:
        makers.insert(1 if settings.asr_prefer_moshi else 0, _make_transformers)
    if settings.stt_fallback == "whisper":
        makers.append(_make_whisper)
    *others, engine = [make(settings) for make in makers]
    for chosen in reversed(others):
        from stt_service.engines.fallback import FallbackEngine

        engine = FallbackEngine(chosen, engine)
    return engine


def _make_moshi(settings: SttSettings) -> SttEngine:
    from stt_service.engines.moshi import MoshiEngine
    from stt_service.engines.moshi_options import MoshiOptions

    return MoshiEngine(
        MoshiOptions(
            settings.asr_model_name or SMALL,
            settings.stt_slots,
            settings.asr_device,
            settings.asr_dtype,
            settings.stt_tick_ms,
            settings.asr_stream_delay_ms,
            settings.asr_temperature,
            settings.stt_sessions_per_slot,
            needs_pauses=settings.wants_pauses,
        )
    )


def _make_transformers(settings: SttSettings) -> SttEngine:
    from stt_service.engines.transformers import TransformersEngine
    from stt_service.engines.transformers_options import TransformersOptions

    options = TransformersOptions(
        transformers_name(settings.asr_model_name or SMALL),
        settings.stt_slots,
        settings.asr_device,
        settings.asr_dtype,
        settings.asr_kyutai_attn_implementation,
        settings.models_cache_dir,
    )
    return TransformersEngine(options)


def _make_whisper(settings: SttSettings) -> SttEngine:
    from stt_service.engines.whisper import WhisperEngine
    from stt_service.engines.whisper_options import WhisperOptions

    options = WhisperOptions(
        settings.asr_whisper_fallback_model,
        settings.stt_slots,
        settings.asr_device,
        settings.asr_dtype,
        settings.models_cache_dir,
    )
    return WhisperEngine(options, settings.stt_partial_s)


async def serve(settings: SttSettings, stop: asyncio.Event) -> None:
    if settings.stt_end_of_turn == "smart_turn":
        check_library()
    use_models_folder(settings.models_cache_dir)
    host = EngineHost(make_engine(settings))
    service = SttService(host, settings)

    def add(server: grpc.aio.Server) -> None:
        stt_pb2_grpc.add_SttServicer_to_server(service, server)

    async with task_group() as group:
        preparing = group.create_task(service.prepare())
        await run_service("stt", settings, host, add, stop)
        preparing.cancel()
    await service.close()


def main() -> None:
    run_process("stt_service", SttSettings, serve)


if __name__ == "__main__":
    main()
