"""The analysis of the embedded profile: grammar rules instead of a model, so a bare machine can give marks.

Precision before recall: calling a right sentence wrong does harm, missing a mistake does not.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from analysis_service.engine import Conversation, Mistake, Progress, Report
from analysis_service.engines.advice import strengths, suggestions
from analysis_service.engines.english import is_english
from analysis_service.engines.scoring import score, words_in
from engine_room.engines import EngineInfo
from grammar.checker import Correction, check
from grammar.sentences import sentences

MOST_CHARS = 200_000  # of a whole conversation, some four hours of speech; what comes after is not judged
MOST_MISTAKES = 50  # listed; all of them count
PROGRESS_FROM = 5  # utterances

FEWEST_WORDS = 3  # in a whole conversation: of fewer nobody can say how somebody speaks

SPEAK_MORE = "Try to speak more during the conversation!"
SPEAK_ENGLISH = "Only English can be judged here. Try to say it in English!"
NOTHING_SAID = Report(0, 0, suggestions=(SPEAK_MORE,), too_little=True)
NOT_ENGLISH = Report(0, 0, suggestions=(SPEAK_ENGLISH,), too_little=True)
"""No score: the rules find no mistake in a language that they do not know, and would give full marks."""


@dataclass(slots=True)
class _Findings:
    """What has been read so far."""

    words: list[str] = field(default_factory=list)
    utterances: int = 0
    sentences: int = 0
    faulty: list[Correction] = field(default_factory=list)

    @property
    def explanations(self) -> list[str]:
        return [text for correction in self.faulty for text in correction.explanations]

    def report(self, level: str) -> Report:
        if not self.words:
            return NOTHING_SAID
        if not is_english(self.words):
            return NOT_ENGLISH
        explanations = self.explanations
        scores = score(
            self.words, self.utterances, self.sentences, len(self.faulty), len(explanations), level
        )
        return Report(
            scores.grammar,
            scores.final,
            tuple(dict.fromkeys(_mistake(correction) for correction in self.faulty))[:MOST_MISTAKES],
            strengths(scores, self.words, self.utterances),
            suggestions(scores, explanations, self.words),
            too_little=len(self.words) < FEWEST_WORDS,
        )


class RulesEngine:
    """Reads every sentence once; the loop runs on between sentences."""

    def __init__(self, slots: int = 8) -> None:
        self._slots = slots

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="rules", model="rules", slots=self._slots)

    async def load(self) -> None:
        """Nothing to load: the rules come with the module."""

    async def unload(self) -> None:
        """Nothing to give back."""

    async def analyze(self, conversation: Conversation) -> AsyncGenerator[Progress | Report, None]:
        findings = _Findings()
        utterances = bounded(conversation.utterances)
        for done, utterance in enumerate(utterances, start=1):
            await _read(utterance, findings)
            if len(utterances) >= PROGRESS_FROM:
                yield Progress(done, len(utterances))
        yield findings.report(conversation.level)


def bounded(utterances: tuple[str, ...]) -> list[str]:
    """The utterances with something in them, up to MOST_CHARS in all."""
    kept, left = [], MOST_CHARS
    for utterance in utterances:
        if left <= 0:
            break
        if utterance.strip():
            kept.append(utterance[:left])
            left -= len(utterance)
    return kept


async def _read(utterance: str, findings: _Findings) -> None:
    words = words_in(utterance)
    findings.words += words
    findings.utterances += bool(words)
    for sentence in sentences(utterance):
        await asyncio.sleep(0)
        findings.sentences += 1
        if correction := check(sentence):
            findings.faulty.append(correction)


def _mistake(correction: Correction) -> Mistake:
    return Mistake(correction.said, correction.right, " ".join(dict.fromkeys(correction.explanations)))
