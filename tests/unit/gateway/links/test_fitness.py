"""Which agent the loaded language model can hold, and what is said of one that it cannot."""

import pytest

from chassis.faults import Unsupported
from gateway.apis.ai_talk.status import describe_agent
from gateway.conversation.agent import AGENTS, TUTOR, Agent
from gateway.door.sockets import check_agents
from gateway.links.fitness import Mind, loaded_mind, refusal, shortcomings
from llm_service.engine import Abilities
from llm_service.engines.fake import FakeEngine
from llm_service.engines.tutor import TutorEngine
from protos.parley.v1.control_pb2 import MODEL_STATE_LOADING, MODEL_STATE_READY, ModelStatus
from tests.unit.llm_service.test_mind import FakeMind

NORA = Agent("receptionist", "You are Nora.", needs=frozenset({"agents", "guardrails"}))
TEDDY = Agent("teddy", "You are Teddy.", needs=frozenset({"agents", "guardrails", "children"}))


def loaded(engine: TutorEngine | FakeEngine) -> Mind:
    """As the gateway learns of it by the service's status."""
    info = engine.info
    status = ModelStatus(
        engine=info.name,
        model=info.model,
        state=MODEL_STATE_READY,
        languages=info.languages,
        abilities=info.abilities,
    )
    mind = loaded_mind(status)
    assert mind is not None
    return mind


RULES, SMALL = loaded(TutorEngine()), loaded(TutorEngine(mind=FakeMind()))
LARGE = Mind("vllm (seven billion)", ("any",), frozenset(Abilities(tools=True).names))


@pytest.mark.parametrize("mind", [RULES, SMALL, LARGE])
def test_whatever_is_loaded_the_gateways_own_agents_lack_nothing_in_english(mind: Mind) -> None:
    for agent in AGENTS:
        assert shortcomings(agent, agent.language, mind) == ()
        assert describe_agent(agent, mind)["refused"] == ""


@pytest.mark.parametrize("language", ["fr", "fr-CA", "FR_fr"])
def test_a_language_that_the_mind_does_not_speak_is_named(language: str) -> None:
    for mind in (RULES, SMALL):
        (words,) = shortcomings(TUTOR, language, mind)
        assert "cannot speak French here" in words
        assert "speaks English alone" in words
    assert shortcomings(TUTOR, language, LARGE) == ()


def test_english_of_any_country_is_english_and_an_unknown_tag_is_quoted() -> None:
    assert shortcomings(TUTOR, "en-GB", SMALL) == ()
    assert shortcomings(TUTOR, "auto", SMALL) == ()
    assert "'xx'" in shortcomings(TUTOR, "xx", SMALL)[0]


def test_guardrails_that_the_mind_does_not_keep_are_named() -> None:
    (words,) = shortcomings(NORA, "en", SMALL)
    assert words.startswith("The receptionist has guardrails")
    assert "fake mind" in words
    assert shortcomings(NORA, "en", LARGE) == ()


def test_the_rules_alone_play_the_tutor_only() -> None:
    assert any("knows the tutor's part alone" in words for words in shortcomings(NORA, "en", RULES))


@pytest.mark.parametrize("mind", [RULES, SMALL])
def test_a_childs_companion_is_refused_in_plain_words(mind: Mind) -> None:
    assert "keeps a child company" in refusal(TEDDY, mind)
    assert "LLM_ENGINE" in refusal(TEDDY, mind)
    assert shortcomings(TEDDY, "en", mind)[0].startswith("The teddy keeps a child company")
    with pytest.raises(Unsupported, match="the teddy keeps a child company"):
        check_agents([TUTOR, TEDDY], mind)


def test_a_larger_model_may_be_one_and_with_nothing_loaded_nobody_is_judged() -> None:
    assert refusal(TEDDY, LARGE) == ""
    check_agents([TUTOR, TEDDY], LARGE)
    check_agents([TEDDY], None)
    check_agents([TUTOR], SMALL)


def test_nobody_is_judged_by_a_model_that_is_not_loaded() -> None:
    assert loaded_mind(None) is None
    assert loaded_mind(ModelStatus(engine="tutor", state=MODEL_STATE_LOADING)) is None


def test_the_status_has_each_agent_with_what_it_lacks() -> None:
    described = describe_agent(TEDDY, SMALL)
    assert described["name"] == "teddy"
    assert described["needs"] == ["agents", "children", "guardrails"]
    assert len(described["shortcomings"]) == 2
    assert described["refused"] in described["shortcomings"][0].replace("The teddy", "the teddy")
    assert describe_agent(TEDDY, None)["shortcomings"] == []
