"""What the engine tests ask, and how they read the answer."""

from typing import Any

from llm_service.engine import Delta, Finished, LlmEngine, LlmOutput, Message, Prompt, Sampling, Tool

WEATHER = Tool(
    "weather",
    "The weather of a city",
    '{"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}, "required": ["city"],'
    ' "additionalProperties": false, "$defs": {"City": {"enum": ["Paris", "Rome"]}}}',
)
CLOCK = Tool("clock", "The time", '{"type": "object", "properties": {}, "additionalProperties": false}')
"""Random weights would write further properties for ever, where a schema lets them."""
ANALYSIS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 0, "maximum": 100},
        "level": {"enum": ["beginner", "intermediate", "advanced"]},
        "mistakes": {
            "type": "array",
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "said": {"type": "string", "maxLength": 20},
                    "right": {"type": "string", "maxLength": 20},
                },
                "required": ["said", "right"],
                "additionalProperties": False,
            },
        },
        "strengths": {"type": "array", "maxItems": 2, "items": {"type": "string", "maxLength": 20}},
    },
    "required": ["score", "level", "mistakes", "strengths"],
    "additionalProperties": False,
}


def said(text: str = "Hello, how are you?", **sampling: Any) -> Prompt:
    return Prompt(1, (Message("user", text),), Sampling(**sampling))


def tooled(choice: str, **more: Any) -> Prompt:
    messages = (Message("user", "What is the weather in Paris?"),)
    return Prompt(1, messages, Sampling(max_tokens=100), tools=(WEATHER, CLOCK), tool_choice=choice, **more)


def endless(tokens: int = 400) -> Prompt:
    return said(max_tokens=tokens, min_tokens=tokens)


async def collect(engine: LlmEngine, prompt: Prompt) -> list[LlmOutput]:
    return [output async for output in engine.chat(prompt)]


def text(outputs: list[LlmOutput]) -> str:
    return "".join(output.text for output in outputs if isinstance(output, Delta))


def end(outputs: list[LlmOutput]) -> Finished:
    assert isinstance(outputs[-1], Finished)
    return outputs[-1]
