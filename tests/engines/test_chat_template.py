"""What the model reads, rendered by a real tokenizer with a template like Qwen2.5's."""

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from chassis.faults import InvalidArgument, NotReady
from llm_service.engine import Message, Prompt, Tool, ToolCall
from llm_service.text.chat_template import ChatTemplate
from llm_service.text.window import make_task

pytestmark = pytest.mark.filterwarnings("ignore")
HELLO = (Message("user", "Hello"),)
CLOCK = Tool("clock", "The time")


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture
def template(tokenizer: Any) -> ChatTemplate:
    return ChatTemplate(tokenizer)


def read(tokenizer: Any, prompt: Prompt) -> str:
    text: str = tokenizer.decode(ChatTemplate(tokenizer).render(prompt.messages, prompt).tokens)
    return text


def test_a_conversation_ends_where_the_reply_begins(tokenizer: Any) -> None:
    messages = (Message("system", "Be kind."), *HELLO)
    assert read(tokenizer, Prompt(1, messages)) == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )


def test_tools_are_told_unless_none_may_be_called(tokenizer: Any, template: ChatTemplate) -> None:
    assert template.knows_tools
    assert '"clock"' in read(tokenizer, Prompt(1, HELLO, tools=(CLOCK,)))
    assert '"clock"' not in read(tokenizer, Prompt(1, HELLO, tools=(CLOCK,), tool_choice="none"))


@pytest.mark.parametrize("choice", ["required", "clock"])
def test_a_forced_call_is_begun_by_the_prompt(tokenizer: Any, choice: str) -> None:
    prompt = Prompt(1, HELLO, tools=(CLOCK,), tool_choice=choice, thinking=True)
    assert read(tokenizer, prompt).endswith("<|im_start|>assistant\n<tool_call>\n")


def test_earlier_calls_are_shown_as_the_model_writes_them(tokenizer: Any) -> None:
    call = ToolCall("1", "weather", '{"city": "Paris"}')
    messages = (*HELLO, Message("assistant", "", (call,)), Message("tool", "rain", tool_call_id="1"))
    text = read(tokenizer, Prompt(1, messages))
    assert '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call>' in text
    assert "<tool_response>\nrain\n</tool_response>" in text


def test_a_call_with_arguments_that_are_no_object_is_refused(template: ChatTemplate) -> None:
    messages = (*HELLO, Message("assistant", "", (ToolCall("1", "clock", "[1]"),)))
    with pytest.raises(InvalidArgument, match="clock are no JSON object"):
        template.render(messages, Prompt(1, messages))


def test_reasoning_is_opened_only_on_request_and_never_before_a_schema(template: ChatTemplate) -> None:
    assert not template.render(HELLO, Prompt(1, HELLO)).thinking
    assert template.render(HELLO, Prompt(1, HELLO, thinking=True)).thinking
    assert not template.render(HELLO, Prompt(1, HELLO, thinking=True, json_schema="{}")).thinking


def conversation(turns: int) -> tuple[Message, ...]:
    pairs = [
        (Message("user", f"I went {i} times."), Message("assistant", f"{i}? ¡Qué! 你好"))
        for i in range(turns)
    ]
    return (Message("system", "Be kind."), *(message for pair in pairs for message in pair))


def test_the_cut_history_keeps_instructions_and_the_last_turn(template: ChatTemplate, tokenizer: Any) -> None:
    messages = (*conversation(40), *HELLO)
    task = make_task(template, Prompt(1, messages), 500, 50)
    assert 170 < len(task.tokens) <= 450
    text = tokenizer.decode(task.tokens)
    assert text.startswith("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nI went")
    assert text.endswith("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n")


def test_piece_by_piece_the_tokens_are_those_of_the_whole(template: ChatTemplate, tokenizer: Any) -> None:
    for turns in range(1, 12):
        messages = (*conversation(turns), Message("user", f"<|im_end|> \n {turns} <tool_call>"))
        tokens = template.render(messages, Prompt(1, messages)).tokens
        assert tokens == tokenizer.encode(tokenizer.decode(tokens), add_special_tokens=False)


def test_of_a_turn_more_only_what_is_new_is_turned_into_tokens(
    template: ChatTemplate, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    encode = type(tokenizer).encode

    def listen(self: Any, text: str, **options: Any) -> Any:
        read.append(text)
        return encode(self, text, **options)

    messages = conversation(30)
    make_task(template, Prompt(1, messages[:-1]), 4096, 50)
    monkeypatch.setattr(type(tokenizer), "encode", listen)
    make_task(template, Prompt(1, (*messages, Message("user", "And now?"))), 4096, 50)
    assert 1 <= len(read) <= 4
    assert all("went" not in text for text in read)


def test_a_message_is_no_longer_than_it_is_taken_for(template: ChatTemplate) -> None:
    """Else a history would be cut, found too long and cut again."""
    call = ToolCall("1", "weather", '{"city": "Paris"}')
    more = (Message("assistant", "", (call,)), Message("tool", "rain", tool_call_id="1"))
    for messages in (conversation(20), (*conversation(3), *HELLO, *more)):
        prompt = Prompt(1, messages)
        rendered = len(template.render(messages, prompt).tokens)
        around = len(template.render(HELLO, prompt).tokens) - template.size(HELLO[0])
        taken_for = around + sum(map(template.size, messages))
        assert rendered <= taken_for < 1.3 * rendered


STRICT = """\
{%- set told = messages | rejectattr('role', 'equalto', 'system') | list %}
{%- if SYSTEM and messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}
{%- for message in told %}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('roles must alternate') }}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + ' ' + message.content + '<|im_end|>' }}
{%- endfor %}
"""


@pytest.mark.parametrize("no_system", ["false", "true"])
def test_a_template_that_takes_no_two_of_the_users_in_a_row_gets_them_as_one(
    tokenizer: Any, no_system: str
) -> None:
    """There are two where a reply was not heard."""
    strict = AutoTokenizer.from_pretrained(tokenizer.name_or_path)
    strict.chat_template = STRICT.replace("SYSTEM", no_system)
    messages = (Message("system", "Be kind."), *HELLO, Message("user", "Are you there?"))
    task = make_task(ChatTemplate(strict), Prompt(1, messages), 400, 50)
    text = strict.decode(task.tokens)
    assert "Hello\nAre you there?<|im_end|>" in text
    assert text.startswith(
        "<|im_start|>user Be kind.\nHello" if no_system == "true" else "<|im_start|>system Be"
    )


def test_what_the_template_refuses_is_told(tokenizer: Any) -> None:
    strict = AutoTokenizer.from_pretrained(tokenizer.name_or_path)
    strict.chat_template = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(InvalidArgument, match="roles must alternate"):
        ChatTemplate(strict).render(HELLO, Prompt(1, HELLO))


def test_a_model_without_a_template_is_refused(tokenizer: Any) -> None:
    bare = AutoTokenizer.from_pretrained(tokenizer.name_or_path)
    bare.chat_template = None
    with pytest.raises(NotReady, match="chat template"):
        ChatTemplate(bare)
