"""The books that the referee keeps."""

from dataclasses import dataclass, field

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.answering import APOLOGY, HEARING_APOLOGY
from gateway.conversation.floor import Phase
from gateway.conversation.items import ChatMessage


@dataclass
class Ledger:
    """What was promised and done, by reply; `recorded` and `committed` by turn."""

    turns: dict[int, int] = field(default_factory=dict)
    """Of each reply that was started."""
    dead: set[int] = field(default_factory=set)
    completed: dict[int, n.TurnCompleted] = field(default_factory=dict)
    recorded: dict[int, do.RecordTurn] = field(default_factory=dict)
    committed: dict[int, do.CommitTurn] = field(default_factory=dict)
    written: dict[int, str] = field(default_factory=dict)
    spoken: dict[int, str] = field(default_factory=dict)
    finished_text: dict[int, int] = field(default_factory=dict)
    asked: dict[int, str] = field(default_factory=dict)
    tried_again: set[tuple[type, int]] = field(default_factory=set)
    played: set[int] = field(default_factory=set)
    last_word: dict[int, int] = field(default_factory=dict)
    """What the client said that it had played of a reply after it was stopped, in samples."""
    sounded: set[int] = field(default_factory=set)
    silenced: set[int] = field(default_factory=set)
    unanswered: str | None = None
    """The question whose answer was cut short before anything of it was heard."""
    finals: dict[int, str] = field(default_factory=dict)
    """What the client was told to have been said in each turn."""
    questions: int = 0
    readable: set[int] = field(default_factory=set)
    """Turns whose reply could not be spoken."""
    draft: int | None = None
    """The reply that was begun and that nobody has asked for yet."""
    drafted: dict[int, str] = field(default_factory=dict)
    whole_drafts: set[int] = field(default_factory=set)
    failed_drafts: set[int | None] = field(default_factory=set)
    drafted_turns: set[int] = field(default_factory=set)
    prompts: dict[int, tuple[ChatMessage, ...]] = field(default_factory=dict)
    """What drafts were asked."""
    told: tuple[Phase, int] = (Phase.LISTENING, 0)
    awaited: set[int] = field(default_factory=set)
    """Utterances of this turn that have no final yet."""
    said: dict[int, str] = field(default_factory=dict)
    """The finals of this turn, by utterance."""
    errors: int = 0
    held: int | None = None
    """The reply that the client was told to hold."""
    held_at: float = 0.0
    told_held: int | None = None
    doubted: bool = False
    """A button ended the reply that was spoken over in this turn: it is not proven that the words did."""

    def note_event(self, event: e.Event, live: int | None, settling: int | None) -> None:
        """`live`: the reply that is awaited or heard; `settling`: the one that was stopped."""
        if isinstance(event, e.PlaybackAdvanced | e.PlayedOut) and event.reply == live:
            self.played.add(event.reply)
        if isinstance(event, e.PlaybackAdvanced) and event.reply == settling:
            self.last_word[event.reply] = event.samples
        if isinstance(event, e.ReplyTextArrived) and event.reply == self.draft:
            self.drafted[event.reply] = self.drafted.get(event.reply, "") + event.text
        if isinstance(event, e.ReplyTextFinished) and event.reply == self.draft:
            self.whole_drafts.add(event.reply)
        if isinstance(event, e.ReplyTextFailed) and event.reply == self.draft:
            self.failed_drafts.add(event.reply)

    def note_again(self, kind: type, reply: int) -> None:
        assert (kind, reply) not in self.tried_again, "a third replica was asked"
        self.tried_again.add((kind, reply))

    def record(self, turn: do.RecordTurn) -> None:
        """Once, and each of its stages ended after it began, and not later than the turn."""
        assert turn.turn not in self.recorded, "a turn was over twice"
        self.recorded[turn.turn] = turn
        timing = turn.timing
        for began, ended in (
            (timing.speech_ended, timing.end_noticed),
            (timing.end_noticed, timing.understood),
            (timing.first_token, timing.text_ended),
            (timing.first_text, timing.text_ended),
            (timing.first_audio, timing.audio_ended),
        ):
            known = [at for at in (began, ended, turn.at) if at is not None]
            assert known == sorted(known), "a stage ended before it began, or after its turn"


def written_apology(text: str) -> bool:
    return text.endswith((APOLOGY, HEARING_APOLOGY))
