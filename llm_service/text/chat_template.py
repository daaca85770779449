"""From a conversation to the tokens that the model reads, by the chat template that came with the model."""

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from chassis.faults import InvalidArgument, NotReady
from llm_service.engine import Message, Prompt
from llm_service.text import tool_calls
from llm_service.text.apart import Apart, Options
from llm_service.text.habits import Habits, learn, taken_by
from llm_service.text.thinking import OPEN
from llm_service.text.tokens import Pieces, Sizes
from llm_service.text.window import Rendered, constrained, forced_tools, offered_tools
from llm_service.text.wire_shapes import templated_message, wire_tool

CLOCK = "strftime_now"
"""What a template calls that writes the date: its beginning is not the same for ever."""


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
        self._apart: Apart | None = None
        self._habits = learn(taken_by(self.render))
        if self._habits == Habits():
            self._apart = Apart(self._write, self._pieces, CLOCK in source)

    def render(self, messages: Sequence[Message], prompt: Prompt) -> Rendered:
        """The messages as tokens, ready for the reply. Raises InvalidArgument where the template refuses."""
        options = self._options(prompt)
        call = f"{tool_calls.OPEN}\n" if forced_tools(prompt) else ""
        if self._apart and (joined := self._apart.join(messages, options)):
            tokens, after = joined
            return Rendered(tokens + self._pieces.encode(after + call), after.rstrip().endswith(OPEN))
        text = self._write(messages, options, ready=True)
        return Rendered(self._pieces.encode(text + call), text.rstrip().endswith(OPEN))

    def size(self, message: Message) -> int:
        alone = self._apart.tokens_of(message) if self._apart else ()
        return len(alone) or self._sizes.of(message)

    def remembers(self, prompt: Prompt, most_chars: int) -> bool:
        """Whether its messages are rendered without a template, but for so many characters at most."""
        apart = self._apart
        return apart is not None and apart.remembers(prompt.messages, self._options(prompt), most_chars)

    def _options(self, prompt: Prompt) -> Options:
        thinking = False if constrained(prompt) else prompt.thinking
        return Options(offered_tools(prompt), thinking if self._knows_thinking else None)

    def _write(self, messages: Sequence[Message], options: Options, ready: bool) -> str:
        given: dict[str, Any] = {}
        if options.tools:
            given["tools"] = [wire_tool(tool) for tool in options.tools]
        if options.thinking is not None:
            given["enable_thinking"] = options.thinking
        wire = [templated_message(message) for message in self._habits.put(messages)]
        try:
            text: str = self._tokenizer.apply_chat_template(
                wire, tokenize=False, add_generation_prompt=ready, **given
            )
        except TemplateError as error:
            raise InvalidArgument(f"the model's chat template refuses the messages: {error}") from None
        return text
