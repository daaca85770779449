"""LiveKit's AgentSession with fakes over a plain WebSocket. Its real deployment adds WebRTC and a process for
each session: this is the least that LiveKit costs.
"""

import asyncio
import logging
import time
from typing import Any

from fastapi import WebSocket
from livekit import rtc
from livekit.agents import Agent, AgentSession, llm, stt, tts, utils, vad
from livekit.agents.language import LanguageCode
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities

from tests.load.capacity.peers import fakes

LEAD_S = 0.04

logging.getLogger("livekit").setLevel(logging.ERROR)


class EnergyVadStream(vad.VADStream):
    async def _main_task(self) -> None:
        speaking, voiced_s, quiet_s, at_s, spoken_s = False, 0.0, 0.0, 0.0, 0.0

        def tell(kind: Any) -> None:
            self._event_ch.send_nowait(
                vad.VADEvent(
                    type=kind,
                    samples_index=0,
                    timestamp=at_s,
                    speech_duration=spoken_s,
                    silence_duration=quiet_s,
                    raw_accumulated_speech=voiced_s,
                    raw_accumulated_silence=quiet_s,
                    speaking=speaking,
                )
            )

        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            frame_s = frame.samples_per_channel / frame.sample_rate
            at_s += frame_s
            if fakes.is_loud(bytes(frame.data)):
                voiced_s, quiet_s = voiced_s + frame_s, 0.0
                spoken_s = voiced_s
                if not speaking and voiced_s >= fakes.VAD_START_S:
                    speaking = True
                    tell(vad.VADEventType.START_OF_SPEECH)
            else:
                voiced_s, quiet_s = 0.0, quiet_s + frame_s
                if speaking and quiet_s >= fakes.VAD_STOP_S:
                    speaking = False
                    tell(vad.VADEventType.END_OF_SPEECH)
                if not speaking:
                    spoken_s = 0.0
            tell(vad.VADEventType.INFERENCE_DONE)


class EnergyVad(vad.VAD):
    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.02))

    def stream(self) -> EnergyVadStream:
        return EnergyVadStream(self)


class FakeSttStream(stt.RecognizeStream):
    async def _run(self) -> None:
        speaking, quiet_s = False, 0.0
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            if fakes.is_loud(bytes(frame.data)):
                speaking, quiet_s = True, 0.0
            elif speaking:
                quiet_s += frame.samples_per_channel / frame.sample_rate
                if quiet_s >= fakes.VAD_STOP_S + fakes.STT_FINAL_S:
                    speaking = False
                    heard = stt.SpeechData(text=fakes.HEARD, language=LanguageCode("en"))
                    self._event_ch.send_nowait(
                        stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[heard])
                    )


class FakeStt(stt.STT):
    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))

    async def _recognize_impl(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("this recogniser streams: nobody asks for an utterance")

    def stream(
        self,
        *,
        language: Any = NOT_GIVEN,  # noqa: ARG002
        conn_options: Any = DEFAULT_API_CONNECT_OPTIONS,
    ) -> Any:
        return FakeSttStream(stt=self, conn_options=conn_options, sample_rate=fakes.RATE)


class FakeLlmStream(llm.LLMStream):
    async def _run(self) -> None:
        await asyncio.sleep(fakes.LLM_FIRST_TOKEN_S)
        for number, token in enumerate(fakes.REPLY):
            if number:
                await asyncio.sleep(fakes.LLM_TOKEN_S)
            delta = llm.ChoiceDelta(role="assistant", content=token)
            self._event_ch.send_nowait(llm.ChatChunk(id="x", delta=delta))


class FakeLlm(llm.LLM):
    def chat(
        self,
        *,
        chat_ctx: Any,
        tools: Any = None,
        conn_options: Any = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> FakeLlmStream:
        return FakeLlmStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class FakeSpeech(tts.ChunkedStream):
    async def _run(self, emitter: Any) -> None:
        emitter.initialize(
            request_id=utils.shortuuid("tts_"), sample_rate=fakes.RATE, num_channels=1, mime_type="audio/pcm"
        )
        await asyncio.sleep(fakes.TTS_FIRST_AUDIO_S)
        # The text may come as one sentence or as two.
        share = len(self._input_text) / len("".join(fakes.REPLY))
        for _ in range(round(2 * fakes.PIECES * share)):
            emitter.push(fakes.PIECE)
            await asyncio.sleep(fakes.MAKING_S)
        emitter.flush()


class FakeTts(tts.TTS):
    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=fakes.RATE, num_channels=1
        )

    def synthesize(self, text: str, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> FakeSpeech:
        return FakeSpeech(tts=self, input_text=text, conn_options=conn_options)


class SocketIn(AudioInput):
    def __init__(self) -> None:
        super().__init__(label="ws")
        self.frames: Any = utils.aio.Chan()

    async def __anext__(self) -> Any:
        return await self.frames.__anext__()


class SocketOut(AudioOutput):
    """Paced in real time, LEAD_S ahead of it."""

    def __init__(self, socket: WebSocket) -> None:
        super().__init__(
            label="ws",
            next_in_chain=None,
            sample_rate=fakes.RATE,
            capabilities=AudioOutputCapabilities(pause=False),
        )
        self._socket = socket
        self._pushed_s = 0.0
        self._began_at: float | None = None
        self._ending: asyncio.TimerHandle | None = None

    async def capture_frame(self, frame: Any) -> None:
        await super().capture_frame(frame)
        if self._began_at is None:
            self._began_at = time.perf_counter()
            self.on_playback_started(created_at=time.time())
        await self._socket.send_bytes(bytes(frame.data))
        self._pushed_s += frame.duration
        await asyncio.sleep(max(0, self._began_at + self._pushed_s - LEAD_S - time.perf_counter()))

    def flush(self) -> None:
        super().flush()
        if self._began_at is not None:
            left_s = max(0, self._began_at + self._pushed_s - time.perf_counter())
            self._ending = asyncio.get_running_loop().call_later(left_s, self._finish, False)

    def clear_buffer(self) -> None:
        if self._began_at is not None:
            self._finish(True)

    def _finish(self, interrupted: bool) -> None:
        if self._ending is not None:
            self._ending.cancel()
        played_s, self._pushed_s, self._began_at = self._pushed_s, 0.0, None
        self.on_playback_finished(
            playback_position=played_s, interrupted=interrupted, synchronized_transcript=None
        )


async def talk(socket: WebSocket) -> None:
    """Until the client leaves."""
    session: Any = AgentSession(
        vad=EnergyVad(),
        stt=FakeStt(),
        llm=FakeLlm(),
        tts=FakeTts(),
        turn_handling={
            "turn_detection": "vad",
            "endpointing": {"min_delay": fakes.VAD_STOP_S + fakes.TURN_WAIT_S, "max_delay": 3.0},
            "interruption": {"mode": "vad"},
            "preemptive_generation": {"enabled": False},
        },
        aec_warmup_duration=None,
    )
    audio = SocketIn()
    session.input.audio, session.output.audio = audio, SocketOut(socket)
    await session.start(Agent(instructions="fake"))
    try:
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            if data := message.get("bytes"):
                audio.frames.send_nowait(
                    rtc.AudioFrame(
                        data=data, sample_rate=fakes.RATE, num_channels=1, samples_per_channel=len(data) // 2
                    )
                )
    finally:
        await session.aclose()
