"""What a move of a script is to the conversation."""

from gateway.conversation import events as e
from tests.unit.gateway.conversation.scripts import WORDS, Move

FAILURES = tuple(e.Failure)


def event_of(move: Move, at: float, utterance: int, reply: int) -> e.Event | None:
    """None: time passes, and nothing else."""
    word = WORDS[move.number]
    match move.kind:
        case "started":
            return e.UserSpeechStarted(at, utterance)
        case "stopped":
            return e.UserSpeechStopped(at, utterance, max(at - 0.6, 0))
        case "noticed":
            return e.VoiceNoticed(at)
        case "dismissed":
            return e.VoiceDismissed(at)
        case "partial":
            return e.TranscriptChanged(at, utterance, "I like tea wi")
        case "whole":
            return e.TranscriptChanged(at, utterance, "I like tea")
        case "open_whole":
            return e.TranscriptChanged(at, utterance, "I like tea and")
        case "paused":
            return e.EndForeseen(at, utterance)
        case "word":
            return e.TranscriptChanged(at, utterance, "I like te")
        case "hum":
            return e.TranscriptChanged(at, utterance, "mm-")
        case "hummed":
            return e.TranscriptFinished(at, utterance, "Mm-hmm.")
        case "final":
            return e.TranscriptFinished(at, utterance, "I like tea")
        case "open_final":
            return e.TranscriptFinished(at, utterance, "I like tea and")
        case "empty_final":
            return e.TranscriptFinished(at, utterance, "")
        case "lost":
            return e.HearingLost(at, "gone", refused=move.number == 2)
        case "stalled":
            return e.AudioStalled(at)
        case "committed":
            return e.UserCommitted(at)
        case "typed":
            return e.TextTyped(at, word)
        case "stop":
            return e.ReplyStopRequested(at)
        case "level":
            return e.VariantChosen(at, ("beginner", "advanced", "guru")[move.number % 3])
        case "end":
            return e.ConversationEndRequested(at)
        case "text":
            return e.ReplyTextArrived(at, reply, word * (40 if move.number == 2 else 1))
        case "text_done":
            return e.ReplyTextFinished(at, reply)
        case "text_failed":
            return e.ReplyTextFailed(at, reply, "boom", FAILURES[move.number % 3])
        case "audio":
            samples = 1920 * move.number
            words = (e.Word(word.strip() or "x", samples // 2),)
            return e.SpeechArrived(at, reply, samples, words)
        case "audio_done":
            return e.SpeechFinished(at, reply)
        case "audio_failed":
            return e.SpeechFailed(at, reply, "boom", FAILURES[move.number % 3])
        case "played":
            return e.PlaybackAdvanced(at, reply, 1920 * move.number)
        case "played_out":
            return e.PlayedOut(at, reply)
        case "analysis_failed":
            return e.AnalysisFailed(at, "boom")
        case _:
            return None
