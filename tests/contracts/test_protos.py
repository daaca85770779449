"""The wire: the committed stubs are what the .proto files say, lanes look alike, no number is ever reused."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

ROOT = Path(__file__).parents[2]
FOLDER = Path("protos/parley/v1")
NAMES = sorted(path.stem for path in (ROOT / FOLDER).glob("*.proto"))
FROZEN = Path(__file__).with_name("proto_fields.json")
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")

Numbers = dict[str, dict[str, list[Any]]]


def describe(name: str) -> FileDescriptor:
    module = importlib.import_module(f"protos.parley.v1.{name}_pb2")
    descriptor: FileDescriptor = module.DESCRIPTOR
    return descriptor


def messages() -> dict[str, Descriptor]:
    """Every message of every file, by its full name."""
    found: dict[str, Descriptor] = {}
    waiting = [message for name in NAMES for message in describe(name).message_types_by_name.values()]
    while waiting:
        message = waiting.pop()
        found[message.full_name] = message
        waiting += message.nested_types
    return found


def meaning(field: FieldDescriptor) -> list[Any]:
    """Name, type, repeated or not, and the message or enum that it holds."""
    held = field.message_type or field.enum_type
    return [field.name, field.type, field.is_repeated, held.full_name if held else ""]


def numbers() -> Numbers:
    """What each number of each message and enum means."""
    found: Numbers = {}
    for message in messages().values():
        found[message.full_name] = {str(field.number): meaning(field) for field in message.fields}
    for name in NAMES:
        for enum in describe(name).enum_types_by_name.values():
            found[enum.full_name] = {str(value.number): [value.name] for value in enum.values}
    return found


def streams() -> list[tuple[str, Descriptor]]:
    """The messages of every RPC that streams both ways, with the RPC's name."""
    return [
        (method.name, message)
        for name in NAMES
        for service in describe(name).services_by_name.values()
        for method in service.methods
        if method.client_streaming and method.server_streaming
        for message in (method.input_type, method.output_type)
    ]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stubs made anew by the command of `make protos`, in a folder of their own."""
    folder = tmp_path_factory.mktemp("stubs")
    plugins = Path(sys.executable).parent
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I."]
    command += [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    command += [f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}", f"--mypy_out={folder}"]
    command += [
        f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
        f"--mypy_grpc_out={folder}",
    ]
    command += [str(FOLDER / f"{name}.proto") for name in NAMES]
    # The plugins are Python programs: a fixed hash seed keeps the order of what they write.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return folder / FOLDER


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", NAMES)
def test_a_committed_stub_is_what_its_proto_makes(name: str, suffix: str, fresh: Path) -> None:
    committed = (ROOT / FOLDER / f"{name}{suffix}").read_bytes()
    assert committed == (fresh / f"{name}{suffix}").read_bytes(), "run `make protos` and commit"


def test_no_stub_is_left_of_a_proto_that_has_gone(fresh: Path) -> None:
    committed = {path.name for path in (ROOT / FOLDER).glob("*_pb2*.py*")}
    assert committed == {path.name for path in fresh.iterdir()}


def test_make_protos_runs_the_same_command() -> None:
    _, _, rest = (ROOT / "Makefile").read_text().partition("\nprotos:")
    recipe = rest.partition("\n\n")[0]
    flags = ("-I.", "--python_out=.", "--grpc_python_out=.", "--mypy_out=.", "--mypy_grpc_out=.")
    assert all(flag in recipe for flag in flags)
    assert "grpc_tools.protoc" in recipe


def test_hearing_thinking_and_speaking_are_streams_of_lanes() -> None:
    assert {method for method, _ in streams()} == {"Listen", "Chat", "Speak"}


@pytest.mark.parametrize(("method", "message"), streams(), ids=lambda value: getattr(value, "name", value))
def test_a_stream_message_is_items_with_a_lane_and_control(method: str, message: Descriptor) -> None:
    (items,) = message.fields
    assert (items.name, items.number, items.is_repeated) == ("items", 1, True), method
    item = items.message_type
    assert item is not None
    lane = item.fields_by_name["lane"]
    assert (lane.number, lane.type, lane.is_repeated) == (1, lane.TYPE_UINT32, False)
    control = item.fields_by_name["control"]
    assert control.message_type is not None
    assert control.message_type.full_name == "parley.v1.LaneControl"
    assert control.containing_oneof is not None
    assert control.containing_oneof.name == "body"
    outside = {field.name for field in item.fields if field.containing_oneof is None}
    assert outside <= {"lane", "turn"}, "all else an item carries is one body"


def test_a_lane_is_opened_paced_cancelled_closed_failed_and_traced_in_band() -> None:
    control = messages()["parley.v1.LaneControl"]
    assert [field.name for field in control.oneofs_by_name["kind"].fields] == [
        "open",
        "credit",
        "cancel",
        "close",
        "fault",
        "trace",
    ]


def test_no_number_is_reused_changed_or_dropped() -> None:
    """What is new may come, and is frozen with `python -m tests.contracts.test_protos`."""
    now = numbers()
    for full_name, frozen in json.loads(FROZEN.read_text()).items():
        assert full_name in now, f"{full_name} has gone: old peers still send it"
        for number, meaning in frozen.items():
            assert now[full_name].get(number) == meaning, f"{full_name}: number {number} was {meaning}"


def test_the_numbers_of_faults_are_those_of_grpc() -> None:
    import grpc

    codes = describe("common").enum_types_by_name["FaultCode"].values
    grpc_numbers = {status.name: status.value[0] for status in grpc.StatusCode}
    for value in codes[1:]:
        assert grpc_numbers[value.name.removeprefix("FAULT_CODE_")] == value.number


def freeze() -> None:
    """Add new messages and numbers to the snapshot; what is there stays as it is."""
    frozen: Numbers = json.loads(FROZEN.read_text())
    for full_name, meanings in numbers().items():
        frozen[full_name] = {**meanings, **frozen.get(full_name, {})}
    blocks = []
    for full_name in sorted(frozen):
        meanings = frozen[full_name]
        rows = [f'    "{number}": {json.dumps(meanings[number])}' for number in sorted(meanings, key=int)]
        blocks.append(
            f'  "{full_name}": {{\n' + ",\n".join(rows) + "\n  }" if rows else f'  "{full_name}": {{}}'
        )
    FROZEN.write_text("{\n" + ",\n".join(blocks) + "\n}\n")


if __name__ == "__main__":
    freeze()
