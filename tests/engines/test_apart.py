"""A conversation put together from its messages is, token by token, what the template makes of the whole."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from llm_service.engine import Message, Prompt, Tool, ToolCall
from llm_service.text import apart
from llm_service.text.apart import Options
from llm_service.text.chat_template import ChatTemplate
from llm_service.text.wire_shapes import templated_message, wire_tool

pytestmark = pytest.mark.filterwarnings("ignore")
CLOCK = Tool("clock", "The time")
PROMPTS: tuple[dict[str, Any], ...] = (
    {},
    {"tools": (CLOCK,)},
    {"thinking": True},
    {"thinking": False},
    {"json_schema": "{}"},
)
TRIMS = """\
{%- if tools %}{{ '<|im_start|>tools ' + (tools | tojson) + '<|im_end|>' }}{% endif %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n\\n' + message.content | trim + '<|im_end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n\\n' }}{% endif %}
{%- if enable_thinking is defined and not enable_thinking %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
"""
"""As Llama's and Qwen3's."""
TOOLS_LAST = """\
{%- for message in messages %}
    {%- if loop.last and tools %}{{ '<|im_start|>tools ' + (tools | tojson) }}{% endif %}
    {{- '<|im_start|>' + message.role + ' ' + message.content + '<|im_end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}
"""
NUMBERED = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + ' ' + loop.index | string + message.content + '<|im_end|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}
"""
LAST_THINKS = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + ' ' + ('' if loop.revindex > 3 else '!') + message.content }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}
"""
NO_MARKS = """\
{%- for message in messages %}{{ message.role + ': ' + message.content + '\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ 'assistant:' }}{% endif %}
"""
GREETING = """\
{%- for message in messages %}
    {%- if loop.first and message.role == 'assistant' %}{{ '<|im_start|>greeting' }}{% endif %}
    {{- '<|im_start|>' + message.role + ' ' + message.content }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}
"""
REASONS = """\
{%- for message in messages %}
    {%- set old = '<think>' in message.content and loop.revindex > 3 %}
    {{- '<|im_start|>' + message.role + ' ' + ('' if old else message.content) }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}
"""
DATED = TRIMS.replace("{%- for", "{{- strftime_now('%d') }}{% for", 1)
TEMPLATES = {
    "as Qwen2.5's": (None, True),
    "trims": (TRIMS, True),
    "forgets its reasons": (REASONS, True),
    "tools last": (TOOLS_LAST, True),
    "numbered": (NUMBERED, False),
    "the last ones think": (LAST_THINKS, False),
    "no marks": (NO_MARKS, False),
    "a greeting is told": (GREETING, False),
    "dated": (DATED, False),
}
"""With whether it writes messages apart, where it is told nothing else."""
WORDS = (
    "hello",
    "I",
    "went",
    "¿qué?",
    "你好",
    "a\nb",
    "  ",
    "\n\n",
    "12.5%",
    "é",
    "<b>",
    "<|im_end|>",
    "<think>",
)


def make(folder: Path, source: str | None) -> tuple[Any, ChatTemplate]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if source is not None:
        tokenizer.chat_template = source
    return tokenizer, ChatTemplate(tokenizer)


def conversations(seed: int, count: int) -> Iterator[tuple[Message, ...]]:
    """Each grows by some messages, now and then is cut at its beginning, and may take back what was said."""
    rng = random.Random(seed)
    told = [Message("system", said(rng)) for _ in range(rng.randint(0, 2))]
    messages: list[Message] = []
    for _ in range(count):
        roles = rng.choices(("user", "assistant"), k=rng.randint(1, 3))
        messages += [Message("user" if role == "user" else "assistant", said(rng)) for role in roles]
        if seed % 2 and rng.random() < 0.1:
            call = ToolCall("1", "clock", "{}")
            messages.append(Message("assistant", "", (call,)))
        if seed % 4 == 1 and messages and messages[-1].tool_calls:
            messages.append(Message("tool", said(rng), tool_call_id="1"))
        if rng.random() < 0.1:
            del messages[: rng.randint(0, len(messages))]
        if rng.random() < 0.2 and messages:
            messages[-1] = Message(messages[-1].role, messages[-1].content[:5])
        yield (*told, *messages, Message("user", said(rng)))


def said(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, [10] * 10 + [0.2] * 3, k=rng.randint(0, 8)))


def whole(tokenizer: Any, messages: Sequence[Message], prompt: Prompt, knows_thinking: bool) -> list[int]:
    options: dict[str, Any] = {"tools": [wire_tool(tool) for tool in prompt.tools]} if prompt.tools else {}
    thinking = False if prompt.json_schema else prompt.thinking
    if knows_thinking and thinking is not None:
        options["enable_thinking"] = thinking
    wire = [templated_message(message) for message in messages]
    text = tokenizer.apply_chat_template(wire, tokenize=False, add_generation_prompt=True, **options)
    tokens: list[int] = tokenizer.encode(text, add_special_tokens=False)
    return tokens


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_is_put_together_is_what_the_template_makes_of_the_whole(tiny_model: Path, name: str) -> None:
    source, separable = TEMPLATES[name]
    tokenizer, template = make(tiny_model, source)
    knows = "enable_thinking" in tokenizer.get_chat_template()
    joined = 0
    for seed in range(20):
        for number, messages in enumerate(conversations(seed, 20)):
            prompt = Prompt(1, messages, **PROMPTS[(seed + number) % len(PROMPTS)])
            assert template.render(messages, prompt).tokens == whole(tokenizer, messages, prompt, knows)
            joined += template.remembers(prompt, 0)
    assert (joined > 100) == separable, joined


def test_tools_that_stand_before_the_last_words_are_no_beginning(tiny_model: Path) -> None:
    _, template = make(tiny_model, TOOLS_LAST)
    for tools, apart_ in (((), True), ((CLOCK,), False)):
        prompt = Prompt(1, (Message("user", "Hello"),), tools=tools)
        template.render(prompt.messages, prompt)
        assert template.remembers(prompt, 0) == apart_


def test_a_turn_more_asks_the_template_for_its_new_messages_alone(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer, template = make(tiny_model, None)
    old = [Message("user" if number % 2 == 0 else "assistant", f"number {number}") for number in range(80)]
    template.render((*old, Message("user", "now")), Prompt(1, ()))
    written: list[int] = []
    apply = type(tokenizer).apply_chat_template

    def listen(self: Any, wire: list[Any], **options: Any) -> Any:
        written.append(len(wire))
        return apply(self, wire, **options)

    monkeypatch.setattr(type(tokenizer), "apply_chat_template", listen)
    longer = (*old, Message("user", "now"), Message("assistant", "when?"), Message("user", "today"))
    assert not template.remembers(Prompt(1, longer), 9)
    assert template.remembers(Prompt(1, longer), 10)
    template.render(longer, Prompt(1, longer))
    assert written == [3, 3]
    assert template.remembers(Prompt(1, longer), 0)


def test_many_agents_are_not_all_remembered(tiny_model: Path) -> None:
    _, template = make(tiny_model, None)
    for number in range(3 * apart.BEGINNINGS):
        messages = (Message("system", f"You are number {number}."), Message("user", "Hello"))
        template.render(messages, Prompt(1, messages))
        assert template.remembers(Prompt(1, messages), 0)
    assert template._apart is not None
    assert len(template._apart._beginnings) <= apart.BEGINNINGS
    assert ((), Options()) not in template._apart._beginnings
