"""Pipecat's pipeline with fakes: energy VAD, turns that end with a silence, PCM on its FastAPI transport."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from fastapi import WebSocket
from loguru import logger
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    InputAudioRawFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from tests.load.capacity.peers import fakes

logger.remove()
logger.add(sys.stderr, level="ERROR")


class RawPcm(FrameSerializer):
    """The cheapest wire that the transport allows."""

    async def serialize(self, frame: Any) -> bytes | None:
        return frame.audio if isinstance(frame, OutputAudioRawFrame) else None

    async def deserialize(self, data: str | bytes) -> Any:
        if not isinstance(data, bytes):
            return None
        return InputAudioRawFrame(audio=data, sample_rate=fakes.RATE, num_channels=1)


class EnergyVad(VADAnalyzer):
    def num_frames_required(self) -> int:
        return 512

    def voice_confidence(self, buffer: bytes) -> float:
        return float(fakes.is_loud(buffer))


class FakeStt(STTService):
    def __init__(self) -> None:
        super().__init__(ttfs_p99_latency=0.35, settings=STTSettings(model="fake", language=None))

    async def run_stt(self, audio: bytes) -> AsyncIterator[None]:  # noqa: ARG002
        yield None

    async def process_frame(self, frame: Any, direction: Any) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self.create_task(self._final())

    async def _final(self) -> None:
        await asyncio.sleep(fakes.STT_FINAL_S)
        await self.push_frame(TranscriptionFrame(fakes.HEARD, "user", "now", finalized=True))


class FakeLlm(LLMService):
    def __init__(self) -> None:
        unset = (
            "temperature",
            "max_tokens",
            "top_p",
            "top_k",
            "frequency_penalty",
            "presence_penalty",
            "seed",
            "filter_incomplete_user_turns",
            "user_turn_completion_config",
        )
        super().__init__(
            settings=LLMSettings(model="fake", system_instruction="fake", **dict.fromkeys(unset))
        )

    def can_generate_metrics(self) -> bool:
        return True

    async def process_frame(self, frame: Any, direction: Any) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await self.start_ttfb_metrics()
        await asyncio.sleep(fakes.LLM_FIRST_TOKEN_S)
        await self.stop_ttfb_metrics()
        for number, token in enumerate(fakes.REPLY):
            if number:
                await asyncio.sleep(fakes.LLM_TOKEN_S)
            await self._push_llm_text(token)
        await self.push_frame(LLMFullResponseEndFrame())


class FakeTts(TTSService):
    def __init__(self) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            stop_frame_timeout_s=0.5,
            sample_rate=fakes.RATE,
            settings=TTSSettings(model="fake", voice="fake", language=None),
        )

    def can_generate_metrics(self) -> bool:
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncIterator[Any]:  # noqa: ARG002
        await self.start_ttfb_metrics()
        await asyncio.sleep(fakes.TTS_FIRST_AUDIO_S)
        await self.stop_ttfb_metrics()
        for _ in range(fakes.PIECES):
            yield TTSAudioRawFrame(fakes.PIECE, fakes.RATE, 1, context_id=context_id)
            await asyncio.sleep(fakes.MAKING_S)


async def talk(socket: WebSocket) -> None:
    """Until the client leaves."""
    transport = FastAPIWebsocketTransport(
        websocket=socket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            audio_in_sample_rate=fakes.RATE,
            audio_out_sample_rate=fakes.RATE,
            serializer=RawPcm(),
        ),
    )
    user, assistant = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=EnergyVad(
                params=VADParams(start_secs=fakes.VAD_START_S, stop_secs=fakes.VAD_STOP_S)
            ),
            user_turn_strategies=UserTurnStrategies(
                start=[VADUserTurnStartStrategy()],
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=fakes.TURN_WAIT_S)],
            ),
        ),
    )
    worker = PipelineWorker(
        Pipeline([transport.input(), FakeStt(), user, FakeLlm(), FakeTts(), transport.output(), assistant]),
        params=PipelineParams(
            audio_in_sample_rate=fakes.RATE,
            audio_out_sample_rate=fakes.RATE,
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_disconnected")  # type: ignore[untyped-decorator]
    async def _leave(_transport: Any, _client: Any) -> None:
        await runner.cancel()

    await runner.run()
