"""The rule-based analysis: right about what it flags, fair in its scores, and never at a loss."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_service.engine import Conversation, Progress, Report
from analysis_service.engines.fake import REPORT
from analysis_service.engines.fake import FakeEngine as FakeAnalysis
from analysis_service.engines.rules import MOST_MISTAKES, NOT_ENGLISH, RulesEngine
from chassis.faults import InternalFault
from tests.unit.analysis_service.learner_sentences import RIGHT, WRONG

_FLAGGED_AS = [(said, right) for said, right in WRONG if right is not None]


def _outputs(*utterances: str, level: str = "intermediate") -> list[Progress | Report]:
    async def run() -> list[Progress | Report]:
        return [output async for output in RulesEngine().analyze(Conversation(utterances, level))]

    return asyncio.run(run())


def _report(*utterances: str, level: str = "intermediate") -> Report:
    last = _outputs(*utterances, level=level)[-1]
    assert isinstance(last, Report)
    return last


def test_learner_sentences_are_flagged_with_precision_and_recall() -> None:
    wrongly = [said for said in RIGHT if _report(said).mistakes]
    rightly = [said for said, _ in WRONG if _report(said).mistakes]
    assert len(rightly) / (len(rightly) + len(wrongly)) >= 0.95, wrongly
    assert len(rightly) / len(WRONG) >= 0.7


@pytest.mark.parametrize(("said", "right"), _FLAGGED_AS)
def test_a_flagged_sentence_is_corrected_as_a_teacher_would(said: str, right: str) -> None:
    (mistake,) = _report(said).mistakes
    assert mistake.original == said
    assert mistake.correction == right
    assert mistake.explanation


IN_OTHER_LANGUAGES = {
    "Spanish": "Me llamo Ana y vivo en Madrid. Ayer fui al mercado con mi hermana.",
    "French": "Je m'appelle Marie et j'habite à Paris. Hier je suis allée au marché.",
    "German": "Ich heiße Anna und wohne in Berlin. Gestern war ich auf dem Markt, das war so schön.",
    "Dutch": "Ik woon in Amsterdam en ik heb een hond. Het is een mooi huis.",
    "Portuguese": "Eu moro em Lisboa e gosto de cozinhar para a minha família.",
    "Hindi": "मेरा नाम राज है और मैं दिल्ली में रहता हूँ",
    "Arabic": "اسمي أحمد وأعيش في القاهرة",
}


@pytest.mark.parametrize("language", IN_OTHER_LANGUAGES)
def test_another_language_gets_no_score_and_is_told_why(language: str) -> None:
    """The rules find no mistake in what they cannot read: that is no reason for full marks."""
    assert _report(IN_OTHER_LANGUAGES[language]) == NOT_ENGLISH
    assert NOT_ENGLISH.too_little
    assert "English" in NOT_ENGLISH.suggestions[0]


def test_a_learners_english_is_taken_for_english_whatever_its_mistakes() -> None:
    taken = [said for said in (*RIGHT, *(said for said, _ in WRONG)) if _report(said) == NOT_ENGLISH]
    assert taken == []


def test_a_few_foreign_words_leave_it_english() -> None:
    report = _report("I live in Sevilla and every friday we eat tapas y tortilla con mi familia")
    assert not report.too_little


def test_two_mistakes_in_one_sentence_are_put_right_together() -> None:
    (mistake,) = _report("yesterday he go to the shop and he buy two apple").mistakes
    assert mistake.correction == "yesterday he went to the shop and he buys two apples"
    assert mistake.explanation.count(".") >= 2


def test_a_past_time_in_one_clause_leaves_habits_in_the_other_alone() -> None:
    assert not _report("I go to school by bus and yesterday I took the train").mistakes


def test_capitals_and_points_survive_a_correction() -> None:
    (mistake,) = _report("My brother work in Rome, near the station!").mistakes
    assert mistake.correction == "My brother works in Rome, near the station!"


def test_nobody_who_said_nothing_gets_marks() -> None:
    expected = Report(0, 0, suggestions=("Try to speak more during the conversation!",), too_little=True)
    assert _report() == expected
    assert _report("", "  ", "...") == expected


@pytest.mark.parametrize("said", ["yes", "hello there", "yes. no."])
def test_who_said_hardly_anything_is_not_judged(said: str) -> None:
    assert _report(said).too_little
    assert not _report(said, "I like green tea").too_little


def test_each_mistake_costs_marks() -> None:
    right = "I went to the market and I bought two apples for my mother"
    one = "I went to the market and I bought two apple for my mother"
    two = "I goed to the market and I bought two apple"
    grades = [_report(text).grammar_score for text in (right, one, two)]
    assert grades[0] == 100
    assert grades == sorted(grades, reverse=True)
    assert len(set(grades)) == 3


def test_one_mistake_among_many_sentences_costs_little() -> None:
    assert _report(*RIGHT[:10], "he go to school").grammar_score >= 90


def test_longer_and_richer_answers_score_higher() -> None:
    short = _report("yes", "no", "yes")
    rich = _report("I usually travel by train because I enjoy looking at mountains and villages")
    assert short.grammar_score == rich.grammar_score == 100
    assert short.final_score < rich.final_score - 20


def test_the_same_words_earn_more_at_a_lower_level() -> None:
    scores = [_report("I like my dog", level=level).final_score for level in ("beginner", "advanced")]
    assert scores[0] > scores[1]


def test_strengths_and_suggestions_are_two_to_five() -> None:
    for said in ("yes", "he go home", RIGHT[1], "I goed and I eated and he don't know nothing"):
        report = _report(said)
        assert 2 <= len(report.strengths) <= 5
        assert 2 <= len(report.suggestions) <= 5


def test_the_commonest_mistake_is_what_to_practise_first() -> None:
    report = _report("he go home", "she like tea", "my brother work", "i have dog")
    assert "-s" in report.suggestions[0]


def test_progress_is_told_when_there_are_many_utterances() -> None:
    outputs = _outputs(*RIGHT[:6])
    assert outputs[:-1] == [Progress(done, 6) for done in range(1, 7)]


def test_a_mistake_made_often_is_listed_once_and_the_list_is_bounded() -> None:
    assert len(_report(*["he go home"] * 20).mistakes) == 1
    assert len(_report(*(f"he go to place number {n}" for n in range(200))).mistakes) == MOST_MISTAKES


@pytest.mark.parametrize(
    "text", ["i am " * 100_000, "a" * 1_000_000, "my " * 200_000, "more " * 100_000, "the boys and " * 50_000]
)
def test_endless_speech_is_read_in_bounded_time(text: str) -> None:
    started = time.monotonic()
    _report(text)
    assert time.monotonic() - started < 8


async def test_the_loop_runs_on_between_the_sentences_of_a_long_talk() -> None:
    turns = 0
    reading = asyncio.ensure_future(_exhaust("i go to the market and he have two dog " * 300))
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 90


async def _exhaust(text: str) -> None:
    async for _ in RulesEngine().analyze(Conversation((text,))):
        pass


_SPEECH = st.lists(
    st.one_of(st.text(max_size=80), st.sampled_from([*RIGHT, *(said for said, _ in WRONG)])), max_size=8
)


@settings(max_examples=150, deadline=None)
@given(_SPEECH, st.sampled_from(["beginner", "intermediate", "advanced", "", "wizard"]))
def test_any_text_gets_a_report_within_its_bounds(said: list[str], level: str) -> None:
    report = _report(*said, level=level)
    assert 0 <= report.grammar_score <= 100
    assert 0 <= report.final_score <= 100
    assert len(report.strengths) <= 5
    assert 1 <= len(report.suggestions) <= 5
    assert all(mistake.original != mistake.correction for mistake in report.mistakes)


async def test_the_fake_reports_fails_and_hangs_as_told() -> None:
    engine = FakeAnalysis(delay_s=0)
    assert [output async for output in engine.analyze(Conversation(("hello",)))] == [REPORT]
    with pytest.raises(InternalFault):
        await anext(engine.analyze(Conversation(("please fail now",))))
    hanging = asyncio.ensure_future(anext(engine.analyze(Conversation(("hang",)))))
    await asyncio.sleep(0.01)
    assert engine.running == 1
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert engine.running == 0
