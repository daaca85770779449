"""The LLM service with the real vLLM in a running cluster: asked by an OpenAI client, killed, replaced."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import jsonschema
import openai
import psutil
import pytest

from protos.parley.v1 import analysis_pb2, analysis_pb2_grpc
from tests.engines.asking import ANALYSIS, WEATHER
from tests.support.cluster import Cluster, cluster, wait_for

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
KEY, ADMIN_KEY = "engines-key", "engines-admin-key"
CHATS = 32
# More tokens than are written before all have begun and all but one have left, on however busy a machine.
LONG = 8000
HELLO: list[Any] = [{"role": "user", "content": "Hello, how are you?"}]
BIG_BYTES = 200_000_000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Cluster]:
    environment = {
        "LLM_ENGINE": "vllm",
        "LLM_MODEL_NAME": str(tiny_model),
        "LLM_FALLBACK_MODEL_NAME": str(tiny_model),
        "LLM_MAX_MODEL_LEN": "8192",
        "LLM_GPU_MEMORY_UTILIZATION": "0.1",
        "LLM_ENFORCE_EAGER": "true",
        "LLM_SLOTS": str(CHATS),
        "API_KEYS": KEY,
        "ADMIN_KEYS": ADMIN_KEY,
        "HTTP_LLM_SHARE": "1",
        "ANALYSIS_ENGINE": "llm",
    }
    with cluster(tmp_path_factory.mktemp("vllm"), "fake", environment, ready_s=240) as started:
        yield started


@pytest.fixture
def client(running: Cluster) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def model(running: Cluster) -> str:
    return str(running.get("/status", ADMIN_KEY)[1]["models"]["llm"]["model_name"])


def cores(running: Cluster) -> list[psutil.Process]:
    """vLLM's processes under the service: the scheduler's, then the model's."""
    below = psutil.Process(running.pid("llm")).children(recursive=True)
    return [process for process in below if process.memory_info().rss > BIG_BYTES]


def counted(running: Cluster, name: str) -> float:
    """vLLM's own count, on the service's metrics port."""
    found = re.findall(rf"^vllm:{name}\{{.*\}} (\S+)$", running.metrics("llm"), re.MULTILINE)
    assert found, f"vLLM counts no {name}"
    return sum(map(float, found))


def writing(running: Cluster) -> float:
    return counted(running, "num_requests_running")


def written(running: Cluster) -> float:
    return counted(running, "generation_tokens_total")


def llm(running: Cluster) -> dict[str, Any]:
    status: dict[str, Any] = running.get("/status", ADMIN_KEY)[1]["models"]["llm"]
    return status


def test_it_lists_the_model_and_answers_whole_and_as_a_stream(client: openai.OpenAI, model: str) -> None:
    assert model in [listed.id for listed in client.models.list()]
    whole = client.chat.completions.create(model=model, messages=HELLO, max_tokens=20, seed=3, temperature=0)
    stream = client.chat.completions.create(
        model=model, messages=HELLO, max_tokens=20, seed=3, temperature=0, stream=True
    )
    pieces = [choice.delta.content or "" for chunk in stream for choice in chunk.choices]
    assert "".join(pieces) == (whole.choices[0].message.content or "")
    assert whole.usage is not None
    assert whole.usage.completion_tokens <= 20


