"""Is what this machine has enough for the plan? Pure: facts in, findings out."""

from collections.abc import Iterable

from cli.environments import how_to_install
from cli.setup.findings import Finding, Verdict, gigabytes
from cli.setup.graphics_judgement import judge_gpus
from cli.setup.machine import Facts
from cli.setup.model_size import estimate_bytes
from cli.setup.plan import Plan

MODEL = "Model"
WHEEL = "Model in a wheel"
PYTHON = (3, 11)
GB = 1_000_000_000
BASE_RAM_GB = 0.5
"""The gateway, Redis and the four services without their models."""
SPARE_DISK = GB


def judge(plan: Plan, facts: Facts) -> list[Finding]:
    """One finding per thing. Raises InvalidArgument for a setting that makes no sense."""
    return [
        judge_python(facts),
        judge_memory(plan, facts),
        *judge_disk(plan, facts),
        judge_redis(facts),
        *judge_libraries(plan, facts),
        *judge_variables(plan),
        *judge_gpus(plan, facts.graphics, weigh_models(plan, facts)),
        judge_port(facts),
        *judge_models(plan, facts),
        *judge_wheels(plan, facts),
    ]


def weigh_models(plan: Plan, facts: Facts) -> dict[str, float]:
    """Bytes by service: as they are on disk, else estimated."""
    sizes: dict[str, float] = {}
    for wanted in (model for model in plan.wanted if not model.spare):
        size = facts.here.get(wanted.name) or estimate_bytes(wanted.name)
        sizes[wanted.service] = sizes.get(wanted.service, 0) + size
    for service, path in plan.local:
        sizes[service] = sizes.get(service, 0) + facts.here.get(str(path), 0)
    return sizes


def is_fit(findings: Iterable[Finding]) -> bool:
    return all(finding.verdict is not Verdict.MISSING for finding in findings)


def judge_python(facts: Facts) -> Finding:
    found = ".".join(str(part) for part in facts.python)
    if facts.python[:2] >= PYTHON:
        return Finding("Python", Verdict.FINE, found)
    return Finding(
        "Python", Verdict.MISSING, found, "3.11 or newer", "install it, then: make run PYTHON=python3.11"
    )


def judge_memory(plan: Plan, facts: Facts) -> Finding:
    memory = facts.memory
    needed = (BASE_RAM_GB + sum(needs.ram_gb for needs in plan.needs().values())) * GB
    limit = ", a container's limit" if memory.limited else ""
    found = f"{gigabytes(memory.total)}{limit}, {gigabytes(memory.free)} of it free"
    if memory.total < needed:
        remedy = "raise the container's limit" if memory.limited else "choose smaller engines or add memory"
        return Finding("Memory", Verdict.MISSING, found, gigabytes(needed), remedy)
    if memory.free < needed:
        return Finding("Memory", Verdict.DOUBTFUL, found, f"{gigabytes(needed)} free", "end what else runs")
    return Finding("Memory", Verdict.FINE, found)


def judge_disk(plan: Plan, facts: Facts) -> list[Finding]:
    """Only where something is downloaded; how much is an estimate until the hub is asked."""
    if not plan.wanted:
        return []
    missing = [wanted for wanted in plan.wanted if wanted.name not in facts.here]
    if facts.disk.problem:
        return [Finding("Disk", Verdict.MISSING, facts.disk.problem, "", "choose a place with --cache DIR")]
    found = f"{gigabytes(facts.disk.free)} free for {plan.cache}"
    sizes = [estimate_bytes(wanted.name) for wanted in missing]
    needed = sum(sizes) + SPARE_DISK if missing else 0
    if facts.disk.free < needed:
        remedy = "make room, or choose another place with --cache DIR"
        return [Finding("Disk", Verdict.MISSING, found, f"about {gigabytes(needed)}", remedy)]
    return [Finding("Disk", Verdict.FINE, found)]


def judge_redis(facts: Facts) -> Finding:
    if facts.redis:
        return Finding("Redis", Verdict.FINE, facts.redis)
    remedy = "install it (Debian: apt install redis-server), or: pip install -e '.[supervised]'"
    return Finding("Redis", Verdict.MISSING, "no redis-server", "", remedy)


def judge_libraries(plan: Plan, facts: Facts) -> list[Finding]:
    """One finding per service, and one for what downloads."""
    findings = []
    for service, needs in plan.needs().items():
        name = f"{service} ({plan.engines[service]})"
        missing = facts.absent_of.get(service, facts.absent)
        absent = [module for module in needs.modules if module in missing]
        if absent:
            remedy = how_to_install(service, plan.environment, needs.extra)
            findings.append(Finding(name, Verdict.MISSING, f"not installed: {', '.join(absent)}", "", remedy))
        else:
            findings.append(Finding(name, Verdict.FINE, "its libraries are installed"))
    if "huggingface_hub" in facts.absent:
        findings.append(
            Finding(
                "Download",
                Verdict.MISSING,
                "not installed: huggingface_hub",
                "",
                "pip install -e '.[setup]'",
            )
        )
    return findings


def judge_variables(plan: Plan) -> list[Finding]:
    """Those that an engine cannot do without and that have no default."""
    return [
        Finding(
            variable,
            Verdict.MISSING,
            "not set",
            f"by the {plan.engines[service]} engine",
            f"{variable}=… parley up",
        )
        for service, needs in plan.needs().items()
        for variable in needs.variables
        if not plan.environment.get(variable)
    ]


def judge_port(facts: Facts) -> Finding:
    if not facts.port:
        return Finding("Port", Verdict.FINE, "free")
    return Finding(
        "Port", Verdict.DOUBTFUL, facts.port, "", "or end what uses it: perhaps a cluster of yours"
    )


def judge_models(plan: Plan, facts: Facts) -> list[Finding]:
    findings = [Finding(MODEL, Verdict.FINE, f"{path} (your own)") for _, path in plan.local]
    for wanted in plan.wanted:
        if wanted.name in facts.here:
            found = f"{wanted.name}, {gigabytes(facts.here[wanted.name])}, downloaded"
            findings.append(Finding(MODEL, Verdict.FINE, found))
        else:
            found = f"{wanted.name} is not here, or was never verified"
            verdict = Verdict.DOUBTFUL if wanted.spare else Verdict.MISSING
            needed = f"when {plan.engines[wanted.service]} cannot start" if wanted.spare else ""
            findings.append(Finding(MODEL, verdict, found, needed, "parley setup --download"))
    if findings or plan.wheels():
        return findings
    return [Finding(MODEL, Verdict.FINE, "these engines need none downloaded")]


def judge_wheels(plan: Plan, facts: Facts) -> list[Finding]:
    """A start fetches what is not here, so nothing is missing."""
    findings = []
    for wheel in plan.wheels():
        if str(wheel) in facts.here:
            findings.append(Finding(WHEEL, Verdict.FINE, f"{wheel} is here"))
        else:
            found = f"{wheel} is not here: {wheel.megabytes} MB"
            remedy = "it is fetched with pip at the first start, or now: parley setup --download"
            findings.append(Finding(WHEEL, Verdict.DOUBTFUL, found, "", remedy))
    return findings
