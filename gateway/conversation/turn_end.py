"""Whether the user has finished."""

from gateway.conversation.hearing import Hearing
from gateway.conversation.unfinished import calls_for_more


def has_finished(hearing: Hearing) -> bool:
    """By silence: each utterance that began has its final, which the recogniser gives after a pause."""
    return not hearing.open


def wants_patience(hearing: Hearing, latest: str, language: str) -> bool:
    """Whether to wait a little for a user all of whose utterances have their finals: what they said calls for
    more, and they have not said that it was all. `latest`: the last final; a noise asks for no patience.
    """
    return bool(latest) and not hearing.flushed and calls_for_more(hearing.text, language)
