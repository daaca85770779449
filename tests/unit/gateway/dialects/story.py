"""One story that every dialect tells: hello, a barge-in at 1.3 s, a reply without a voice, hang-up.

Its golden transcripts lie in `golden/`. After a change that is meant, write them anew and read the
difference: `python -m tests.unit.gateway.dialects.story`.
"""

import json
from collections.abc import Callable
from pathlib import Path

from gateway.conversation import commands as c
from gateway.conversation.history import ChatMessage
from gateway.conversation.phases import Phase
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
    "ai_talk_text_first": lambda: AiTalkDialect(text_first=True),
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
LATENCIES = c.Latencies(0.6, 0.0812, 0.15, 0.09876, 0.93)

STORY: list[Outbound] = [
    Connected(
        "6f1c",
        SessionOptions(level="beginner"),
        profile="embedded",
        engines={"stt": "pocketsphinx", "llm": "tutor", "tts": "espeak"},
    ),
    c.ShowState(Phase.LISTENING, 0),
    Pong(),
    # Turn 1: an ordinary exchange.
    c.ShowState(Phase.USER_TURN, 1),
    c.ShowTranscript(1, "hello", is_final=False),
    c.FlushHearing(),
    c.ShowTranscript(1, "hello there", is_final=True),
    c.ShowState(Phase.THINKING, 1),
    c.StartReply(1, (ChatMessage("user", "hello there"),), "beginner"),
    c.AskAgain(1, late=True),
    c.ShowReplyText(1, "Hi! "),
    c.SpeakText(1, "Hi! "),
    c.SpeakAgain(1, late=True),
    c.CancelSpeech(1),
    c.ShowState(Phase.SPEAKING, 1),
    AudioStarted(1, 24_000),
    AudioPlayed(1, PCM),
    c.ReportLatencies(1, LATENCIES),
    c.ShowReplyText(1, "Schön, “you”."),
    c.FinishReplyText(1, "Hi! Schön, “you”."),
    c.FinishText(1),
    AudioPlayed(1, PCM[:4]),
    AudioFinished(1, 1300),
    c.CommitTurn(1, "hello there", "Hi! Schön, “you”.", "Hi! Schön, “you”.", interrupted=False),
    c.CompleteTurn(1, interrupted=False, heard_text="Hi! Schön, “you”.", audio_samples=31_200),
    # Turn 2: the user speaks over the reply.
    c.ShowTranscript(2, "tell me a story", is_final=True),
    c.ShowReplyText(2, "Once upon a time "),
    AudioStarted(2, 24_000),
    AudioPlayed(2, PCM),
    c.CancelText(2),
    c.CancelReply(2),
    c.FlushPlayback(2),
    c.CompleteTurn(2, interrupted=True, heard_text="Once", audio_samples=9_600),
    c.ShowState(Phase.USER_TURN, 3),
    c.ShowTranscript(3, "", is_final=True),
    # Turn 3: the reply has no voice.
    c.StartSpeech(3),
    c.ShowReplyText(3, "Sorry."),
    c.FinishReplyText(3, "Sorry."),
    c.ShowError("tts_failed", "The reply cannot be spoken just now; here it is in writing.", 3),
    c.CompleteTurn(3, interrupted=False, heard_text="Sorry.", audio_samples=0),
    # What goes wrong besides.
    c.ShowError("stt_unavailable", "nobody hears", 0),
    c.ShowError("stt_refused", "this engine understands en, not de", 0),
    c.ShowError("bad_message", "unknown message type", 0),
    # The end.
    c.Analyze(("hello there", "tell me a story"), "beginner"),
    c.ShowAnalysis(REPORT),
    c.CloseSession(c.CloseReason.DONE),
]


def tell(dialect: Dialect) -> list[dict[str, object]]:
    """The story as this dialect tells it: each step with its exact messages, bytes in hexadecimal."""
    told: list[dict[str, object]] = []
    for step in STORY:
        messages = [
            m if isinstance(m, str) else f"{len(m)} bytes {m[:8].hex()}" for m in dialect.encode(step)
        ]
        told.append({"step": type(step).__name__, "messages": messages})
    code, words = dialect.close(c.CloseReason.DONE)
    return [*told, {"step": "close", "messages": [f"{code} {words}"]}]


def write_anew() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, make in DIALECTS.items():
        text = json.dumps(tell(make()), ensure_ascii=False, indent=1)
        (GOLDEN / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    write_anew()
