"""`parley run`: write to the language model of a cluster, or see how fast it is."""

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Any

from cli.gateway_client import Gateway, gateway_of
from cli.where import Refused, add_options

TEST_PROMPT = "Tell me in three sentences what you did yesterday."
GREETING = "Write to the model; an empty line or Ctrl-D ends."


def add_arguments(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(required=True, metavar="ACTION")
    for name, run, words in (
        ("chat", chat, "a conversation in writing"),
        ("test", test, "one answer, and how long it took"),
    ):
        action = actions.add_parser(name, help=words)
        add_options(action)
        action.add_argument("--model", default="", help="which (default: the one that is loaded)")
        action.add_argument("--max-tokens", type=int, help="longest answer")
        action.add_argument("--system", default="", help="instructions before the conversation")
        action.set_defaults(run=run)
    actions.choices["test"].add_argument("--prompt", default=TEST_PROMPT, help="what to ask")


@dataclass(frozen=True, slots=True)
class Reply:
    """Times are seconds from the question."""

    text: str
    first_s: float
    whole_s: float
    tokens: int


def chat(options: argparse.Namespace) -> int:
    gateway, messages = gateway_of(options), _begin(options)
    model = options.model or loaded_model(gateway)
    print(f"{model}. {GREETING}")
    while said := _read_line():
        messages.append({"role": "user", "content": said})
        reply = answer(gateway, model, messages, options.max_tokens, show=True)
        print()
        messages.append({"role": "assistant", "content": reply.text})
    return 0


def test(options: argparse.Namespace) -> int:
    gateway = gateway_of(options)
    model = options.model or loaded_model(gateway)
    messages = [*_begin(options), {"role": "user", "content": options.prompt}]
    reply = answer(gateway, model, messages, options.max_tokens, show=False)
    print(reply.text)
    if not reply.text:
        raise Refused(f"{model} answered nothing")
    rate = reply.tokens / reply.whole_s if reply.whole_s else 0.0
    print(
        f"{model}: first words after {reply.first_s * 1000:.0f} ms, {reply.tokens} tokens in "
        f"{reply.whole_s:.2f} s, {rate:.1f} tokens per second",
        file=sys.stderr,
    )
    return 0


def loaded_model(gateway: Gateway) -> str:
    """Raises Refused when none is loaded."""
    models = gateway.ask("GET", "/v1/models")["data"]
    if not models:
        raise Refused("no language model is loaded; load one with: parley model load NAME")
    return str(models[0]["id"])


def answer(
    gateway: Gateway, model: str, messages: list[dict[str, str]], max_tokens: int | None, show: bool
) -> Reply:
    """One reply; `show` prints it as it is written."""
    body: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    started, first_s, tokens = time.monotonic(), 0.0, 0
    pieces: list[str] = []
    for event in gateway.stream("/v1/chat/completions", body):
        tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
        for choice in event.get("choices", []):
            if piece := choice["delta"].get("content"):
                first_s = first_s or time.monotonic() - started
                pieces.append(piece)
                if show:
                    print(piece, end="", flush=True)
    return Reply("".join(pieces), first_s, time.monotonic() - started, tokens)


def _begin(options: argparse.Namespace) -> list[dict[str, str]]:
    return [{"role": "system", "content": options.system}] if options.system else []


def _read_line() -> str:
    try:
        return input("> ").strip()
    except EOFError:
        return ""
