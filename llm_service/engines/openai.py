"""Any OpenAI-compatible server: a vLLM cluster, Ollama, a cloud. Timeouts and retries are ours.

A request is tried again only before the first byte of its answer, and only for failures that say
"try again": nothing is ever said twice.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Literal

import httpx

from chassis.engines import EngineInfo
from chassis.faults import Fault, InvalidArgument, NoSlot, NotReady, TooSlow, Unavailable
from chassis.logs import get_logger
from chassis.proxies import is_near_url
from chassis.secrets import hide, remember, without_password
from llm_service.engine import Abilities, Finished, LlmOutput, Prompt, Thinking, ToolCall
from llm_service.text.thinking import ThinkingSplitter
from llm_service.text.wire_shapes import wire_message, wire_tool

log = get_logger(__name__)
CONNECT_S, FIRST_S, BETWEEN_S = 2.0, 10.0, 10.0
ATTEMPTS = 3
BACKOFF_S = (0.05, 0.4)
PASSING = (NoSlot, TooSlow, Unavailable)
RETRYABLE = frozenset({429, 500, 502, 503, 504})
MAX_LINE = 1024 * 1024
SAMPLING = frozenset(
    {"max_tokens", "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop"}
)
_REASONS: dict[str, Literal["stop", "length", "tool_calls"]] = {
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


class OpenAiEngine:
    """`base_url` ends in /v1. One pool of connections; `slots` requests at once."""

    def __init__(self, base_url: str, api_key: str, model: str, slots: int = 64) -> None:
        self._base_url = base_url.rstrip("/")
        self._shown = without_password(self._base_url)
        remember(api_key)
        remember(base_url)
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._model, self._slots = model, slots
        self._client: httpx.AsyncClient | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="openai",
            model=self._model,
            slots=self._slots,
            languages=("any",),
            device="remote",
            abilities=self.abilities.names,
        )

    @property
    def abilities(self) -> Abilities:
        return Abilities(sampling=SAMPLING, tools=True, json_schema=True)

    async def load(self) -> None:
        """Open the pool and see that the server answers, takes the key and has the model."""
        await self.unload()
        self._client = self._open()
        try:
            await self._check(self._client)
        except Fault:
            await self.unload()
            raise

    def _open(self) -> httpx.AsyncClient:
        """Raises NotReady when the environment names a proxy that cannot be used."""
        try:
            return httpx.AsyncClient(
                # A near server is not asked through a proxy, but may have a certificate of the operator's.
                trust_env=not is_near_url(self._base_url),
                verify=httpx.create_ssl_context(),
                headers=self._headers,
                timeout=httpx.Timeout(FIRST_S, connect=CONNECT_S),
                limits=httpx.Limits(max_connections=self._slots, max_keepalive_connections=self._slots),
            )
        except (ImportError, ValueError) as error:
            raise NotReady(
                f"{self._shown} cannot be asked through the proxy that http_proxy, https_proxy or all_proxy "
                f"names ({type(error).__name__}): mend it, or list the server in no_proxy"
            ) from None

    async def _check(self, client: httpx.AsyncClient) -> None:
        try:
            answer = await client.get(f"{self._base_url}/models")
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._shown} does not answer ({type(error).__name__})") from error
        if answer.status_code != 200:
            raise _fault(answer.status_code, answer.text)
        names = [str(model.get("id")) for model in answer.json().get("data", [])]
        if names and self._model not in names:
            others = hide(", ".join(names[:20]))[:1000]
            raise NotReady(f"{self._shown} has no model {self._model!r}; it has {others}")

    async def unload(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        if self._client is None:
            raise NotReady("the openai engine is not loaded")
        reader = _Reader()
        async with aclosing(self._lines(self._client, body(self._model, prompt))) as lines:
            async for data in lines:
                for output in reader.take(data):
                    yield output
        for output in reader.finish():
            yield output

    async def _lines(
        self, client: httpx.AsyncClient, payload: dict[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The data objects of the event stream, after as many attempts as it takes to get one."""
        for attempt in range(1, ATTEMPTS + 1):
            begun = False
            try:
                request = client.stream("POST", f"{self._base_url}/chat/completions", json=payload)
                async with request as response:
                    if response.status_code != 200:
                        raise _fault(response.status_code, (await response.aread()).decode(errors="replace"))
                    async for data in _events(response):
                        begun = True
                        yield data
                    return
            except httpx.TimeoutException as error:
                failure: Fault = TooSlow(f"{self._shown} took too long: {type(error).__name__}")
            except httpx.HTTPError as error:
                failure = Unavailable(f"{self._shown} failed ({type(error).__name__})")
            except Fault as fault:
                failure = fault
            if begun or attempt == ATTEMPTS or not isinstance(failure, PASSING):
                raise failure
            log.warning("trying again", attempt=attempt, reason=str(failure))
            await asyncio.sleep(random.uniform(*BACKOFF_S) * attempt)


