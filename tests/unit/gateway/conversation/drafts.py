"""What the referee asks of a reply that is begun before its user has finished."""

from gateway.conversation import effects as do
from gateway.conversation import notices as n
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.floor import AgentState, UserState
from gateway.conversation.unfinished import calls_for_more
from tests.unit.gateway.conversation.ledger import Ledger


def note_draft(command: Command, ledger: Ledger) -> None:
    match command:
        case do.StartDraft(reply, turn, messages):
            assert ledger.draft is None, "two drafts at once"
            assert turn not in ledger.drafted_turns, "two drafts in a turn"
            assert turn not in ledger.turns.values(), "a draft for what is answered"
            assert not calls_for_more(messages[-1].content, "en"), "a draft for half a sentence"
            ledger.draft, ledger.prompts[reply] = reply, messages
            ledger.drafted_turns.add(turn)
        case do.UseDraft(reply):
            assert ledger.draft == reply, "a draft that is none was used"
            ledger.draft = None
            ledger.asked[reply] = ledger.prompts[reply][-1].content
        case do.DropDraft(reply):
            assert ledger.draft == reply, "a draft that is none was dropped"
            ledger.draft = None
        case n.ReplyTextAdded(_, reply) | do.SpeakText(reply):
            assert reply in ledger.turns, "a reply was shown that nobody had asked for"
        case _:
            pass


def check_drafts(commands: list[Command], conversation: Conversation, ledger: Ledger) -> None:
    state, floor = conversation.state, conversation.state.floor
    is_drafting = floor.agent is AgentState.DRAFTING
    assert is_drafting == (ledger.draft is not None), "the floor does not know of a draft, or of its end"
    assert (state.draft is not None) == is_drafting, "a draft of nobody"
    assert not is_drafting or floor.user is not UserState.QUIET, "a draft outlived the user's turn"
    assert not (is_drafting and floor.closed), "a draft outlived the session"
    assert ledger.draft not in ledger.failed_drafts, "a draft that failed is waited for"
    if state.draft is not None:
        said = state.hearing.text.rstrip(".").lower()
        assert ledger.prompts[state.draft.id][-1].content.rstrip(".").lower() == said, (
            "a draft of other words"
        )
    for command in commands:
        if isinstance(command, do.UseDraft):
            check_use(command.reply, conversation, ledger)


def check_use(reply: int, conversation: Conversation, ledger: Ledger) -> None:
    """It answers the very question, asked with the very history, and nothing of it is lost."""
    state = conversation.state
    agent = next(iter(conversation._agents.values()))
    asked = state.items.prompt_for(state.agent, agent.system_prompt(state.variant))
    prompt = ledger.prompts[reply]
    assert prompt == asked[: len(prompt)], "it answers something else"
    drafted = ledger.drafted.get(reply, "")[: conversation.limits.reply_chars].lstrip()
    assert ledger.written.get(reply, "").startswith(drafted), "what was drafted is not what is shown"
    assert drafted.strip() or reply not in ledger.whole_drafts, "a draft without a word was used"
    assert reply not in ledger.whole_drafts or reply in ledger.finished_text, "its end was not noticed"
