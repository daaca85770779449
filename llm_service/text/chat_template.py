"""From a conversation to the tokens that the model reads, by the chat template that came with the model."""

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from chassis.faults import InvalidArgument, NotReady
from llm_service.engine import Message, Prompt
from llm_service.text import tool_calls
from llm_service.text.habits import Habits, learn, taken_by
from llm_service.text.thinking import OPEN
from llm_service.text.tokens import Pieces, Sizes
from llm_service.text.window import Rendered, constrained, forced_tools, offered_tools
from llm_service.text.wire_shapes import templated_message, wire_tool


class ChatTemplate:
    """Raises NotReady for a model without one. `knows_tools`: it tells the model of its functions."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._pieces = Pieces(tokenizer)
        self._sizes = Sizes(
            self._pieces.memory, lambda some: len(self.render(some, Prompt(0, tuple(some))).tokens)
        )
        try:
            source: str = tokenizer.get_chat_template()
        except ValueError:
            raise NotReady("the model has no chat template; choose one that was taught to chat") from None
        self.knows_tools = "tools" in source
        self._knows_thinking = "enable_thinking" in source
        self._habits = Habits()
        self._habits = learn(taken_by(self.render))

    def render(self, messages: Sequence[Message], prompt: Prompt) -> Rendered:
        """The messages as tokens, ready for the reply. Raises InvalidArgument where the template refuses."""
        options: dict[str, Any] = {}
        if offered := offered_tools(prompt):
            options["tools"] = [wire_tool(tool) for tool in offered]
        thinking = False if constrained(prompt) else prompt.thinking
        if self._knows_thinking and thinking is not None:
            options["enable_thinking"] = thinking
        wire = [templated_message(message) for message in self._habits.put(messages)]
        try:
            text: str = self._tokenizer.apply_chat_template(
                wire, tokenize=False, add_generation_prompt=True, **options
            )
        except TemplateError as error:
            raise InvalidArgument(f"the model's chat template refuses the messages: {error}") from None
        opened = text.rstrip().endswith(OPEN)
        if forced_tools(prompt):
            text += f"{tool_calls.OPEN}\n"
        return Rendered(self._pieces.encode(text), opened)

    def size(self, message: Message) -> int:
        return self._sizes.of(message)
