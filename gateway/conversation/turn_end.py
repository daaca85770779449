"""Whether the user has finished."""

from gateway.conversation.hearing import Hearing


def has_finished(hearing: Hearing) -> bool:
    """By silence: each utterance that began has its final, which the recogniser gives after a pause."""
    return not hearing.open
