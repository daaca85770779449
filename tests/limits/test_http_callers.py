"""Callers over HTTP who leave, take, ask or keep open more than they should; and those who do it right."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.limits.bystander import assert_answered, connected, each
from tests.limits.own_gateway import Gateway, own_gateway
from tests.support.cluster import Cluster, wait_for

PLACES = 2
USED = 'parley_slots_used{engine="fake"}'
ORIGIN = "http://localhost:3000"


@pytest.fixture(scope="module")
def narrow(door: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose callers over HTTP may have two of the model's 256 places."""
    with own_gateway(door, tmp_path_factory.mktemp("narrow"), {"HTTP_LLM_SHARE": "0.009"}) as gateway:
        yield gateway


def chat(words: str, **fields: Any) -> dict[str, Any]:
    return {"model": "fake", "messages": [{"role": "user", "content": words}], **fields}


def inference(words: str) -> dict[str, Any]:
    return {"model_name": "fake", "message": words, "disable_content_filter": True, "preset": "conservative"}


SILENT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/chat/completions", chat("hang")),
    ("/v1/chat/completions", chat("hang", stream=True)),
    ("/v1/chat/completions", chat("stall_after:2")),
    ("/v1/chat/completions", chat("stall_after:2", stream=True)),
    ("/inference/chat", inference("hang")),
    ("/inference/chat", inference("stall_after:2")),
)


@pytest.mark.parametrize(("path", "body"), SILENT)
async def test_a_caller_who_leaves_while_the_model_is_silent_gives_the_place_back_at_once(
    narrow: Gateway, door: Cluster, path: str, body: dict[str, Any]
) -> None:
    async def leave() -> None:
        async with httpx.AsyncClient(base_url=narrow.url) as client:
            with pytest.raises(httpx.TimeoutException):
                await client.post(path, json=body, timeout=0.5)

    await asyncio.gather(*(leave() for _ in range(PLACES)))
    began = time.monotonic()
    async with httpx.AsyncClient(base_url=narrow.url, timeout=5) as client:
        while (answer := await client.post("/v1/chat/completions", json=chat("hi"))).status_code == 429:
            assert time.monotonic() - began < 1, "their places are still taken"
            await asyncio.sleep(0.05)
    assert answer.status_code == 200
    wait_for(lambda: door.metric("llm", USED) == 0, 2, "the model's places to be free")


async def test_a_conversation_is_answered_while_callers_over_http_hold_all_that_they_may(
    narrow: Gateway,
) -> None:
    async def hold(client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.TimeoutException):
            await client.post("/v1/chat/completions", json=chat("hang"), timeout=4)

    async with httpx.AsyncClient(base_url=narrow.url) as client, asyncio.TaskGroup() as group:
        for _ in range(PLACES):
            group.create_task(hold(client))
        await asyncio.sleep(0.5)
        refused = await client.post("/v1/chat/completions", json=chat("hi"))
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "HTTP_LLM_SHARE" in refused.json()["error"]["message"]
        told = (await client.post("/inference/chat", json=inference("hi"))).json()
        assert told["success"] is False
        assert "HTTP_LLM_SHARE" in told["error"]
        async with connected(narrow.ws) as talker:
            await assert_answered(talker)


# ---------------------------------------------------------------------- monitors, pages and proxies


@pytest.mark.parametrize(
    "path", ["/", "/health", "/ready", "/v1/models", "/v1/voices", "/models", "/web/icon.svg"]
)
def test_head_is_get_without_a_body(door: Cluster, path: str) -> None:
    with httpx.Client(base_url=door.url) as client:
        bare, whole = client.head(path), client.get(path)
    assert bare.status_code == whole.status_code == 200
    assert bare.headers["content-type"] == whole.headers["content-type"]
    assert "content-length" in bare.headers
    assert bare.content == b""


