"""Starts and ends the process that holds a llama.cpp model, and finds the model's file."""

import asyncio
import json
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chassis.faults import NotReady
from engine_room.load_failures import why_not_loaded
from llm_service.engines.local_model import LocalModel

END_S = 5.0
MODULE = "llm_service.engines.llama_cpp_server"


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """A running server and how to be let in."""

    process: asyncio.subprocess.Process
    address: str
    key: str

    @property
    def alive(self) -> bool:
        return self.process.returncode is None


async def start(model: LocalModel, path: Path) -> LlamaServer:
    """Raises NotReady with the library's reason. Cancelled, the process is gone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", MODULE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    key = secrets.token_urlsafe(24)
    options = {
        "path": str(path),
        "key": key,
        "slots": model.slots,
        "window": model.max_model_len,
        "gpu_layers": model.gpu_layers,
        "threads": model.threads,
    }
    try:
        process.stdin.write(json.dumps(options).encode() + b"\n")
        line = await process.stdout.readline()
        answer = json.loads(line) if line else {"problem": "its process ended; see the service's log"}
        if "address" not in answer:
            raise NotReady(f"llama.cpp cannot load {model.name!r}: {answer['problem']}")
    except BaseException:
        await end(process)
        raise
    return LlamaServer(process, answer["address"], key)


async def end(process: asyncio.subprocess.Process) -> None:
    """The process is gone when this returns."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except (TimeoutError, asyncio.CancelledError):
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def find_file(model: LocalModel) -> Path:
    """The .gguf file of a model: a path, or `owner/repository:file.gguf` of Hugging Face's hub.

    Downloads what is not there yet. Blocks. Raises NotReady.
    """
    path = Path(model.name).expanduser()
    if path.is_file():
        return path
    repository, _, file = model.name.partition(":")
    if not file.endswith(".gguf") or repository.count("/") != 1:
        raise NotReady(
            f"{model.name!r} is neither a .gguf file nor written owner/repository:file.gguf;"
            " set LLM_MODEL_NAME"
        )
    try:
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(repository, file, cache_dir=model.cache or None))
    except Exception as error:
        raise NotReady(f"{model.name!r} cannot be downloaded: {why_not_loaded(error)}") from error
