"""llama.cpp: quantized models in GGUF files, on a CPU or any GPU, several replies in one batch.

Its own server runs in a process of ours, on loopback: a broken file ends that process and not the service.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx

from chassis.faults import Fault, InvalidArgument, NotReady, Unavailable
from chassis.threads import run_beside
from engine_room.engines import EngineInfo
from engine_room.hub_reach import settle_hub
from llm_service.engine import Abilities, LlmOutput, Message, Prompt
from llm_service.engines.llama_cpp_process import LlamaServer, end, find_file, start
from llm_service.engines.local_model import LocalModel
from llm_service.engines.warming import warm_up
from llm_service.text import tool_calls
from llm_service.text.event_stream import events_of, words_of
from llm_service.text.habits import Habits, learn, taken_by
from llm_service.text.thinking import OPEN
from llm_service.text.tokens import Sizes, TokenMemory
from llm_service.text.window import Rendered, Task, constrained, forced_tools, make_task, offered_tools
from llm_service.text.wire_shapes import wire_message, wire_tool

NAMES = {"repetition_penalty": "repeat_penalty"}
SAMPLING = frozenset(
    {
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "repetition_penalty",
        "presence_penalty",
        "frequency_penalty",
        "seed",
        "stop",
        "typical_p",
    }
)
CONNECT_S, BETWEEN_S = 2.0, 60.0
DEAD = "the llama.cpp process has died; load the model again"


@dataclass(frozen=True, slots=True)
class _Loaded:
    server: LlamaServer
    client: httpx.AsyncClient
    template: "LlamaTemplate"
    threads: ThreadPoolExecutor


class LlamaCppEngine:
    """`schemas`: whether replies can be bound to a JSON schema, which wants one more library."""

    def __init__(self, model: LocalModel, schemas: bool = True) -> None:
        self._model, self._schemas = model, schemas
        self._loaded: _Loaded | None = None
        self.progress = ""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="llama_cpp",
            model=self._model.name,
            slots=self._model.slots,
            languages=("any",),
            abilities=self.abilities.names,
        )

    @property
    def abilities(self) -> Abilities:
        tools = self._loaded is not None and self._loaded.template.knows_tools
        return Abilities(sampling=SAMPLING, tools=tools, json_schema=self._schemas)

    @property
    def healthy(self) -> bool:
        """False when not loaded, and once the process has died; load again to heal."""
        return self._loaded is not None and self._loaded.server.alive

    async def load(self) -> None:
        """Raises NotReady with the reason in one line."""
        await self.unload()
        await settle_hub(self._model.name.partition(":")[0])
        self.progress = "finding the file"
        path = await run_beside(lambda: find_file(self._model), lambda _: None, "llama-file")
        self.progress = "reading the weights"
        server = await start(self._model, path)
        timeout = httpx.Timeout(BETWEEN_S, connect=CONNECT_S)
        headers = {"Authorization": f"Bearer {server.key}"}
        client = httpx.AsyncClient(
            base_url=server.address,
            headers=headers,
            timeout=timeout,
            trust_env=False,
            limits=httpx.Limits(max_connections=self._model.slots + 1),
        )
        asking = httpx.Client(base_url=server.address, headers=headers, timeout=timeout, trust_env=False)
        template = LlamaTemplate(asking)
        self._loaded = _Loaded(server, client, template, ThreadPoolExecutor(2, "llama-prompt"))
        try:
            await asyncio.to_thread(template.look)
            self.progress = "warming up"
            await warm_up(self)
        except BaseException:
            await self.unload()
            raise

    async def unload(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            await loaded.client.aclose()
            loaded.template.close()
            loaded.threads.shutdown(wait=False)
            await end(loaded.server.process)

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        loaded = self._loaded
        if loaded is None:
            raise NotReady("the llama_cpp engine is not loaded")
        loop, model = asyncio.get_running_loop(), self._model
        try:
            task = await loop.run_in_executor(
                loaded.threads, make_task, loaded.template, prompt, model.max_model_len, model.max_tokens
            )
            body = await loop.run_in_executor(loaded.threads, self._body, prompt, task)
            async with aclosing(_write(loaded.client, body, task)) as outputs:
                async for output in outputs:
                    yield output
        except httpx.HTTPError as error:
            words = DEAD if not loaded.server.alive else f"llama.cpp failed: {type(error).__name__}"
            raise Unavailable(words) from error

    def _body(self, prompt: Prompt, task: Task) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "temperature": self._model.temperature,
            "top_p": self._model.top_p,
            **prompt.sampling.given(),
        }
        wanted.pop("max_tokens", None)
        body = {NAMES.get(name, name): value for name, value in wanted.items()}
        if task.schema:
            body["json_schema"] = _checked(task.schema)
        return {
            **body,
            "prompt": task.tokens,
            "n_predict": task.max_tokens,
            "stream": True,
            "cache_prompt": True,
        }


class LlamaTemplate:
    """The model's own template, rendered and counted by the server. Blocks: for a thread."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        memory = TokenMemory(lambda text: self._tokenize(text, add_special=False))
        self._sizes = Sizes(memory, lambda some: len(self.render(some, Prompt(0, tuple(some))).tokens))
        self._habits = Habits()
        self.knows_tools = False

    def look(self) -> None:
        """What the template knows. Raises NotReady for a model without one."""
        source = self._client.get("/props").json().get("chat_template", "")
        if not source:
            raise NotReady("the model has no chat template; choose one that was taught to chat")
        self.knows_tools = "tools" in source
        self._habits = learn(taken_by(self.render))

    def close(self) -> None:
        self._client.close()

    def render(self, messages: Sequence[Message], prompt: Prompt) -> Rendered:
        body: dict[str, Any] = {"messages": [wire_message(message) for message in self._habits.put(messages)]}
        if offered := offered_tools(prompt):
            body["tools"] = [wire_tool(tool) for tool in offered]
        thinking = False if constrained(prompt) else prompt.thinking
        if thinking is not None:
            body["chat_template_kwargs"] = {"enable_thinking": thinking}
        text: str = self._ask("/apply-template", body)["prompt"]
        opened = text.rstrip().endswith(OPEN)
        if forced_tools(prompt):
            text += f"{tool_calls.OPEN}\n"
        return Rendered(self._tokenize(text, add_special=True), opened)

    def size(self, message: Message) -> int:
        return self._sizes.of(message)

    def _tokenize(self, text: str, add_special: bool) -> list[int]:
        body = {"content": text, "parse_special": True, "add_special": add_special}
        tokens: list[int] = self._ask("/tokenize", body)["tokens"]
        return tokens

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(path, json=body)
        if answer.status_code != 200:
            raise InvalidArgument(f"the model's chat template refuses the messages: {words_of(answer.text)}")
        parsed: dict[str, Any] = answer.json()
        return parsed