async def test_head_leaves_the_connection_in_step(door: Cluster) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    for method in ("HEAD", "GET"):
        writer.write(f"{method} /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert (await reader.readuntil(b"}")).startswith(b"{")
    writer.close()


STAINLESS = (
    "authorization,content-type,openai-beta,openai-organization,openai-project,x-stainless-arch,"
    "x-stainless-async,x-stainless-helper-method,x-stainless-lang,x-stainless-os,x-stainless-package-version,"
    "x-stainless-retry-count,x-stainless-runtime,x-stainless-runtime-version,x-stainless-timeout"
)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/inference/chat"])
def test_openais_client_in_a_listed_page_passes_its_preflight_and_in_another_does_not(
    door: Cluster, path: str
) -> None:
    def preflight(origin: str) -> httpx.Response:
        headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": STAINLESS}
        return httpx.options(f"{door.url}{path}", headers={"Origin": origin, **headers})

    answer = preflight(ORIGIN)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].lower().split(",")}
    assert allowed >= set(STAINLESS.split(","))
    other = preflight("https://evil.example")
    assert other.status_code == 400
    assert "access-control-allow-origin" not in other.headers


async def test_a_connection_that_a_proxy_keeps_is_there_when_it_is_used_again(door: Cluster) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    for pause_s in (7, 0):
        writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await reader.readuntil(b"}")
        await asyncio.sleep(pause_s)
    writer.close()


# ---------------------------------------------------------------------- half-sent bodies


HALF = b'{"model": "fake", "messages": ['
ROUTES = (
    b"POST /v1/chat/completions",
    b"POST /inference/chat",
    b"POST /models/",
    b"PUT /models/x",
    b"POST /models/x/load",
    b"GET /health",
    b"POST /nowhere",
)
CLOSED_S = 14.0


async def test_a_body_that_does_not_come_is_not_waited_for_on_any_route_and_one_at_a_modest_rate_is(
    door: Cluster,
) -> None:
    """Nothing after its beginning, or a byte now and then, in one piece or in chunks."""

    async def one(case: tuple[bytes, bytes, bool]) -> None:
        route, length, drips = case
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        try:
            writer.write(route + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + b"\r\n\r\n")
            writer.write(b"1f\r\n" + HALF + b"\r\n" if b"chunked" in length else HALF)
            reading = asyncio.create_task(reader.read())
            until = time.monotonic() + CLOSED_S
            while time.monotonic() < until and not reading.done():
                await asyncio.sleep(0.5)
                if drips and not writer.transport.is_closing():
                    writer.write(b"1\r\n \r\n" if b"chunked" in length else b" ")
            assert reading.done(), "the connection is still open"
            if route.split()[0] == b"POST" and b"/models" not in route and b"nowhere" not in route:
                said = reading.result()
                assert said.startswith(b"HTTP/1.1 408"), said
                assert b"too slowly" in said
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)

    lengths = (b"Content-Length: 4000", b"Transfer-Encoding: chunked")
    cases = [(route, length, drips) for route in ROUTES for length in lengths for drips in (False, True)]
    async with connected(door.ws) as client:
        await asyncio.gather(send_at_a_modest_rate(door), each(cases, one))
        await assert_answered(client)


async def send_at_a_modest_rate(door: Cluster) -> None:
    """It takes longer than a body that does not come may, and is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    filler = b" " * 40_000
    size = len(HALF) + 9 * len(filler) + len(b'{"role":"user","content":"hi"}]}')
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n"
    writer.write(head.encode() + HALF)
    for _ in range(9):
        await asyncio.sleep(1.4)
        writer.write(filler)
    writer.write(b'{"role":"user","content":"hi"}]}')
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_blank_lines_do_not_keep_an_answered_connection_open(door: Cluster) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await reader.readuntil(b"}")
    reading = asyncio.create_task(reader.read())
    until = time.monotonic() + 8
    while time.monotonic() < until and not reading.done():
        writer.write(b"\r\n")
        await asyncio.sleep(0.5)
    assert reading.done(), "the connection is still open"
    writer.transport.abort()
    await asyncio.sleep(0)
