"""Who may come in: pages by origin, callers by key; everybody else is refused before the upgrade."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from cli.cluster_files import free_ports
from tests.limits.bystander import PATH, assert_answered, bystander, connected, each
from tests.limits.own_gateway import Gateway, own_gateway
from tests.support.client import talking_to
from tests.support.cluster import Cluster

KEY = "canary-key-7f3a9c"
OTHER_KEY = "canary-key-2b8d11"
RIGHT = {"Authorization": f"Bearer {KEY}"}


async def refusal(url: str, **options: object) -> tuple[int, str]:
    """Status and body of a refused upgrade."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{url}{PATH}", **options)  # type: ignore[arg-type]
    response = refused.value.response
    return response.status_code, response.body.decode()


# ---------------------------------------------------------------------- pages


ELSEWHERE = (
    "https://evil.example",
    "null",
    "http://localhost:3000.evil.example",
    "https://localhost:3000",
    "http://LOCALHOST:3000/",
    "http://localhost:3001",
    "http://127.0.0.1",
    "http://user@localhost:3000",
    "file://",
    "http://[::1",
    "",
)


async def test_a_page_from_elsewhere_is_refused_with_403(door: Cluster) -> None:
    async def one(origin: str) -> None:
        # As a header, for the client library leaves an empty origin out.
        status, body = await refusal(door.ws, additional_headers={"Origin": origin})
        assert status == 403
        assert "CORS_ORIGINS" in body

    async with bystander(door):
        await each(ELSEWHERE, one)


async def test_a_rebound_name_is_not_the_pages_own_host(door: Cluster) -> None:
    port = door.port
    host = f"evil.example:{port}"
    raw = await upgrade_by_hand(port, host, f"http://{host}")
    assert b" 403 " in raw.split(b"\r\n")[0]
    assert b" 101 " in (await upgrade_by_hand(port, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"))


async def upgrade_by_hand(port: int, host: str, origin: str) -> bytes:
    """The first bytes of the answer to an upgrade with these headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        return await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)
    finally:
        writer.close()


@pytest.mark.parametrize("own", ["http://127.0.0.1:{port}", "http://localhost:3000"])
async def test_the_own_page_and_a_listed_origin_come_in(door: Cluster, own: str) -> None:
    async with connected(door.ws, origin=own.format(port=door.port)) as client:
        await assert_answered(client)


# ---------------------------------------------------------------------- keys


@pytest.fixture(scope="module")
def keyed(door: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    settings = {"API_KEYS": f"{KEY}, {OTHER_KEY}", "LOG_LEVEL": "DEBUG"}
    with own_gateway(door, tmp_path_factory.mktemp("keyed"), settings) as gateway:
        yield gateway


WRONG_KEYS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Bearer {KEY}x"},
    {"Authorization": f"Bearer {KEY[:-1]}"},
    {"Authorization": f"Basic {KEY}"},
    {"Authorization": f"Bearer {KEY}, {OTHER_KEY}"},
    {"Authorization": "Bearer \u00e9\u00ff"},
    {"Sec-WebSocket-Protocol": "bearer."},
    {"Sec-WebSocket-Protocol": f"bearer.{KEY[:-1]}"},
    {"Sec-WebSocket-Protocol": KEY},
    {"X-API-Key": KEY},
)


async def test_without_a_right_key_the_answer_is_401_before_the_upgrade(keyed: Gateway) -> None:
    async def one(headers: dict[str, str]) -> None:
        status, body = await refusal(keyed.ws, additional_headers=headers)
        assert status == 401
        assert "bearer" in body or "API_KEYS" in body, "what is missing, or wrong"
        assert KEY not in body

    await each(WRONG_KEYS, one)


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
async def test_a_key_in_the_header_or_as_sub_protocol_comes_in_and_is_never_logged(
    keyed: Gateway, door: Cluster, key: str
) -> None:
    async with connected(keyed.ws, additional_headers={"Authorization": f"Bearer {key}"}) as client:
        await assert_answered(client)
    async with connected(keyed.ws, subprotocols=["chat", f"bearer.{key}"]) as client:
        assert client.socket.subprotocol == f"bearer.{key}"
        await assert_answered(client)
    with pytest.raises(InvalidStatus):
        await connect(f"{keyed.ws}{PATH}?api_key={key}")
    logs = [keyed.log(), *(door.log(name) for name in ("stt", "llm", "tts", "redis"))]
    assert "session opened" in logs[0]
    assert not any(key in log for log in logs)


async def test_every_refusal_is_in_the_log_with_its_reason_and_without_a_key(
    door: Cluster, tmp_path: Path
) -> None:
    async def upgrade(gateway: Gateway, **headers: str) -> tuple[int, str]:
        return await refusal(gateway.ws, additional_headers=headers)

    with own_gateway(door, tmp_path, {"API_KEYS": KEY}) as gateway:
        wrong = {"Authorization": "Bearer canary-wrong-key"}
        assert (await upgrade(gateway, **wrong))[0] == 401
        assert (await upgrade(gateway, Origin="https://evil.example"))[0] == 403
        port = int(gateway.url.rsplit(":", 1)[1])
        host = f"voice.example:{port}"
        raw = await upgrade_by_hand(port, host, f"http://{host}")
        assert b" 403 " in raw
        async with httpx.AsyncClient(base_url=gateway.url) as http:
            assert (await http.get("/v1/models?api_key=canary-query", headers=wrong)).status_code == 401
            assert (await http.post("/inference/chat", json={}, headers=wrong)).status_code == 401
            assert (await http.get("/status", headers=wrong)).status_code == 403
            page = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
            assert (await http.options("/v1/chat/completions", headers=page)).status_code == 400
        async with talking_to(f"{gateway.ws}{PATH}?level=guru", additional_headers=RIGHT) as client:
            assert (await client.wait_closed())[0] == 1008
        for _ in range(60):
            await upgrade(gateway, **wrong)
    log = gateway.log()
    lines = [json.loads(line) for line in log.splitlines() if '"refused"' in line]
    assert {line["reason"] for line in lines} == {"key", "origin", "host", "admin_key", "handshake"}
    assert {line["path"] for line in lines} >= {PATH, "/v1/models", "/inference/chat", "/status"}
    assert any(line["path"] == "/v1/chat/completions" and line["reason"] == "origin" for line in lines)
    assert next(line["words"] for line in lines if line["reason"] == "host").count("ALLOWED_HOSTS") == 1
    assert len(lines) < 20
    assert "canary" not in log


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_beyond_loopback_without_keys_it_does_not_start_and_says_why(host: str) -> None:
    (port,) = free_ports(1)
    clean = {k: v for k, v in os.environ.items() if k not in ("API_KEYS", "ALLOW_ANONYMOUS")}
    ended = subprocess.run(
        [sys.executable, "-m", "gateway"],
        env={**clean, "HOST": host, "PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2, "a setting is wrong: it is not tried again"
    assert "API_KEYS" in said
    assert "ALLOW_ANONYMOUS" in said
    assert "Traceback" not in said
