"""What no rule answers: the tutor only steps around it, with a kind word and a question."""

import re
from typing import Literal

from llm_service.engines.tutoring.answers import answer, is_beyond
from llm_service.engines.tutoring.recast import recast
from llm_service.engines.tutoring.talk import Talk

Beyond = Literal["thing", "world", "chat", "told"]
"""What a thing is; another question about the world; one about the two who talk, or a wish; something told
that fits no topic.
"""

_BETWEEN_US = re.compile(r"\b(?:you|your|i|me|my|we)\b")
_ASKS = re.compile(r"^(?:and |but |so )?(?:who|what|where|when|why|how|which)\b")
_THING = re.compile(r"^(?:please )?(?:tell me )?what(?:'s| is| are) (?:an? \w+(?: \w+)?|\w+)$")
_WISH = re.compile(
    r"^(?:please )?(?:tell|sing|show|give|read|play|make|find|order|call|recommend) (?:me|us|an?|the)\b"
)


def beyond(talk: Talk, told: bool) -> Beyond | None:
    """None where a rule applies. `told`: nothing was asked or wished that the rules know of."""
    if is_beyond(talk) or (_ASKS.match(talk.meant) and not answer(talk)):
        if _THING.match(talk.meant):
            return "thing"
        return "chat" if _BETWEEN_US.search(talk.meant) else "world"
    if _WISH.match(talk.meant) and not answer(talk):
        return "chat"
    is_touched = talk.topic or talk.new_facts or talk.heard.is_sad or recast(talk.heard)
    return "told" if told and not is_touched else None
