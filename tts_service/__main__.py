"""Start the TTS service: `python -m tts_service`."""

import asyncio

from chassis.process import run_process
from engine_room.engine_host import EngineHost
from engine_room.models_folder import use_models_folder
from engine_room.service_process import run_service
from protos.parley.v1 import tts_pb2_grpc
from tts_service.engine import TtsEngine
from tts_service.service import TtsService
from tts_service.settings import MOSHI, TtsSettings


def make_engine(settings: TtsSettings) -> TtsEngine:
    """The chosen engine; only its module is imported."""
    match settings.tts_engine:
        case "hibari":
            from tts_service.engines.espeak import EspeakEngine
            from tts_service.engines.fallback import FallbackEngine
            from tts_service.engines.hibari import HibariEngine

            # With no way to fetch it, or without its library, the service speaks all the same.
            hibari = HibariEngine(EspeakEngine(settings.tts_slots), settings.tts_slots, settings.weights_dir)
            return FallbackEngine(hibari, EspeakEngine(settings.tts_slots))
        case "espeak":
            from tts_service.engines.espeak import EspeakEngine

            return EspeakEngine(slots=settings.tts_slots)
        case "moshi":
            return _make_chain(settings)
        case "pocket":
            return _make_pocket(settings, settings.tts_model_name)
        case "fake":
            from tts_service.engines.fake import FakeEngine

            return FakeEngine(settings.fake_tts_first_audio_s, slots=settings.tts_slots)


def _make_chain(settings: TtsSettings) -> TtsEngine:
    """Kyutai's large voice; behind it its small one, for a CPU, and the one that needs no weights.

    The small one knows one language: the last speaks all others then, too.
    """
    from tts_service.engines.moshi import MoshiEngine

    engine: TtsEngine = MoshiEngine(
        settings.tts_model_name or MOSHI,
        settings.tts_slots,
        settings.tts_device,
        settings.tts_dtype,
        settings.tts_codebooks,
        settings.tts_voice,
    )
    if settings.tts_fallback == "none":
        return engine
    from tts_service.engines.espeak import EspeakEngine
    from tts_service.engines.fallback import FallbackEngine

    substitute: TtsEngine = EspeakEngine(settings.tts_slots)
    if settings.tts_fallback == "pocket":
        from tts_service.engines.pair import PairEngine

        pair = PairEngine(_make_pocket(settings, ""), EspeakEngine(settings.tts_slots))
        substitute = FallbackEngine(pair, substitute)
    return FallbackEngine(engine, substitute)


def _make_pocket(settings: TtsSettings, name: str) -> TtsEngine:
    from tts_service.engines.pocket import ENGLISH, PocketEngine

    return PocketEngine(name or ENGLISH, settings.tts_slots, settings.models_cache_dir)


async def serve(settings: TtsSettings, stop: asyncio.Event) -> None:
    use_models_folder(settings.models_cache_dir)
    host = EngineHost(make_engine(settings))
    service = TtsService(host, settings.tts_voice)
    await run_service(
        "tts", settings, host, lambda server: tts_pb2_grpc.add_TtsServicer_to_server(service, server), stop
    )


def main() -> None:
    run_process("tts_service", TtsSettings, serve)


if __name__ == "__main__":
    main()
