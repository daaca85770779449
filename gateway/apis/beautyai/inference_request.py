"""BeautyAI's chat request: its fields, ranges and presets, and what they ask of the language model.

A value that the caller gave is sent, and the engine refuses by name what it cannot do. A value that only a
preset suggests is a wish: it is left out where the loaded engine cannot do it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict

from chassis.faults import InvalidArgument, Unsupported
from gateway.apis.beautyai.content_filter import STRICTNESSES, Strictness
from gateway.apis.given import Given
from protos.parley.v1 import control_pb2
from protos.parley.v1 import llm_pb2 as pb

MAX_HISTORY = 2000
SHOWN_CHARS = 40


def refuse_bool(value: object) -> object:
    """The value itself. Raises ValueError for true and false, which pydantic would take for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("a number is needed, not true or false")
    return value


Number = Annotated[float, BeforeValidator(refuse_bool)]
Whole = Annotated[int, BeforeValidator(refuse_bool)]


class Sampling(Given):
    """How to choose words, within `RANGES`; None: not given. In a request, and in its `generation_config`."""

    temperature: Number | None = None
    top_p: Number | None = None
    top_k: Whole | None = None
    repetition_penalty: Number | None = None
    max_new_tokens: Whole | None = None
    min_new_tokens: Whole | None = None
    do_sample: bool | None = None
    min_p: Number | None = None
    typical_p: Number | None = None
    epsilon_cutoff: Number | None = None
    eta_cutoff: Number | None = None
    diversity_penalty: Number | None = None
    encoder_repetition_penalty: Number | None = None
    no_repeat_ngram_size: Whole | None = None
    num_beams: Whole | None = None
    num_beam_groups: Whole | None = None
    length_penalty: Number | None = None
    early_stopping: bool | None = None


SAMPLING = tuple(Sampling.model_fields)
WIRE_NAMES = {"max_new_tokens": "max_tokens", "min_new_tokens": "min_tokens"}
"""Where the wire has another name for a field."""
RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0.001, 1),
    "top_k": (1, 100),
    "repetition_penalty": (1, 2),
    "max_new_tokens": (1, 4096),
    "min_new_tokens": (0, 4096),
    "min_p": (0, 1),
    "typical_p": (0.001, 1),
    "epsilon_cutoff": (0, 1),
    "eta_cutoff": (0, 1),
    "diversity_penalty": (0, 10),
    "encoder_repetition_penalty": (0.1, 2),
    "no_repeat_ngram_size": (0, 100),
    "num_beams": (1, 16),
    "num_beam_groups": (1, 16),
    "length_penalty": (-10, 10),
}
"""Both ends are allowed: the widest that BeautyAI's page, manual or validator lists and the engines take."""
PRESETS: dict[str, dict[str, float]] = {
    name: dict(zip(SAMPLING, values, strict=False))  # the first five fields
    for name, values in {
        "conservative": (0.1, 0.8, 10, 1.0, 256),
        "balanced": (0.5, 0.9, 20, 1.05, 512),
        "creative": (0.7, 0.95, 40, 1.1, 1024),
        "speed_optimized": (0.1, 0.8, 10, 1.0, 256),
        "qwen_optimized": (0.3, 0.95, 20, 1.0, 256),
        "high_quality": (0.1, 1.0, 10, 1.15, 1024),
        "creative_optimized": (0.5, 1.0, 80, 1.15, 1024),
    }.items()
}
DEFAULT_PRESET = "balanced"
_FILTERS: dict[str, Strictness] = {
    "conservative": "strict",
    "speed_optimized": "relaxed",
    "creative": "relaxed",
    "creative_optimized": "relaxed",
}
LANGUAGES = {
    "auto": "",
    "ar": "Arabic",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
}
_ROLES = {"system": pb.ROLE_SYSTEM, "user": pb.ROLE_USER, "assistant": pb.ROLE_ASSISTANT}
_THINKING = {"auto": None, "": None, "force": True, "think": True, "disable": False, "no_think": False}
# "/no_think" turns it off wherever it stands; "/think" must stand alone, or it may be part of an address.
_TOGGLE = re.compile(
    r"[ \t]*(?:[/\\](?P<off>no[_-]?think)|(?<![\w.:/\\])[/\\]think)\b(?![/\w])[ \t]*", re.IGNORECASE
)


class GenerationConfig(Sampling):
    """The page's older form; its name for max_new_tokens is max_tokens."""

    max_tokens: Whole | None = None


class Entry(Given):
    """One message of the history."""

    role: str = "user"
    content: str


class InferenceRequest(Sampling):
    """What is unknown is ignored: the page sends fields of several generations. `stream` changes nothing."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    message: str
    session_id: str | None = None
    chat_history: list[Entry] | None = None
    response_language: str | None = None
    enable_thinking: bool | None = None
    thinking_mode: bool | str | None = None
    disable_content_filter: bool | None = None
    content_filter_strictness: str | None = None
    preset: str | None = None
    generation_config: GenerationConfig | None = None
    stream: bool | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read. `config`: the sampling that is sent, by BeautyAI's names; `prompt` says the same.

    `message`: without its toggles. `language`: a key of `LANGUAGES`, `preset` one of `PRESETS`.
    """

    message: str
    language: str
    preset: str
    strictness: Strictness
    thinking: bool
    config: dict[str, Any]
    prompt: pb.Prompt


