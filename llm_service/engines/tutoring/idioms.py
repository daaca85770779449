"""The idioms the topics bring along, found again by what the learner asks."""

from llm_service.engines.tutoring.topics import TOPICS

_MEANINGS = {
    idiom.removeprefix("to be ").removeprefix("to "): meaning for idiom, meaning in (t.idiom for t in TOPICS)
}


def meaning_of(words: str) -> str | None:
    return _MEANINGS.get(words.removeprefix("to be ").removeprefix("to "))
