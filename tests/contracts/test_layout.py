"""The shape of the tree: sizes, names, the same job under the same name, who may import what."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import VERSION

ROOT = Path(__file__).parents[2]
PRODUCT = (
    "chassis",
    "grammar",
    "engine_room",
    "gateway",
    "stt_service",
    "llm_service",
    "tts_service",
    "analysis_service",
    "cli",
)
SERVICES = ("stt_service", "llm_service", "tts_service", "analysis_service")
RULE_LINES = 300
MOST_LINES = 500
LONG_FOR_A_REASON = {
    "gateway/conversation/conversation.py": "the entrances and all of the user's half lie in one file",
}
TELLS_A_LIBRARY = {
    "chassis/__init__.py": "gRPC reads a variable of its own when it is imported",
    "engine_room/cuda_devices.py": "CUDA takes the choice of a GPU from the environment alone",
    "engine_room/hub_reach.py": "Hugging Face's library takes from it whether it may ask, and whom",
    "engine_room/models_folder.py": "Hugging Face's library takes its folder from the environment",
    "llm_service/engines/vllm_start.py": "vLLM takes some of its settings from the environment alone",
    "stt_service/__init__.py": "numpy's library of sums takes its threads from the environment, once",
}
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|handlers?|misc|tools)($|_)")
NAMED_BY_THE_WIRE = re.compile(r"^protos/parley/v1/common(\.proto|_pb2)")
MODEL_LIBRARIES = {
    "espeakng_loader": ("tts_service/engines/",),
    **dict.fromkeys(
        (
            "transformers",
            "vllm",
            "moshi",
            "llama_cpp",
            "onnxruntime",
            "faster_whisper",
            "ctranslate2",
            "pocket_tts",
        ),
        ("stt_service/engines/", "llm_service/engines/", "tts_service/engines/"),
    ),
    "torch": (
        "stt_service/engines/",
        "llm_service/engines/",
        "tts_service/engines/",
        "engine_room/torch_device.py",
    ),
}
PURE = {
    "collections",
    "collections.abc",
    "dataclasses",
    "enum",
    "typing",
    "itertools",
    "functools",
    "math",
    "re",
    "types",
    "protos.sound",
}
PLACES = re.compile(r"/(?:home|Users|root|work|mnt|workspace)/[A-Za-z0-9_.-]+")


def sources(*folders: str) -> list[str]:
    """The hand-written modules under these folders, by their path from the root."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(str(path.relative_to(ROOT)) for path in found if "_pb2" not in path.name)


def tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), path)


def imports(path: str) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.ImportFrom(level=level) if level:
                yield "."


def tracked() -> list[str]:
    """What git has or would take: tracked files and new ones that it does not ignore."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({path for path in listed if (ROOT / path).is_file()})


# ---------------------------------------------------------------------- sizes and names


@pytest.mark.parametrize("path", sources(*PRODUCT, "deploy", "tests"))
def test_a_module_stays_small(path: str) -> None:
    lines = len((ROOT / path).read_text().splitlines())
    assert lines <= MOST_LINES
    assert lines <= RULE_LINES or path in LONG_FOR_A_REASON, f"{lines} lines: find the seam and split it"


def test_a_reason_to_be_long_lasts_as_long_as_the_file_is() -> None:
    for path in LONG_FOR_A_REASON:
        assert len((ROOT / path).read_text().splitlines()) > RULE_LINES, f"take {path} off the list"


def test_nothing_is_named_for_having_no_name() -> None:
    vague = [
        path
        for path in tracked()
        if not NAMED_BY_THE_WIRE.match(path)
        and any(VAGUE.search(part.split(".")[0].lower()) for part in Path(path).parts)
    ]
    assert not vague


@pytest.mark.parametrize("service", SERVICES)
def test_the_same_job_has_the_same_file_name_in_every_service(service: str) -> None:
    names = {path.name for path in (ROOT / service).iterdir()}
    assert names >= {"__init__.py", "__main__.py", "settings.py", "service.py", "engine.py", "engines"}
    assert (ROOT / service / "engines" / "fake.py").is_file(), "every service can be scripted for tests"


@pytest.mark.parametrize("path", sources(*PRODUCT))
def test_a_module_says_why_it_exists(path: str) -> None:
    module = tree(path)
    assert not module.body or ast.get_docstring(module)


# ---------------------------------------------------------------------- imports


@pytest.mark.parametrize("path", sources(*PRODUCT))
def test_only_engines_import_model_libraries(path: str) -> None:
    for name in imports(path):
        allowed = MODEL_LIBRARIES.get(name.split(".")[0])
        assert allowed is None or path.startswith(allowed), f"{name} belongs to {allowed}"


@pytest.mark.parametrize("path", [p for s in SERVICES for p in sources(s) if "/engines/" not in p])
def test_an_engine_is_imported_only_when_it_was_chosen(path: str) -> None:
    """At the top of a module an import of an engine would load every engine's libraries."""
    for node in tree(path).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any("_service.engines" in name for name in names)


