"""Any OpenAI-compatible server: a vLLM cluster, Ollama, a cloud. Timeouts and retries are ours.

A request is tried again only before the first byte of its answer, and only for failures that say
"try again": nothing is ever said twice. What a server refuses of a request is remembered.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx

from chassis.faults import ClientFault, Fault, NoSlot, NotReady, TooSlow, Unavailable
from chassis.logs import get_logger
from chassis.proxies import is_near_url
from chassis.secrets import hide, remember, without_password
from engine_room.engines import EngineInfo
from llm_service.engine import Abilities, LlmOutput, Message, Prompt, Sampling
from llm_service.engines import openai_server as server
from llm_service.engines.openai_request import Own, body
from llm_service.text.chat_chunks import ChunkReader
from llm_service.text.event_stream import events_of

log = get_logger(__name__)
CONNECT_S, FIRST_S, WHOLE_S = 2.0, 10.0, 60.0
ATTEMPTS = 3
SHOWN_CHARS = 600
"""Of a fault's words."""
BACKOFF_S = (0.05, 0.4)
PASSING = (NoSlot, TooSlow, Unavailable)
SAMPLING = frozenset(
    {
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "presence_penalty",
        "frequency_penalty",
        "seed",
        "stop",
    }
)


class OpenAiEngine:
    """`base_url` ends in /v1. One pool of connections; `slots` requests at once; `own`: what is set here."""

    def __init__(
        self, base_url: str, api_key: str, model: str, slots: int = 64, own: Own | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/").removesuffix("/chat/completions")
        self._shown = without_password(self._base_url)
        remember(api_key)
        remember(base_url)
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._model, self._slots, self._own = model, slots, own or Own()
        self._form = server.Form()
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
        self._form = server.Form()
        self._client = self._open()
        try:
            await self._check(self._client)
        except Fault as fault:
            await self.unload()
            raise bounded(fault) from None
        except BaseException:
            await self.unload()
            raise

    def _open(self) -> httpx.AsyncClient:
        """Raises NotReady when the environment names a proxy that cannot be used."""
        try:
            return httpx.AsyncClient(
                # A near server is not asked through a proxy, but may have a certificate of the operator's.
                trust_env=not is_near_url(self._base_url),
                verify=httpx.create_ssl_context(),
                headers={"Accept-Encoding": "identity", **self._headers},
                timeout=httpx.Timeout(FIRST_S, connect=CONNECT_S),
                limits=httpx.Limits(max_connections=self._slots, max_keepalive_connections=self._slots),
            )
        except (ImportError, ValueError) as error:
            raise NotReady(
                f"{self._shown} cannot be asked through the proxy that http_proxy, https_proxy or all_proxy "
                f"names ({type(error).__name__}): mend it, or list the server in no_proxy"
            ) from None

    async def _check(self, client: httpx.AsyncClient) -> None:
        """Raises NotReady or Unavailable, with words for the operator.

        Many servers that chat well list no models, or keep them to themselves: then a word is asked for.
        """
        names, listing = await self._list_models(client)
        if self._model in names or f"models/{self._model}" in names:
            return
        where = f"LLM_BASE_URL={self._shown}"
        if names:
            has = ", ".join(names[:20])
            raise NotReady(f"{where} has no model {self._model!r}; it has {has}: set LLM_MODEL_NAME")
        log.warning("the server lists no models; asking it for a word", models=listing)
        try:
            hello = Prompt(0, (Message("user", "Hello"),), Sampling(max_tokens=1))
            async with aclosing(self.chat(hello)) as outputs:
                await anext(outputs)
        except Fault as fault:
            kind = NotReady if isinstance(fault, ClientFault) else type(fault)
            raise kind(f"{where}: {fault} (its /models {listing})") from None

    async def _list_models(self, client: httpx.AsyncClient) -> tuple[list[str], str]:
        """The names, and what came where there are none. Raises Unavailable when nobody answers."""
        try:
            async with client.stream("GET", f"{self._base_url}/models") as response:
                text = await server.read_some(response, FIRST_S) if response.status_code == 200 else ""
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.UnsupportedProtocol,
            httpx.InvalidURL,
        ) as error:
            where = f"LLM_BASE_URL={self._shown}"
            raise Unavailable(f"{where} {server.reason_of(error)}") from None
        except TooSlow:
            return [], "took too long"
        except httpx.HTTPError as error:
            return [], server.reason_of(error)
        if response.status_code != 200:
            return [], f"answers {response.status_code}"
        if len(text) > server.MAX_BODY:
            return [], f"is over {server.MAX_BODY} bytes long"
        return server.model_names(text), f"is no list of models ({server.kind_of(response) or 'of no type'})"

    async def unload(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        if self._client is None:
            raise NotReady("the openai engine is not loaded")
        reader = ChunkReader()
        asked = server.Asked(body(self._model, prompt, self._own), frozenset(self._own.added_to(prompt)))
        async with aclosing(self._chunks(self._client, asked)) as chunks:
            async for chunk in chunks:
                for output in reader.take(chunk):
                    yield output
        for output in reader.finish():
            yield output

    async def _chunks(
        self, client: httpx.AsyncClient, asked: server.Asked
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The objects of the answer, after as many attempts as it takes to get one."""
        for attempt in range(1, ATTEMPTS + 1):
            begun = False
            try:
                async with aclosing(self._ask(client, asked)) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
                    return
            except httpx.TimeoutException as error:
                failure: Fault = TooSlow(f"the server {server.reason_of(error)}")
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                failure = Unavailable(f"the server {server.reason_of(error)}")
            except Fault as fault:
                failure = bounded(fault)
            if begun or attempt == ATTEMPTS or not isinstance(failure, PASSING):
                raise failure
            log.warning("trying again", attempt=attempt, reason=str(failure))
            await asyncio.sleep(random.uniform(*BACKOFF_S) * attempt)

    async def _ask(
        self, client: httpx.AsyncClient, asked: server.Asked
    ) -> AsyncGenerator[dict[str, Any], None]:
        """One attempt, in as many forms as the server refuses by name. Raises the first refusal's fault."""
        form, refusal = self._form, None
        while True:
            sent = form.apply(asked)
            async with client.stream("POST", f"{self._base_url}/chat/completions", json=sent) as response:
                if response.status_code == 200:
                    self._form = form
                    async with aclosing(_read(response)) as chunks:
                        async for chunk in chunks:
                            if failure := server.failure_in(chunk):
                                raise failure
                            yield chunk
                    return
                text = await server.read_some(response, FIRST_S)
            refusal = refusal or server.fault_of(response.status_code, text)
            other = form.without(sent, asked.spare, response.status_code, text)
            if other.apply(asked) == sent:
                raise refusal
            form = other


def bounded(fault: Fault) -> Fault:
    """The fault in few words, which may be the server's: they do not repeat our key."""
    return type(fault)(hide(str(fault))[:SHOWN_CHARS])


async def _read(response: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
    """The objects of a stream, or the one of a server that does not stream. Raises a BackendFault."""
    kind = server.kind_of(response)
    pieces = response.aiter_bytes()
    if kind == "application/json":
        text = await server.read_some(response, WHOLE_S)
        if not text.lstrip().startswith(("data:", "event:", ":")):
            yield server.read_whole(text)
            return
        pieces = _once(text.encode())  # a stream under a wrong name
    if "html" in kind:
        raise NotReady(f"the server answers with a web page ({kind}): LLM_BASE_URL must be an API's address")
    async with aclosing(events_of(pieces)) as chunks:
        async for chunk in chunks:
            yield chunk


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
