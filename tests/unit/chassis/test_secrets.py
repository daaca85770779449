"""A secret never comes into anybody's sight: not when it is refused, and not in a library's error."""

import socket
import subprocess
import sys

import httpx
import pytest

from analysis_service.store import Store
from chassis import secrets
from chassis.faults import NotReady
from chassis.logs import format_failure
from chassis.secrets import check_secret, hide, is_about_a_request, remember, without_password, words_of
from chassis.settings import ProcessSettings, read_settings
from engine_room.gpu_redis import Away, GpuRedis
from gateway.memory.redis_memory import RedisMemory
from gateway.settings import GatewaySettings
from llm_service.settings import LlmSettings
from stt_service.settings import SttSettings

CANARY = "canary-4f9a/+="


@pytest.fixture(autouse=True)
def forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", set())


BAD_SIGNS = {
    "a carriage return from Windows": f"{CANARY}\r",
    "a line end": f"{CANARY}\n",
    "a line end inside": f"{CANARY}\nX-Evil: 1",
    "a tab": f"{CANARY}\tx",
    "a delete sign": f"{CANARY}\x7f",
    "a next-line sign": f"{CANARY}\x85",
    "a line separator": f"{CANARY}\u2028",
    "a byte order mark": f"\ufeff{CANARY}",
    "a zero-width sign": f"{CANARY}\u200b",
    "a blank before": f" {CANARY}",
    "a blank after": f"{CANARY} ",
    "a hard blank after": f"{CANARY}\xa0",
    "a letter beyond ASCII": f"{CANARY}é",
    "letters of another script": f"{CANARY}ключ",
}
SECRETS = [
    (LlmSettings, "LLM_API_KEY", ""),
    (GatewaySettings, "API_KEYS", ""),
    (GatewaySettings, "REDIS_URL", "redis://:x@127.0.0.1:6379/0?"),
    (SttSettings, "GPU_LEASE_REDIS_URL", "redis://:x@127.0.0.1:6379/0?"),
    (SttSettings, "HF_TOKEN", ""),
    (LlmSettings, "OTEL_EXPORTER_OTLP_HEADERS", "authorization="),
]