async def _events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in response.aiter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            return
        try:
            parsed = json.loads(data[:MAX_LINE])
        except ValueError:
            raise Unavailable("the server's stream is not JSON") from None
        if "error" in parsed:
            raise Unavailable(
                f"the server failed midway: {hide(str(parsed['error'].get('message', '')))[:300]}"
            )
        yield parsed


def _fault(status: int, text: str) -> Fault:
    """The fault that an HTTP answer stands for; its own words are kept, bounded, without our secrets."""
    words = hide(_message(text))[:300]
    if status == 429:
        return NoSlot(f"the server is busy: {words}")
    if status in RETRYABLE:
        return Unavailable(f"the server failed with {status}: {words}")
    if status in (401, 403):
        return NotReady(f"the server refused our key ({status}): set LLM_API_KEY")
    return InvalidArgument(f"the server refused the prompt ({status}): {words}")


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return text


def body(model: str, prompt: Prompt) -> dict[str, Any]:
    """The request for a prompt."""
    payload: dict[str, Any] = {
        "model": model,
        "messages": [wire_message(message) for message in prompt.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        **prompt.sampling.given(),
    }
    if prompt.tools:
        payload["tools"] = [wire_tool(tool) for tool in prompt.tools]
        payload["tool_choice"] = _wire_choice(prompt.tool_choice)
    if prompt.json_schema:
        schema = {"name": "reply", "schema": json.loads(prompt.json_schema), "strict": True}
        payload["response_format"] = {"type": "json_schema", "json_schema": schema}
    return payload


def _wire_choice(choice: str) -> str | dict[str, Any]:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


class _Reader:
    """From the stream's chunks to outputs. Tool calls come in pieces and are told whole."""

    def __init__(self) -> None:
        self._splitter = ThinkingSplitter()
        self._calls: dict[int, list[str]] = {}
        self._reason: Literal["stop", "length", "tool_calls"] = "stop"
        self._usage: dict[str, int] = {}

    def take(self, chunk: dict[str, Any]) -> list[LlmOutput]:
        self._usage = chunk.get("usage") or self._usage
        outputs: list[LlmOutput] = []
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            if reasoning := delta.get("reasoning_content") or delta.get("reasoning"):
                outputs.append(Thinking(str(reasoning)))
            if content := delta.get("content"):
                outputs.extend(self._splitter.feed(str(content)))
            for call in delta.get("tool_calls") or []:
                self._gather(call)
            if reason := choice.get("finish_reason"):
                self._reason = _REASONS.get(reason, "stop")
        return outputs

    def _gather(self, call: dict[str, Any]) -> None:
        parts = self._calls.setdefault(int(call.get("index", 0)), ["", "", ""])
        function = call.get("function") or {}
        parts[0] = parts[0] or str(call.get("id") or "")
        parts[1] += str(function.get("name") or "")
        parts[2] += str(function.get("arguments") or "")

    def finish(self) -> list[LlmOutput]:
        outputs: list[LlmOutput] = [*self._splitter.finish()]
        outputs += [ToolCall(*parts) for _, parts in sorted(self._calls.items())]
        outputs.append(
            Finished(
                reason=self._reason,
                prompt_tokens=int(self._usage.get("prompt_tokens", 0)),
                completion_tokens=int(self._usage.get("completion_tokens", 0)),
            )
        )
        return outputs