def read_request(request: InferenceRequest, status: control_pb2.ModelStatus | None) -> Asked:
    """`status` is the loaded model's. Raises InvalidArgument or Unsupported, naming the field."""
    preset = choose("preset", request.preset or DEFAULT_PRESET, PRESETS)
    language = choose("response_language", request.response_language or "auto", LANGUAGES)
    if status is not None:
        check_language(language, status)
    message, toggled = take_toggles(request.message)
    if not message:
        raise InvalidArgument("message is empty: say something to answer")
    thinking = wants_thinking(request, toggled)
    config = sampling_config(request, PRESETS[preset], status.abilities if status is not None else ())
    prompt = pb.Prompt(
        messages=messages(request.chat_history or [], message, language),
        sampling=pb.Sampling(**{WIRE_NAMES.get(name, name): value for name, value in config.items()}),
        language="" if language == "auto" else language,
        thinking=thinking,
    )
    return Asked(message, language, preset, filter_strictness(request, preset), thinking, config, prompt)


def choose(name: str, value: str, allowed: Collection[str]) -> str:
    """The value itself. Raises InvalidArgument, naming the field, for one that is not allowed."""
    if value not in allowed:
        raise InvalidArgument(f"{name} must be one of {', '.join(allowed)}, not {value[:SHOWN_CHARS]!r}")
    return value


def check_language(language: str, status: control_pb2.ModelStatus) -> None:
    """Raises Unsupported for a language that the loaded model says it has not."""
    spoken = list(status.languages)
    if language != "auto" and spoken and "any" not in spoken and language not in spoken:
        raise Unsupported(
            f"the {status.engine} engine cannot do response_language {language}; it has {', '.join(spoken)}"
        )


def take_toggles(message: str) -> tuple[str, bool | None]:
    """The message without its toggles, and what the last of them says; None without any."""
    found = [match["off"] is None for match in _TOGGLE.finditer(message)]
    return _TOGGLE.sub(" ", message).strip(), found[-1] if found else None


def wants_thinking(request: InferenceRequest, toggled: bool | None) -> bool:
    """A field wins over a toggle in the message; without either the model may think."""
    if request.enable_thinking is not None:
        return request.enable_thinking
    mode = request.thinking_mode
    if isinstance(mode, str):
        mode = _THINKING[choose("thinking_mode", mode.lower(), _THINKING)]
    if mode is not None:
        return mode
    return toggled is not False


def filter_strictness(request: InferenceRequest, preset: str) -> Strictness:
    """What the request says, else what its preset has, else balanced. Raises InvalidArgument."""
    asked = request.content_filter_strictness
    if asked:
        choose("content_filter_strictness", asked, STRICTNESSES)
    if request.disable_content_filter:
        return "disabled"
    given = next((level for level in STRICTNESSES if level == asked), None)
    return given or _FILTERS.get(preset, "balanced")


def sampling_config(
    request: InferenceRequest, wishes: dict[str, float], abilities: Collection[str]
) -> dict[str, Any]:
    """What is sent, by BeautyAI's names: direct over generation_config over the preset.

    `wishes`: the preset's; those that are not among the engine's `abilities` are left out. Raises
    InvalidArgument for a value out of its range, or a least number of tokens over the most.
    """
    given = given_values(request)
    check_ranges(given)
    possible = {name: value for name, value in wishes.items() if WIRE_NAMES.get(name, name) in abilities}
    config = {**possible, **given}
    least, most = config.get("min_new_tokens", 0), config.get("max_new_tokens")
    if most is not None and least > most:
        whence = "" if "max_new_tokens" in given else ", the preset's"
        raise InvalidArgument(f"min_new_tokens ({least}) is more than max_new_tokens ({most}{whence})")
    return {name: config[name] for name in SAMPLING if name in config}


def given_values(request: InferenceRequest) -> dict[str, Any]:
    """What the caller gave, by BeautyAI's names; a direct field over its twin in generation_config."""
    older = request.generation_config or GenerationConfig()
    given = {} if older.max_tokens is None else {"max_new_tokens": older.max_tokens}
    for source in (older, request):
        named = ((name, getattr(source, name)) for name in SAMPLING)
        given.update((name, value) for name, value in named if value is not None)
    return given


def check_ranges(given: dict[str, Any]) -> None:
    """Raises InvalidArgument for the first value that is outside `RANGES`, NaN included."""
    for name, (low, high) in RANGES.items():
        # Not "low > value": nothing compares with NaN.
        if name in given and not low <= given[name] <= high:
            shown = str(given[name])[:SHOWN_CHARS]
            raise InvalidArgument(f"{name} must be {low:g} to {high:g}, not {shown}")


def messages(history: list[Entry], message: str, language: str) -> list[pb.ChatMessage]:
    """The history and the message, the language to answer in added to the system message at its head.

    Raises InvalidArgument for a role that is unknown or more than `MAX_HISTORY` entries.
    """
    if len(history) > MAX_HISTORY:
        raise InvalidArgument(f"chat_history may have {MAX_HISTORY} messages at most, not {len(history)}")
    sent = [
        pb.ChatMessage(
            role=_ROLES[choose(f"chat_history.{n}.role", entry.role, _ROLES)], content=entry.content
        )
        for n, entry in enumerate(history)
    ]
    if LANGUAGES[language]:
        head = f"{sent.pop(0).content}\n\n" if sent and sent[0].role == pb.ROLE_SYSTEM else ""
        system = f"{head}Answer in {LANGUAGES[language]}, whatever language you are spoken to in."
        sent.insert(0, pb.ChatMessage(role=pb.ROLE_SYSTEM, content=system))
    return [*sent, pb.ChatMessage(role=pb.ROLE_USER, content=message)]


def in_callers_words(words: str) -> str:
    """An engine's refusal with the caller's names for the fields that the wire names otherwise."""
    for name, wire in WIRE_NAMES.items():
        words = re.sub(rf"\b{wire}\b", name, words)
    return words
