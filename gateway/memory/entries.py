"""What is remembered of a session."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionRecord:
    session: str
    owner: str
    dialect: str
    level: str
    state: str
    """open or closed."""
    continues: str = ""
    """The session that this one goes on from."""

    def fields(self) -> dict[str, str]:
        return {
            "owner": self.owner,
            "epoch": "1",
            "dialect": self.dialect,
            "level": self.level,
            "state": self.state,
            "continues": self.continues,
        }


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """One committed turn. Writing it twice leaves one entry."""

    session: str
    turn: int
    user_text: str
    reply_text: str
    heard_text: str
    interrupted: bool

    def fields(self) -> dict[str, str]:
        return {
            "turn": str(self.turn),
            "user": self.user_text,
            "reply": self.reply_text,
            "heard": self.heard_text,
            "interrupted": "1" if self.interrupted else "0",
        }


Entry = SessionRecord | TranscriptEntry


def size_of(entry: Entry) -> int:
    """About how many bytes it takes while it waits."""
    return 200 + sum(len(value.encode(errors="replace")) for value in entry.fields().values())
