"""The phases of a conversation and the legal ways between them."""

from enum import Enum


class Phase(Enum):
    LISTENING = "listening"
    USER_TURN = "user_turn"
    THINKING = "thinking"
    SPEAKING = "speaking"
    CLOSED = "closed"


LEGAL: dict[Phase, frozenset[Phase]] = {
    Phase.LISTENING: frozenset({Phase.USER_TURN, Phase.THINKING, Phase.CLOSED}),
    Phase.USER_TURN: frozenset({Phase.LISTENING, Phase.THINKING, Phase.CLOSED}),
    Phase.THINKING: frozenset(
        {Phase.LISTENING, Phase.USER_TURN, Phase.THINKING, Phase.SPEAKING, Phase.CLOSED}
    ),
    Phase.SPEAKING: frozenset({Phase.LISTENING, Phase.USER_TURN, Phase.THINKING, Phase.CLOSED}),
    Phase.CLOSED: frozenset(),
}
"""THINKING and SPEAKING lead to THINKING when typed text interrupts: a new turn without speech."""
