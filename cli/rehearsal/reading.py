"""Scenarios out of files. What is wrong with one is said in a sentence that names the file and the key."""

import reprlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from cli.rehearsal.scenario import Action, Expected, Pause, Scenario, Variants
from cli.wav import read_wav

ENDINGS = (".yaml", ".yml")
MOST_BYTES = 1_000_000
OF: dict[str, type[BaseModel]] = {"caller": Action, "variants": Variants, "expect": Expected, "": Scenario}


class BadScenario(Exception):
    """A file that cannot be rehearsed: which, where in it, and what to change."""


def read_all(place: Path) -> list[Scenario]:
    """The scenario of a file, or those of a folder, by name. Raises BadScenario."""
    if not place.is_dir():
        return [read(place)]
    files = sorted(path for path in place.iterdir() if path.suffix in ENDINGS)
    if not files:
        raise BadScenario(f"{place} has no scenario in it: name a folder with files that end in .yaml")
    scenarios = [read(path) for path in files]
    seen: dict[str, Path] = {}
    for path, scenario in zip(files, scenarios, strict=True):
        if scenario.name in seen:
            raise BadScenario(
                f"{path}: name: {scenario.name} is that of {seen[scenario.name]} too; change one"
            )
        seen[scenario.name] = path
    return scenarios


def read(path: Path) -> Scenario:
    """Its WAV files are found from its own folder. Raises BadScenario."""
    try:
        scenario = Scenario.model_validate(_parsed(path))
    except ValidationError as error:
        raise BadScenario(f"{path}: {_sentence(error)}") from None
    return _with_recordings(scenario, path)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise BadScenario("scenarios need PyYAML: pip install -e '.[cli]'") from None
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadScenario(f"{path} is larger than a scenario may be ({MOST_BYTES // 1000} kB)")
        parsed = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadScenario(f"{path} cannot be read: {error.strerror or type(error).__name__}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise BadScenario(f"{path}{where}: not YAML ({_problem(error)}); correct it there") from None
    except RecursionError:
        raise BadScenario(f"{path}: not a scenario: it is nested too deeply") from None
    if not isinstance(parsed, dict):
        raise BadScenario(f"{path}: not a scenario: give name, shows, caller and expect")
    return parsed


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or type(error).__name__)


def _sentence(error: ValidationError) -> str:
    """What is wrong deepest in it; the rest often follows from that."""
    first = max(error.errors(), key=lambda fault: (fault["type"] == "extra_forbidden", len(fault["loc"])))
    place = _place(first["loc"])
    match first["type"]:
        case "extra_forbidden":
            keys = _keys_at(first["loc"])
            return f"{place}: there is no such key; write one of {', '.join(keys)}"
        case "missing":
            return f"{place}: this key is missing; add it"
        case "value_error":
            said = str(first["ctx"]["error"]) if "ctx" in first else first["msg"]
            return f"{place}: {said}" if place else said
        case _:
            given = reprlib.repr(first["input"])
            said = f"{first['msg'][0].lower()}{first['msg'][1:]}".replace("input should", "this should")
            return f"{place}: {said}, not {given if len(given) < 60 else f'{given[:56]} …'}"


def _place(loc: tuple[int | str, ...]) -> str:
    """As a person counts and writes; without what pydantic calls the kinds that a value may be of."""
    words = [str(part + 1) if isinstance(part, int) else part for part in loc]
    return ".".join(word for word in words if (word.isidentifier() and word != "Pause") or word.isdigit())


def _keys_at(loc: tuple[int | str, ...]) -> list[str]:
    if "Pause" in loc:
        return list(Pause.model_fields)
    return list(OF[str(loc[0]) if len(loc) > 1 else ""].model_fields)


def _with_recordings(scenario: Scenario, path: Path) -> Scenario:
    """With whole paths; each file has been looked into."""
    actions = []
    for number, action in enumerate(scenario.caller, 1):
        if action.play is not None:
            file = path.parent / action.play
            try:
                read_wav(file)
            except (ValueError, EOFError) as error:
                raise BadScenario(f"{path}: caller.{number}.play: {error}") from None
            except OSError as error:
                why = error.strerror or type(error).__name__
                raise BadScenario(
                    f"{path}: caller.{number}.play: {file} cannot be read ({why}); name a 16-bit "
                    "mono WAV file, from the scenario's folder on"
                ) from None
            action = action.model_copy(update={"play": str(file)})
        actions.append(action)
    return scenario.model_copy(update={"caller": tuple(actions)})