async def _write(
    client: httpx.AsyncClient, body: dict[str, Any], task: Task
) -> AsyncGenerator[LlmOutput, None]:
    """One reply. Closing it closes the connection, at which the server gives the slot back."""
    async with client.stream("POST", "/completion", json=body) as response:
        if response.status_code != 200:
            raise _fault(response.status_code, (await response.aread()).decode(errors="replace"))
        async for event in events_of(response.aiter_bytes()):
            if event.get("error"):
                raise Unavailable(f"llama.cpp gave the reply up: {words_of(event)}")
            for output in task.reader.take(event.get("content", "")):
                yield output
            if event.get("stop"):
                reason = "length" if event.get("stop_type") == "limit" else "stop"
                for output in task.reader.finish(reason, len(task.tokens), event.get("tokens_predicted", 0)):
                    yield output
                return
    raise Unavailable("llama.cpp ended the reply midway")


def _checked(schema: str) -> dict[str, Any]:
    """The schema for the server, which would write on unbound by a bad one. Raises InvalidArgument."""
    from llguidance import LLMatcher

    # Between tokens of a schema small models can write blanks for ever.
    parsed: dict[str, Any] = {**json.loads(schema), "x-guidance": {"whitespace_flexible": False}}
    if problem := LLMatcher.validate_grammar(json.dumps({"grammars": [{"json_schema": parsed}]}), None):
        raise InvalidArgument(f"this json_schema cannot be obeyed: {' '.join(problem.split())[:300]}")
    return parsed


def _fault(status: int, text: str) -> Fault:
    if status == 400:
        return InvalidArgument(f"llama.cpp refuses the prompt: {words_of(text)}")
    return Unavailable(f"llama.cpp failed with {status}: {words_of(text)}")
