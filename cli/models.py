"""`parley model`: the registry of language models, and which of them is loaded."""

import argparse
import sys
import threading
import time
from typing import Any
from urllib.parse import quote

from chassis.engine_names import plain_name
from cli.gateway_client import LONG_S, Gateway, gateway_of
from cli.where import Refused, add_options

POLL_S = 0.5
ENGINES = ("vllm", "transformers", "llama_cpp", "openai", "tutor")


def add_arguments(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(required=True, metavar="ACTION")
    _action(actions.add_parser("list", help="models that can be loaded"), list_models)
    add = _action(actions.add_parser("add", help="add one to the registry"), add_model)
    add.add_argument("--name", required=True, help="what to call it")
    add.add_argument("--model-id", required=True, help="its name on Hugging Face's hub, or a folder")
    add.add_argument(
        "--engine", default="transformers", type=plain_name, choices=ENGINES, help="what runs it"
    )
    add.add_argument("--quantization", help="such as awq, 4bit")
    add.add_argument("--filename", help="llama_cpp: the .gguf file in the repository")
    add.add_argument("--description", help="for people")
    add.add_argument("--default", action="store_true", help="make it the default")
    load = _action(actions.add_parser("load", help="load one in the place of the model before"), load_model)
    load.add_argument("name", nargs="?", default="", help="which (default: the registry's default)")
    load.add_argument("--reload", action="store_true", help="anew, even if it is loaded")
    unload = _action(actions.add_parser("unload", help="give its memory back"), unload_model)
    unload.add_argument("name", help="which")
    remove = _action(actions.add_parser("remove", help="take one out of the registry"), remove_model)
    remove.add_argument("name", help="which; if it is loaded it stays so")


def _action(command: argparse.ArgumentParser, run: object) -> argparse.ArgumentParser:
    add_options(command)
    command.set_defaults(run=run)
    return command


def list_models(options: argparse.Namespace) -> int:
    gateway = gateway_of(options)
    rows = gateway.ask("GET", "/models/?limit=1000")["models"]
    state = gateway.ask("GET", "/models/loaded")["data"]
    loaded = {model["name"]: model for model in state["loaded_models"]}
    shown = {row["name"] for row in rows}
    for row in [*rows, *(_unlisted(model) for name, model in loaded.items() if name not in shown)]:
        marks = {"default": row["is_default"], "loaded": row["name"] in loaded}
        words = [
            f"{row['name']:<24}",
            f"{row['engine_type']:<13}",
            row["model_id"],
            row["quantization"] or "",
            *(mark for mark, holds in marks.items() if holds),
        ]
        print(" ".join(word for word in words if word))
    return 0


def _unlisted(model: dict[str, Any]) -> dict[str, Any]:
    """A row for what is loaded and not in the registry: the service's own, or one that was removed."""
    told = {"name": model["name"], "engine_type": model["engine"], "model_id": model["model_id"]}
    return {**told, "quantization": None, "is_default": False}


def add_model(options: argparse.Namespace) -> int:
    fields = {
        "model_id": options.model_id,
        "engine_type": options.engine,
        "quantization": options.quantization,
        "model_filename": options.filename,
        "description": options.description,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    body = {"model_name": options.name, "model_config": given, "set_as_default": options.default}
    gateway_of(options).ask("POST", "/models/", body)
    print(f"{options.name} was added; load it with: parley model load {options.name}")
    return 0


def load_model(options: argparse.Namespace) -> int:
    gateway = gateway_of(options)
    name = options.name or default_model(gateway)
    with _Progress(gateway, name):
        answer = gateway.ask(
            "POST", f"/models/{quote(name, safe='')}/load", {"force_reload": options.reload}, timeout_s=LONG_S
        )
    print(
        f"{name} is loaded: {answer['model_id']} on {answer['engine']}, "
        f"{answer['load_time_seconds']:.1f} s, {answer['memory_usage_mb']:.0f} MB in use"
    )
    if answer["fallback"]:
        print(f"  {answer['engine']} stands in: {answer['fallback']}")
    return 0


def default_model(gateway: Gateway) -> str:
    rows = gateway.ask("GET", "/models/?limit=1000")["models"]
    return next((str(row["name"]) for row in rows if row["is_default"]), "default")


def unload_model(options: argparse.Namespace) -> int:
    path = f"/models/{quote(options.name, safe='')}/unload"
    answer = gateway_of(options).ask("DELETE", path, timeout_s=LONG_S)["data"]
    print(
        f"{options.name} is unloaded: {answer['memory_freed_mb']:.0f} MB given back, "
        f"{answer['memory_usage_mb']:.0f} MB in use"
    )
    return 0


def remove_model(options: argparse.Namespace) -> int:
    gateway = gateway_of(options)
    gateway.ask("DELETE", f"/models/{quote(options.name, safe='')}")
    print(f"{options.name} was removed")
    loaded = gateway.ask("GET", "/models/loaded")["data"]["loaded_models"]
    if any(model["name"] == options.name for model in loaded):
        print(f"  it stays loaded until another is, or: parley model unload {options.name}")
    return 0


class _Progress:
    """Tells on stderr what the load does: in one line that changes, or in lines where nobody looks."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        self._gateway, self._name = gateway, name
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)
        self._live = sys.stderr.isatty()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(POLL_S * 4)
        if self._live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _tell(self) -> None:
        started, before = time.monotonic(), ""
        while not self._done.wait(POLL_S):
            try:
                status = self._gateway.ask("GET", "/models/loaded", timeout_s=5)["data"]
            except Refused:
                continue
            words = status.get("detail") or status["system_status"]
            line = f"{self._name}: {words} … {time.monotonic() - started:.0f} s"
            if self._live:
                print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
            elif words != before:
                print(line, file=sys.stderr, flush=True)
            before = words