def test_it_uses_a_tool_and_reads_the_tools_answer(client: openai.OpenAI, model: str) -> None:
    function = {"name": WEATHER.name, "parameters": json.loads(WEATHER.parameters)}
    tools: list[Any] = [{"type": "function", "function": function}]
    choice: Any = {"type": "function", "function": {"name": "weather"}}
    first = client.chat.completions.create(model=model, messages=HELLO, tools=tools, tool_choice=choice)
    assert first.choices[0].finish_reason == "tool_calls"
    message = first.choices[0].message
    assert message.tool_calls
    (call,) = message.tool_calls
    assert call.type == "function"
    assert json.loads(call.function.arguments)["city"] in ("Paris", "Rome")
    answered = [
        *HELLO,
        message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    second = client.chat.completions.create(model=model, messages=answered, tools=tools, max_tokens=10)
    assert second.usage is not None
    assert first.usage is not None
    assert second.usage.prompt_tokens > first.usage.prompt_tokens


def test_it_gets_json_that_is_true_to_its_schema(client: openai.OpenAI, model: str) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "analysis", "schema": ANALYSIS}}
    for _ in range(5):
        answer = client.chat.completions.create(
            model=model, messages=HELLO, response_format=wanted, max_tokens=400, temperature=1
        )
        assert answer.choices[0].finish_reason == "stop"
        jsonschema.validate(json.loads(answer.choices[0].message.content or ""), ANALYSIS)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "does not exist here; served: "),
        (
            {"messages": [{"role": "user", "content": "market " * 9000}]},
            openai.BadRequestError,
            "tokens long",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "wibble"}},
                }
            },
            openai.BadRequestError,
            "refuses the prompt",
        ),
        ({"max_tokens": -1}, openai.BadRequestError, "max_tokens"),
    ],
    ids=["wrong model", "too long", "bad schema", "bad value"],
)
def test_a_refusal_is_the_exception_that_the_client_has_for_it(
    client: openai.OpenAI,
    model: str,
    arguments: dict[str, Any],
    error: type[openai.APIStatusError],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        client.chat.completions.create(**{"model": model, "messages": HELLO, **arguments})


def test_a_wrong_key_is_an_authentication_error(running: Cluster, model: str) -> None:
    with (
        openai.OpenAI(base_url=f"{running.url}/v1", api_key="wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.chat.completions.create(model=model, messages=HELLO)


def test_31_of_32_callers_leave_and_the_engine_writes_for_the_last(running: Cluster, model: str) -> None:
    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as client:

            async def begin() -> openai.AsyncStream[Any]:
                stream = await client.chat.completions.create(
                    model=model, messages=HELLO, stream=True, max_tokens=LONG, extra_body={"min_tokens": LONG}
                )
                await anext(stream)
                return stream

            async with asyncio.TaskGroup() as group:
                begun = [group.create_task(begin()) for _ in range(CHATS)]
            last, *others = [task.result() for task in begun]
            for stream in others:
                await stream.close()
            await asyncio.to_thread(wait_for, lambda: writing(running) <= 1, 30, "vLLM to leave off")
            # The first of all is still being written: no other had come to its own end.
            before = written(running)
            await asyncio.to_thread(wait_for, lambda: written(running) > before + 100, 30, "vLLM to go on")
            for _ in range(100):
                assert not (await anext(last)).choices[0].finish_reason
            await last.close()

    asyncio.run(main())
    wait_for(lambda: writing(running) == 0, 30, "the last to end")
    wait_for(lambda: llm(running)["slots_free"] == CHATS, 30, "the places to be free")


def test_a_hundred_analyses_by_random_weights_are_all_valid(running: Cluster) -> None:
    async def main() -> list[analysis_pb2.AnalysisResult]:
        limit = asyncio.Semaphore(8)
        async with grpc.aio.insecure_channel(running.layout["grpc"]["analysis"]) as channel:

            async def analyze(number: int) -> analysis_pb2.AnalysisResult:
                said = [f"Yesterday I goed to {number} market and I buyed apples.", "I am agree with you."]
                request = analysis_pb2.AnalyzeRequest(session=f"random-{number}", utterances=said)
                async with limit:
                    async for answer in analysis_pb2_grpc.AnalysisStub(channel).Analyze(request):
                        if answer.HasField("result"):
                            return answer.result
                raise AssertionError("no result")

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(analyze(number)) for number in range(100)]
            return [task.result() for task in tasks]

    results = asyncio.run(main())
    assert [(result.engine, result.fallback) for result in results] == [("llm", "")] * 100
    for result in results:
        assert 0 <= result.grammar_score <= 100
        assert 0 <= result.final_score <= 100
        assert 2 <= len(result.strengths) <= 5
        assert 2 <= len(result.suggestions) <= 5
    assert len({result.strengths[0] for result in results}) > 50


@pytest.mark.parametrize("victim", [0, 1], ids=["the scheduler's process", "the model's process"])
def test_a_killed_engine_is_told_and_revived(
    running: Cluster, client: openai.OpenAI, model: str, victim: int
) -> None:
    service = running.pid("llm")
    cores(running)[victim].send_signal(signal.SIGKILL)
    wait_for(lambda: running.get("/ready")[0] == 503, 10, "readiness to fall")
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model=model, messages=HELLO, max_tokens=5)
    running.wait_ready(120)
    assert running.pid("llm") == service
    assert client.chat.completions.create(model=model, messages=HELLO, max_tokens=5).usage is not None


def test_a_killed_service_is_started_again_and_leaves_nothing_behind(
    running: Cluster, client: openai.OpenAI, model: str
) -> None:
    left = cores(running)
    assert len(left) >= 2
    running.kill("llm")
    wait_for(lambda: running.get("/ready")[0] == 503, 10, "readiness to fall")
    wait_for(lambda: not any(process.is_running() for process in left), 20, "vLLM's processes to end")
    running.wait_ready(120)
    assert client.chat.completions.create(model=model, messages=HELLO, max_tokens=5).usage is not None


def test_where_vllm_cannot_start_transformers_answers_and_says_so(
    running: Cluster, client: openai.OpenAI, model: str
) -> None:
    entry = {"model_id": model, "engine_type": "vllm", "quantization": "gptq"}  # these weights are not
    with openai.OpenAI(base_url=running.url, api_key=ADMIN_KEY, max_retries=0) as api:
        api.post("/models/", cast_to=object, body={"name": "unfit", **entry})
        loaded: Any = api.post("/models/unfit/load", cast_to=object, body={}, options={"timeout": 120})
        assert loaded["engine"] == "transformers"
        assert "vllm could not start: vLLM cannot load" in loaded["fallback"]
        wait_for(lambda: llm(running)["backend"] == "transformers", 5, "the status to change")
        assert "vllm could not start" in llm(running)["fallback"]
        assert running.metric("llm", 'parley_engine_fallback{engine="transformers"}') == 1
        assert running.log("llm").count('"event": "fallback"') == 1
        answer = client.chat.completions.create(model="unfit", messages=HELLO, max_tokens=5)
        assert answer.usage is not None


def test_loading_tells_how_far_it_is_and_unloading_gives_the_memory_back(running: Cluster) -> None:
    def parley(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *words, "--url", running.url, "--key", ADMIN_KEY]
        return subprocess.run(command, capture_output=True, text=True, timeout=200)

    loaded = parley("model", "load", "default", "--reload")
    assert (loaded.returncode, "on vllm" in loaded.stdout) == (0, True)
    assert "default: starting vLLM and reading the weights" in loaded.stderr
    unloaded = parley("model", "unload", "default")
    freed = re.search(r"default is unloaded: (\d+) MB given back, (\d+) MB in use", unloaded.stdout)
    assert freed
    print(unloaded.stdout)
    assert int(freed[1]) > 500
    assert running.get("/ready")[0] == 503
