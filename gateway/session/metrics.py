"""What a session measures."""

from prometheus_client import Counter, Gauge, Histogram

from chassis.metrics import LATENCY_BUCKETS_S, REGISTRY
from gateway.conversation.effects import USERS_CUTS, CloseReason
from gateway.conversation.notices import Latencies

SESSIONS = Gauge("parley_sessions", "Sessions now", ["dialect"], registry=REGISTRY)
ENDED = Counter("parley_sessions_ended_total", "Sessions ended", ["dialect", "reason"], registry=REGISTRY)
FAULTED = Counter(
    "parley_sessions_faulted_total",
    "Sessions that ended after a fault of ours or of a service was shown to them, or because of one",
    registry=REGISTRY,
)
TURNS = Counter("parley_turns_total", "Turns committed", ["outcome"], registry=REGISTRY)
CLIENT_FAULTS = Counter("parley_client_faults_total", "Messages refused", ["dialect"], registry=REGISTRY)
ERRORS = Counter("parley_turn_errors_total", "Errors shown to users", ["code"], registry=REGISTRY)
BARGE_INS = Counter(
    "parley_barge_ins_total", "Replies that their user cut short, by how", ["cause"], registry=REGISTRY
)
HELD = Counter(
    "parley_replies_held_total",
    "Replies that a voice over them made wait, by what it turned out to be",
    ["outcome"],
    registry=REGISTRY,
)
DRAFTS = Counter(
    "parley_drafts_total",
    "Replies begun before their user had finished, by what became of them: the dropped were written in vain",
    ["outcome"],
    registry=REGISTRY,
)
TRIED_AGAIN = Counter(
    "parley_replies_tried_again_total",
    "Replies for which another replica was asked, because of the first nothing had come, by service",
    ["service"],
    registry=REGISTRY,
)
UNDERRUNS = Counter(
    "parley_playout_underruns_total",
    "Times that a client ran out of audio in the middle of a reply",
    registry=REGISTRY,
)
DROPPED = Counter(
    "parley_dropped_audio_seconds_total",
    "Audio dropped: of a reply that was cut short, or of a microphone while nobody could hear it",
    ["path"],
    registry=REGISTRY,
)

OUTCOMES = ("completed", "interrupted")
CAUSES = tuple(cut.value for cut in USERS_CUTS)
HOLDS = ("interruption", "backchannel", "noise")
DRAFTED = ("used", "dropped")
PATHS = ("reply", "microphone")
SERVICES = ("llm", "tts")
OUR_FAULTS = (
    "stt_unavailable",
    "stt_late",
    "llm_failed",
    "llm_late",
    "tts_failed",
    "tts_late",
    "analysis_failed",
)
CLIENTS_FAULTS = ("stt_refused", "invalid_level")
"""A message that was refused is none of them: parley_client_faults_total counts those."""


def _stage(name: str, words: str) -> Histogram:
    return Histogram(f"parley_{name}_seconds", words, buckets=LATENCY_BUCKETS_S, registry=REGISTRY)


END_OF_TURN = _stage("end_of_turn", "Last voiced sample to the decision that the turn ended")
STT_FINAL = _stage("stt_final", "End of turn to the final transcript")
LLM_FIRST_TOKEN = _stage("llm_first_token", "Final transcript to the first text")
TTS_FIRST_AUDIO = _stage("tts_first_audio", "First text to the first audio")
FIRST_BYTE = _stage("first_byte", "First audio to its first byte handed to the client's socket")
VOICE_TO_VOICE = _stage("voice_to_voice", "Last voiced sample to the first audio")
ANSWER = _stage("answer", "Last voiced sample to the first byte of the reply: the wait that a user feels")
BARGE_IN = _stage("barge_in", "Speech noticed to playback flushed, inside the gateway")
SILENCE = _stage("voice_to_silence", "First voiced sample of an interruption to the reply falling silent")


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


def count_from_zero(dialect: str) -> None:
    """A series that begins at 1 looks to Prometheus as if nothing had happened: begin it at 0."""
    for reason in CloseReason:
        ENDED.labels(dialect, reason.value)
    CLIENT_FAULTS.labels(dialect)


def note_end(dialect: str, reason: CloseReason, faults: int) -> None:
    ENDED.labels(dialect, reason.value).inc()
    if faults or reason is CloseReason.INTERNAL:
        FAULTED.inc()


for _counter, _values in (
    (TURNS, OUTCOMES),
    (TRIED_AGAIN, SERVICES),
    (ERRORS, (*OUR_FAULTS, *CLIENTS_FAULTS)),
    (BARGE_INS, CAUSES),
    (HELD, HOLDS),
    (DRAFTS, DRAFTED),
    (DROPPED, PATHS),
):
    for _value in _values:
        _counter.labels(_value)