@pytest.mark.parametrize("given", BAD_SIGNS.values(), ids=BAD_SIGNS)
@pytest.mark.parametrize(
    ("kind", "variable", "before"), SECRETS, ids=[variable for _, variable, _ in SECRETS]
)
def test_a_secret_that_no_header_can_carry_is_refused_by_its_name_without_being_shown(
    kind: type[ProcessSettings],
    variable: str,
    before: str,
    given: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if before and given.startswith((" ", "\ufeff")):
        before, given = f"{given[0]}{before}", CANARY
    monkeypatch.setenv(variable, f"{before}{given}")
    with pytest.raises(SystemExit) as ended:
        read_settings(kind)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{variable}=… is not possible")
    assert "canary" not in said


def test_a_key_from_a_windows_file_is_told_how_to_put_it_right() -> None:
    with pytest.raises(ValueError, match="Windows' line ends"):
        check_secret("key\r")


@pytest.mark.parametrize("given", [CANARY, "a b", "sk-proj_x.y~z", "!#$&'*^`|\"\\", "x" * 4000, ""])
def test_any_other_secret_is_taken(given: str) -> None:
    check_secret(given)


def test_other_settings_forgive_windows_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_MODEL_NAME", "gpt\r")
    monkeypatch.setenv("LLM_ENGINE", "openai\r")
    monkeypatch.setenv("LLM_SLOTS", "3\r")
    settings = read_settings(LlmSettings)
    assert (settings.llm_model_name, settings.llm_engine, settings.llm_slots) == ("gpt", "openai", 3)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:can/canary@redis:6379/0",
        "redis://user:12/canary@redis:6379/0",
        "redis://:can#canary@redis:6379/0",
        "redis://:can?canary@redis:6379/0",
        "redis://:canary@:6379/0",
        "redis://:canary@redis:port/0",
        "redis://:canary@redis:99999/0",
        "redis://[canary",
    ],
)
def test_a_password_with_signs_that_break_its_address_is_refused_without_being_shown(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(SystemExit):
        read_settings(GatewaySettings)
    said = capsys.readouterr().err
    assert said.startswith("REDIS_URL=…")
    assert "canary" not in said


def test_the_password_of_an_address_that_is_refused_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LLM_BASE_URL", "ftp://user:canary@host/v1?key=canary")
    with pytest.raises(SystemExit):
        read_settings(LlmSettings)
    said = capsys.readouterr().err
    assert "ftp://host/v1" in said
    assert "canary" not in said


@pytest.mark.parametrize("parameter", ["socket_timeout=canary", "db=canary"])
def test_an_address_that_redis_client_does_not_understand_is_not_shown(parameter: str) -> None:
    url = f"redis://:canary@127.0.0.1:1/0?{parameter}"
    for make in (lambda: RedisMemory(url, 60), lambda: Store(url, 60), lambda: GpuRedis(url)):
        with pytest.raises((OSError, Away), match="REDIS_URL") as refused:
            make()
        assert "canary" not in str(refused.value)


def illegal_header() -> Exception:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            httpx.get(url, headers={"Authorization": f"Bearer {CANARY}\r"}, trust_env=False)
        except Exception as error:
            return error
    raise AssertionError("it was sent")


def nobody_there() -> Exception:
    try:
        httpx.get(f"http://user:{CANARY.replace('/', '')}@127.0.0.1:1/", trust_env=False)
    except Exception as error:
        return error
    raise AssertionError("somebody answered")


def builtin_words_of_a_library() -> Exception:
    import http.client

    try:
        http.client.HTTPConnection("127.0.0.1", 1).putheader("Authorization", f"Bearer {CANARY}\r\n x")
    except Exception as error:
        return error
    raise AssertionError("it was taken")


@pytest.mark.parametrize("fail", [illegal_header, nobody_there, builtin_words_of_a_library])
def test_of_a_request_that_failed_only_its_kind_is_told(fail: object) -> None:
    assert callable(fail)
    error = fail()
    assert words_of(error) == f"a request failed ({type(error).__name__})"
    wrapped = OSError(f"could not be loaded: {error}")
    wrapped.__cause__ = error
    assert is_about_a_request(wrapped)
    assert "canary" not in words_of(wrapped)
    shown = format_failure((type(wrapped), wrapped, wrapped.__traceback__))
    assert "canary" not in shown
    assert type(error).__name__ in shown


def test_our_own_words_and_those_about_work_on_this_machine_are_told() -> None:
    assert words_of(NotReady("set LLM_MODEL_NAME")) == "set LLM_MODEL_NAME"
    assert words_of(RuntimeError("CUDA\n out of memory")) == "CUDA out of memory"
    assert words_of(ValueError()) == "ValueError"


def test_a_known_secret_is_taken_out_of_every_text() -> None:
    remember(f'{CANARY}"x')
    remember("redis://user:pass%2Fword@host:6379/0")
    assert hide(f'you sent {CANARY}"x, sir') == "you sent …, sir"
    assert hide("pass/word and pass%2Fword") == "… and …"
    assert hide("Basic dXNlcjpwYXNzL3dvcmQ=") == "Basic …"
    assert hide("redis://127.0.0.1:6379/0") == "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:canary@host:1/v1?key=canary#canary", "http://host:1/v1"),
        ("http://host/v1", "http://host/v1"),
        ("http://a@b@host/v1", "http://host/v1"),
        ("host", "host"),
    ],
)
def test_an_address_is_shown_without_what_opens_it(url: str, shown: str) -> None:
    assert without_password(url) == shown


SPEAKER = """
import logging, socket, sys, threading
import httpx
from chassis.logs import get_logger, set_up_logs
from chassis.secrets import remember
from chassis.settings import ProcessSettings

canary = sys.argv[1]
set_up_logs(ProcessSettings(log_level="DEBUG"), "test")
remember(canary)
get_logger("gateway.any").warning("refused", reason=f"the server said {canary}")
logging.getLogger("somebodys.library").warning("header %r", canary)
logging.getLogger("websockets.server").debug("< Authorization: Bearer unknown-canary")
listener = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

def fail():
    httpx.get(url, headers={"Authorization": "Bearer unknown-canary\\r"}, trust_env=False)

try:
    fail()
except Exception:
    get_logger("gateway.any").exception("it failed")
    logging.getLogger("asyncio").error("never retrieved", exc_info=True)
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def test_no_line_of_a_process_has_a_secret_whoever_writes_it() -> None:
    spoken = subprocess.run(
        [sys.executable, "-c", SPEAKER, CANARY], capture_output=True, text=True, timeout=60, check=False
    )
    written = spoken.stdout + spoken.stderr
    assert spoken.returncode == 1
    assert "canary" not in written
    assert written.count('"event": "nobody caught this"') == 2
    assert written.count("LocalProtocolError") >= 4