def test_a_gateway_starts_without_the_engine_room_or_a_library_of_models() -> None:
    """Also where the import rules do not look: a library that imports another, an import in a function."""
    script = "import sys, gateway.__main__\nprint(*{name.split('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "gateway" in loaded
    assert not loaded & {"engine_room", "pynvml", *MODEL_LIBRARIES}


@pytest.mark.parametrize("path", sources("gateway/conversation"))
def test_the_conversation_imports_itself_and_plain_types_alone(path: str) -> None:
    """Stricter than the import rules, which list what is forbidden: this lists what is allowed."""
    foreign = {name for name in imports(path) if not name.startswith("gateway.conversation")}
    assert foreign <= PURE


@pytest.mark.parametrize("path", sources("grammar"))
def test_grammar_imports_itself_and_plain_types_alone(path: str) -> None:
    foreign = {name for name in imports(path) if name.split(".")[0] != "grammar"}
    assert foreign <= PURE


@pytest.mark.parametrize("path", sources(*PRODUCT))
def test_imports_are_absolute(path: str) -> None:
    assert "." not in set(imports(path))


@pytest.mark.parametrize("path", [p for p in sources(*PRODUCT) if p not in TELLS_A_LIBRARY])
def test_the_environment_is_read_by_settings_and_the_command_alone(path: str) -> None:
    read = {
        node.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert path.startswith("cli/") or not read & {"environ", "getenv", "putenv"}


# ---------------------------------------------------------------------- tasks


def task_groups(function: ast.AST) -> set[str]:
    """The names that stand for a TaskGroup in a function: bound by `async with` or typed as one."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                made = ast.unparse(item.context_expr)
                if made in ("asyncio.TaskGroup()", "task_group()") and isinstance(
                    item.optional_vars, ast.Name
                ):
                    names.add(item.optional_vars.id)
        if (
            isinstance(node, ast.arg)
            and node.annotation is not None
            and "TaskGroup" in ast.unparse(node.annotation)
        ):
            names.add(node.arg)
    return names


def loose_tasks(module: ast.Module) -> list[str]:
    """Every way to start a task that no group waits for."""
    groups = task_groups(module)
    loose = []
    for node in ast.walk(module):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)):
            continue
        name = ast.unparse(node.func)
        last = name.rsplit(".", 1)[-1]
        owner = name.rpartition(".")[0]
        is_loose = last == "create_task" and owner not in groups
        if (
            is_loose
            or last == "ensure_future"
            or name in ("asyncio.gather", "asyncio.run_coroutine_threadsafe")
        ):
            loose.append(f"line {node.lineno}: {name}")
    return loose


@pytest.mark.parametrize("path", sources(*PRODUCT))
def test_every_task_belongs_to_a_group(path: str) -> None:
    assert not loose_tasks(tree(path))


@pytest.mark.parametrize(
    "code",
    [
        "asyncio.create_task(work())",
        "loop.create_task(work())",
        "asyncio.ensure_future(work())",
        "await asyncio.gather(a(), b())",
        "async def f():\n async with open() as group:\n  group.create_task(work())",
    ],
)
def test_a_task_outside_a_group_is_found(code: str) -> None:
    assert loose_tasks(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "async def f():\n async with asyncio.TaskGroup() as group:\n  group.create_task(work())",
        "async def f():\n async with task_group() as group:\n  group.create_task(work())",
        "def f(group: asyncio.TaskGroup):\n group.create_task(work())",
    ],
)
def test_a_task_in_a_group_is_not(code: str) -> None:
    assert not loose_tasks(ast.parse(code))


# ---------------------------------------------------------------------- places


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    known = []
    for path in tracked():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data:
            known += [f"{path}: {found}" for found in PLACES.findall(data.decode(errors="replace"))]
    assert not known


def test_the_package_and_what_the_gateway_says_of_itself_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
