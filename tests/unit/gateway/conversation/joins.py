"""What the referee asks of a user who goes on before anything of the answer was heard."""

from gateway.conversation import notices as n
from gateway.conversation.conversation import Command, Conversation
from tests.unit.gateway.conversation.ledger import Ledger, written_apology


def note_join(command: Command, ledger: Ledger) -> None:
    match command:
        case n.Transcribed(turn, text, True, before):
            told = ledger.finals.get(turn, "")
            assert before == told, "it is not said how much of it was told before"
            assert text.startswith(told), "what was said before they went on is lost"
            ledger.finals[turn] = text
            ledger.questions += bool(text)
        case n.ErrorOccurred("tts_failed", _, turn):
            ledger.readable.add(turn)
        case n.ReplyWithdrawn(turn, reply):
            assert turn not in ledger.readable, "a reply was withdrawn that was read"
            assert ledger.turns.pop(reply, None) == turn, "a reply of another turn was withdrawn"
            assert reply not in ledger.sounded, "a reply was withdrawn that was heard"
            assert not written_apology(ledger.written.get(reply, "")), "an apology was withdrawn"
            assert reply in ledger.dead, "a reply was withdrawn that goes on"
            ledger.questions -= bool(ledger.finals.get(turn))
            asked = ledger.asked.pop(reply)
            ledger.unanswered = None if ledger.finals.get(turn) else asked
        case _:
            pass


def check_joins(conversation: Conversation, ledger: Ledger) -> None:
    """Each question is in the history once, however often it was begun."""
    assert len(conversation.state.items.said) == ledger.questions, "a question is there twice, or not at all"
