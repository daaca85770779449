"""Whether the loaded language model can hold an agent: its part, its language, guardrails, its listener."""

from dataclasses import dataclass

from chassis.languages import ANY, is_known, primary
from gateway.conversation.agent import Agent
from protos.parley.v1 import control_pb2

SPEAK_FOR_ANYBODY, GUARDRAILS, CHILDREN = "agents", "guardrails", "children"
"""Abilities by the names that engines give them: to speak by any prompt, to keep what a prompt forbids, to be
with a child.
"""
_NAMES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
    "ru": "Russian", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mind:
    """The loaded language model, as far as an agent cares. `name` is for people."""

    name: str
    languages: tuple[str, ...] = (ANY,)
    abilities: frozenset[str] = frozenset()


def loaded_mind(status: control_pb2.ModelStatus | None) -> Mind | None:
    """By its service's status; None where nobody answers or nothing is loaded."""
    if status is None or status.state != control_pb2.MODEL_STATE_READY:
        return None
    name = f"{status.engine} ({status.model})" if status.model else status.engine
    return Mind(name, tuple(status.languages), frozenset(status.abilities))


def refusal(agent: Agent, mind: Mind) -> str:
    """Why the agent must not speak at all with this model; "": it may."""
    if CHILDREN in agent.needs and CHILDREN not in mind.abilities:
        return (
            f"the {agent.name} keeps a child company, and the loaded language model, {mind.name}, must not: "
            "it cannot be trusted with one. Load a larger model (LLM_ENGINE)"
        )
    return ""


def shortcomings(agent: Agent, language: str, mind: Mind) -> tuple[str, ...]:
    """What the agent lacks with this model when it is spoken to in `language`, each a plain sentence."""
    lacking = agent.needs - mind.abilities
    found = [f"{refused[0].upper()}{refused[1:]}."] if (refused := refusal(agent, mind)) else []
    if not is_known(language, mind.languages):
        known = " and ".join(_name(tag) for tag in mind.languages)
        found.append(
            f"The {agent.name} cannot speak {_name(language)} here: the loaded language model, {mind.name}, "
            f"speaks {known} alone."
        )
    if GUARDRAILS in lacking:
        found.append(
            f"The {agent.name} has guardrails, and the loaded language model, {mind.name}, cannot be relied "
            "on to keep them."
        )
    if SPEAK_FOR_ANYBODY in lacking:
        found.append(
            f"The {agent.name} cannot be played here: the loaded language model, {mind.name}, knows the "
            "tutor's part alone and answers as the tutor."
        )
    return tuple(found)


def _name(tag: str) -> str:
    return _NAMES.get(primary(tag), repr(tag))
