"""One story that every dialect tells: hello, a barge-in at 1.3 s, a reply without a voice, hang-up.

Its golden transcripts lie in `golden/`. After a change that is meant, write them anew and read the
difference: `python -m tests.unit.gateway.dialects.story`.
"""

import json
from collections.abc import Callable
from pathlib import Path

from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.effects import CloseReason
from gateway.conversation.floor import Phase
from gateway.conversation.report import AnalysisReport, Mistake
from gateway.dialects.ai_talk import AiTalkDialect
from gateway.dialects.dialect import (
    AudioFinished,
    AudioPlayed,
    AudioStarted,
    Connected,
    Dialect,
    Outbound,
    Pong,
    SessionOptions,
)
from gateway.dialects.parley import ParleyDialect

GOLDEN = Path(__file__).with_name("golden")
DIALECTS: dict[str, Callable[[], Dialect]] = {
    "parley": ParleyDialect,
    "ai_talk": AiTalkDialect,
}
PCM = bytes(range(8))
REPORT = AnalysisReport(
    grammar_score=82,
    final_score=87,
    mistakes=(Mistake("I has a dog", "I have a dog", "‘have’ goes with ‘I’"),),
    strengths=("You asked questions.",),
    suggestions=("Use the past tense more.",),
    engine="rules",
    fallback="the language model does not answer",
)
LATENCIES = n.Latencies(0.6, 0.0812, 0.15, 0.09876, 0.93)

STORY: list[Outbound] = [
    Connected(
        "6f1c",
        SessionOptions(agents=(TUTOR.beginning_as("beginner"),), language="en"),
        profile="embedded",
        engines={"stt": "moonshine", "llm": "tutor", "tts": "espeak"},
        shortcomings=("The tutor cannot speak French here.",),
        recorded=True,
    ),
    n.PhaseChanged(Phase.LISTENING, 0),
    Pong(),
    # Turn 1: an ordinary exchange.
    n.PhaseChanged(Phase.USER_TURN, 1),
    n.Transcribed(1, "hello", is_final=False),
    n.Transcribed(1, "hello there", is_final=True),
    n.PhaseChanged(Phase.THINKING, 1),
    n.ReplyTextAdded(1, 1, "Hi! "),
    n.PhaseChanged(Phase.SPEAKING, 1),
    AudioStarted(1, 1, 24_000),
    AudioPlayed(1, 1, PCM),
    n.LatenciesMeasured(1, 1, LATENCIES),
    n.ReplyTextAdded(1, 1, "Schön, “you”."),
    n.ReplyTextEnded(1, 1, "Hi! Schön, “you”."),
    AudioPlayed(1, 1, PCM[:4]),
    AudioFinished(1, 1, 1300),
    n.TurnCompleted(1, 1, interrupted=False, heard_text="Hi! Schön, “you”.", audio_samples=31_200),
    # Turn 2: the user speaks over the reply: to listen, then to interrupt.
    n.Transcribed(2, "tell me a story", is_final=True),
    n.ReplyTextAdded(2, 2, "Once upon a time "),
    AudioStarted(2, 2, 24_000),
    AudioPlayed(2, 2, PCM),
    n.PlaybackHeld(2, 2),
    n.BackchannelHeard(2, "Mm-hmm."),
    n.PlaybackResumed(2, 2),
    n.PlaybackHeld(2, 2),
    n.PlaybackStopped(2, 2),
    n.TurnCompleted(2, 2, interrupted=True, heard_text="Once", audio_samples=9_600),
    n.PhaseChanged(Phase.USER_TURN, 3),
    n.Transcribed(3, "", is_final=True),
    # Turn 3: the reply has no voice.
    n.ReplyTextAdded(3, 3, "Sorry."),
    n.ReplyTextEnded(3, 3, "Sorry."),
    n.ErrorOccurred("tts_failed", "The reply cannot be spoken just now; here it is in writing.", 3),
    n.TurnCompleted(3, 3, interrupted=False, heard_text="Sorry.", audio_samples=0),
    # Turn 4: the user goes on before anything of the answer is heard.
    n.PhaseChanged(Phase.THINKING, 4),
    n.Transcribed(4, "where is", is_final=True),
    n.ReplyTextAdded(4, 4, "Where is "),
    n.ReplyWithdrawn(4, 4),
    n.PhaseChanged(Phase.USER_TURN, 4),
    n.Transcribed(4, "where is the station", is_final=True, before="where is"),
    # What goes wrong besides.
    n.ErrorOccurred("stt_unavailable", "nobody hears", 0),
    n.ErrorOccurred("stt_refused", "this engine understands en, not de", 0),
    n.ErrorOccurred("bad_message", "unknown message type", 0),
    # The end.
    n.Analyzed(REPORT),
]


def tell(dialect: Dialect) -> list[dict[str, object]]:
    """The story as this dialect tells it: each step with its exact messages, bytes in hexadecimal."""
    told: list[dict[str, object]] = []
    for step in STORY:
        messages = [
            m if isinstance(m, str) else f"{len(m)} bytes {m[:8].hex()}" for m in dialect.encode(step)
        ]
        told.append({"step": type(step).__name__, "messages": messages})
    code, words = dialect.close(CloseReason.DONE)
    return [*told, {"step": "close", "messages": [f"{code} {words}"]}]


def write_anew() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, make in DIALECTS.items():
        text = json.dumps(tell(make()), ensure_ascii=False, indent=1)
        (GOLDEN / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    write_anew()
