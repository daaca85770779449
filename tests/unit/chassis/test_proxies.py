"""Nothing inside the cluster, or on this machine, is asked for through a proxy."""

import asyncio
import socket
from collections.abc import Iterator

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chassis.faults import Fault
from chassis.grpc_options import CHANNEL_OPTIONS
from chassis.otlp import open_tracer
from chassis.probe import ask_grpc, ask_http
from chassis.proxies import is_near, is_near_url, opener_for
from llm_service.engines.openai import OpenAiEngine
from tests.support.scripted_openai import MODEL, scripted


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "fe80::1%eth0"),
        *("10.1.2.3", "192.168.0.9", "172.16.5.5", "fd00::1", "redis", "parley-llm", "llm.parley.svc"),
        *("llm.parley.svc.cluster.local", "host.docker.internal", "box.local", "0.0.0.0", "stt."),
    ],
)
def test_near_ones_are_known(host: str) -> None:
    assert is_near(host)


@pytest.mark.parametrize("host", ["api.openai.com", "8.8.8.8", "2001:4860:4860::8888", "localhost.evil.com"])
def test_far_ones_are_asked_as_the_environment_says(host: str) -> None:
    assert not is_near(host)
    assert not is_near_url(f"https://{f'[{host}]' if ':' in host else host}/v1")


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Whoever asks it is found out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for variable in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy"):
            monkeypatch.setenv(variable, url)
            monkeypatch.setenv(variable.upper(), url)
        for variable in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
            monkeypatch.delenv(variable, raising=False)
        yield listener
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_a_language_model_on_this_machine_is_asked_without_a_proxy(proxy: socket.socket) -> None:
    async with scripted() as script:
        engine = OpenAiEngine(script.url, "", MODEL)
        await engine.load()
        await engine.unload()


@pytest.mark.parametrize("scheme", ["socks5", "socks", "nonsense"])
async def test_a_proxy_that_cannot_be_used_is_in_nobodys_way_and_named_to_those_who_need_it(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", f"{scheme}://user:canary@127.0.0.1:1")
    async with scripted() as script:
        engine = OpenAiEngine(script.url, "", MODEL)
        await engine.load()
        await engine.unload()
    with pytest.raises(Fault) as refused:
        await OpenAiEngine("https://language.example.com/v1", "", MODEL).load()
    assert "all_proxy" in str(refused.value)
    assert "canary" not in str(refused.value)


async def test_services_are_called_without_a_proxy(proxy: socket.socket) -> None:
    server, board = grpc.aio.server(), health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(board, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"localhost:{port}", options=CHANNEL_OPTIONS) as channel:
            asked = health_pb2.HealthCheckRequest()
            answer = await health_pb2_grpc.HealthStub(channel).Check(asked, timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert await asyncio.to_thread(ask_grpc, f"localhost:{port}") == ""
    finally:
        await server.stop(0)


async def test_health_is_asked_for_without_a_proxy(proxy: socket.socket) -> None:
    async with scripted() as script:
        assert await asyncio.to_thread(ask_http, f"{script.url}/models") == ""


def test_traces_go_to_a_collector_in_the_cluster_without_a_proxy(proxy: socket.socket) -> None:
    tracer = open_tracer("http://127.0.0.1:9", 1.0, "sample")
    tracer.begin("turn", "", 0.0, {}).end()
    tracer.close()


def test_an_opener_for_a_near_address_has_no_proxy(proxy: socket.socket) -> None:
    with pytest.raises(OSError, match="refused"):
        opener_for("http://127.0.0.1:9/").open("http://127.0.0.1:9/", timeout=2)
