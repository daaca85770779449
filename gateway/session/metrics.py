"""What a session measures."""

from prometheus_client import Counter, Gauge, Histogram

from chassis.metrics import LATENCY_BUCKETS_S, REGISTRY
from gateway.conversation.commands import Latencies

SESSIONS = Gauge("parley_sessions", "Sessions now", ["dialect"], registry=REGISTRY)
ENDED = Counter("parley_sessions_ended_total", "Sessions ended", ["dialect", "reason"], registry=REGISTRY)
TURNS = Counter("parley_turns_total", "Turns committed", ["outcome"], registry=REGISTRY)
CLIENT_FAULTS = Counter("parley_client_faults_total", "Messages refused", ["dialect"], registry=REGISTRY)
ERRORS = Counter("parley_turn_errors_total", "Errors shown to users", ["code"], registry=REGISTRY)


def _stage(name: str, words: str) -> Histogram:
    return Histogram(f"parley_{name}_seconds", words, buckets=LATENCY_BUCKETS_S, registry=REGISTRY)


END_OF_TURN = _stage("end_of_turn", "Last voiced sample to the decision that the turn ended")
STT_FINAL = _stage("stt_final", "End of turn to the final transcript")
LLM_FIRST_TOKEN = _stage("llm_first_token", "Final transcript to the first text")
TTS_FIRST_AUDIO = _stage("tts_first_audio", "First text to the first audio")
VOICE_TO_VOICE = _stage("voice_to_voice", "Last voiced sample to the first audio")
BARGE_IN = _stage("barge_in", "Speech noticed to playback flushed, inside the gateway")


def observe(latencies: Latencies) -> None:
    stages = (
        (END_OF_TURN, latencies.end_of_turn_s),
        (STT_FINAL, latencies.stt_final_s),
        (LLM_FIRST_TOKEN, latencies.llm_first_token_s),
        (TTS_FIRST_AUDIO, latencies.tts_first_audio_s),
        (VOICE_TO_VOICE, latencies.voice_to_voice_s),
    )
    for histogram, seconds in stages:
        if seconds is not None:
            histogram.observe(seconds)
