"""What the cluster will run here: its engines, its models, where they go. Chosen, not looked at yet."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from chassis.engine_names import plain_name
from chassis.faults import InvalidArgument
from chassis.secrets import check_secret
from cli.cluster_files import SERVICES
from cli.profiles import PROFILES
from cli.setup.engines import ALSO, ENGINES, INSTEAD, MINDS, TURN_ENDS, Model, Needs, Weights
from cli.setup.whisper_names import find_repo
from engine_room.wheels import WHEELS, Wheel

REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model of Hugging Face's hub. `file`: that one alone, for engines that read one.

    A `spare` one is loaded only when the service's own engine cannot start.
    """

    service: str
    repo: str
    weights: Weights
    file: str = ""
    spare: bool = False

    @property
    def name(self) -> str:
        return f"{self.repo}:{self.file}" if self.file else self.repo


@dataclass(frozen=True, slots=True)
class Plan:
    """`environment` is the whole one that a service is started with, besides its ports. It holds secrets.

    `wanted` models are to be downloaded into `cache`; `local` ones, by their service,
    are files or folders of the operator's.
    """

    profile: str
    engines: Mapping[str, str]
    cache: Path
    wanted: tuple[Wanted, ...]
    local: tuple[tuple[str, Path], ...]
    environment: Mapping[str, str] = field(repr=False)

    def needs(self) -> dict[str, Needs]:
        """By service."""
        needs = {service: ENGINES[service][engine] for service, engine in self.engines.items()}
        if self.engines["llm"] == "tutor" and (mind := MINDS.get(self.environment.get("TUTOR_MIND", ""))):
            needs["llm"] = mind
        if also := TURN_ENDS.get(self.environment.get("STT_END_OF_TURN", "")):
            needs["stt"] += also
        return needs

    def wheels(self) -> tuple[Wheel, ...]:
        """Models that come out of wheels."""
        return tuple(WHEELS[name] for needs in self.needs().values() for name in needs.wheels)

    @property
    def weights_dir(self) -> str:
        """Where those are kept; "": in the user's cache."""
        return self.environment.get("WEIGHTS_DIR", "")

    def model_names(self) -> tuple[str, ...]:
        """As people know them."""
        return (*(wanted.name for wanted in self.wanted), *(str(path) for _, path in self.local))

    def describe_start(self) -> str:
        """The command that starts the cluster with what was chosen here."""
        names = [f"{service.upper()}_ENGINE" for service in self.engines]
        names += ["TUTOR_MIND"] if self.engines["llm"] == "tutor" else []
        names += ["STT_END_OF_TURN"] if self.environment.get("STT_END_OF_TURN") in TURN_ENDS else []
        names += [model.variable for needs in self.needs().values() for model in needs.models]
        if self.cache != choose_cache({}):
            names += ["MODELS_CACHE_DIR", "HF_HUB_CACHE"]
        if self.weights_dir and self.wheels():
            names.append("WEIGHTS_DIR")
        profile, chosen = PROFILES[self.profile], self.environment
        given = [f"{name}={quote(chosen[name])}" for name in names if chosen.get(name) != profile.get(name)]
        return " ".join([*given, "parley up --profile", self.profile])

    def read_number(self, variable: str, default: float, low: float, high: float) -> float:
        """Raises InvalidArgument when the operator's value is none, or out of bounds."""
        given = self.environment.get(variable, str(default))
        try:
            number = float(given)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise InvalidArgument(f"{variable}={given!r} is not a number from {low:g} to {high:g}")
        return number


def make_plan(profile: str, environ: Mapping[str, str], cache: Path | None = None) -> Plan:
    """The operator's variables win over the profile. Raises InvalidArgument for what is not possible."""
    if profile not in PROFILES:
        raise InvalidArgument(f"profile {profile!r} is not known; known are {', '.join(PROFILES)}")
    settings = {**PROFILES[profile], **{name: value for name, value in environ.items() if value}}
    settings |= {
        f"{name.upper()}_ENGINE": plain_name(settings[f"{name.upper()}_ENGINE"]) for name in SERVICES
    }
    _check_token(settings.get("HF_TOKEN", ""))
    engines = {service: _choose_engine(service, settings) for service in SERVICES}
    wanted: list[Wanted] = []
    local: list[tuple[str, Path]] = []
    for service, engine in engines.items():
        for model in ENGINES[service][engine].models:
            name = _name_model(model, settings)
            match find_model(service, model, name) if name else None:
                case Wanted() as remote:
                    known = {model.name for model in wanted}
                    wanted += [model for model in (remote, *_also(remote)) if model.name not in known]
                case Path() as path if (service, path) not in local:
                    local.append((service, path))
    folder = choose_cache(settings, cache)
    # Not every library of an engine takes the folder from the engine's own setting.
    settings |= {"MODELS_CACHE_DIR": str(folder), "HF_HUB_CACHE": str(folder)}
    return Plan(profile, engines, folder, tuple(wanted), tuple(local), settings)


def _check_token(token: str) -> None:
    try:
        check_secret(token)
    except ValueError as problem:
        raise InvalidArgument(f"HF_TOKEN=… is not possible: {problem}") from None


def _choose_engine(service: str, settings: Mapping[str, str]) -> str:
    variable = f"{service.upper()}_ENGINE"
    engine = settings[variable]
    if engine not in ENGINES[service]:
        raise InvalidArgument(f"{variable}={engine!r} is not known; known are {', '.join(ENGINES[service])}")
    return engine


def _name_model(model: Model, settings: Mapping[str, str]) -> str:
    """The operator's word, else the default; empty where it is not wanted."""
    variable, value = model.unless
    if variable and settings.get(variable) == value:
        return ""
    return settings.get(model.variable) or model.default


def find_model(service: str, model: Model, name: str) -> Wanted | Path:
    """A path that is there, else a name of the hub's. Raises InvalidArgument when it is neither."""
    path = Path(name).expanduser()
    if path.exists():
        return path.resolve()
    known_as = find_repo(name) if model.weights is Weights.CTRANSLATE2 else name
    repo, _, file = known_as.partition(":")
    wants_file = model.weights is Weights.GGUF
    if not REPO.fullmatch(repo) or ".." in repo or bool(file) != wants_file or _leaves(file):
        form = "owner/name:file.gguf" if wants_file else "owner/name"
        raise InvalidArgument(
            f"{model.variable}={name!r} is neither a path that is here nor a model of Hugging Face's hub; "
            f"write it {form}"
        )
    return Wanted(service, INSTEAD.get(repo, repo), model.weights, file, model.spare)


def _also(model: Wanted) -> list[Wanted]:
    others = ALSO.get(model.repo, ())
    return [Wanted(model.service, repo, weights, spare=model.spare) for repo, weights in others]


def _leaves(file: str) -> bool:
    return file.startswith("/") or ".." in file.split("/") or (bool(file) and not file.endswith(".gguf"))


def choose_cache(settings: Mapping[str, str], given: Path | None = None) -> Path:
    """Where models go: the option, MODELS_CACHE_DIR, else where Hugging Face's libraries keep theirs."""
    for folder in (given, settings.get("MODELS_CACHE_DIR"), settings.get("HF_HUB_CACHE")):
        if folder:
            return Path(folder).expanduser().absolute()
    home = Path(settings.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return (Path(settings.get("HF_HOME") or home) / "hub").expanduser().absolute()
