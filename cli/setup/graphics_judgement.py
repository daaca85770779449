"""Are the GPUs enough for the engines that want one? Pure."""

import math
import re
from collections.abc import Mapping, Sequence

from chassis.faults import InvalidArgument
from cli.gpu_fill import needed
from cli.setup.findings import Finding, Verdict, gigabytes
from cli.setup.graphics import Gpu, Graphics
from cli.setup.plan import Plan
from engine_room.footprints import Footprint, share_of
from engine_room.gpu_slice import read_amount

GB = 1_000_000_000
OLDEST_DRIVER = (525, 60)
"""NVIDIA's CUDA compatibility guide: what is built for any CUDA 12 starts on this driver or newer (Linux)."""
CUDA_12_8_DRIVER = (570, 26)
CUDA_13_DRIVER = (580, 65)
QUANTIZED = re.compile(r"awq|gptq", re.IGNORECASE)
TURING = (7, 5)
AMPERE = (8, 0)
MOST_GPUS = 64
MOST_SLOTS = 10_000
RESERVED_GB, MOST_RESERVED_GB = 2.0, 1000
"""What services leave free of a card, unless GPU_MEMORY_RESERVED_GB says otherwise; the most it may say."""


def judge_gpus(plan: Plan, graphics: Graphics, sizes: Mapping[str, float]) -> list[Finding]:
    """`sizes`: bytes of weights by service. Raises InvalidArgument for a setting that makes no sense."""
    wanting = [service for service, needs in plan.needs().items() if needs.wants_gpu]
    if not wanting:
        return [Finding("GPU", Verdict.FINE, "these engines need none")]
    names = " and ".join(f"{service} ({plan.engines[service]})" for service in wanting)
    if not graphics.gpus:
        remedy = "install NVIDIA's driver (in a container: its container toolkit), or choose other engines"
        return [Finding("GPU", Verdict.MISSING, graphics.problem, f"one for {names}", remedy)]
    count = max(_count_gpus(plan, service) for service in wanting)
    findings = [judge_count(graphics.gpus, count), judge_driver(graphics.gpus[0])]
    for gpu in graphics.gpus[:count]:
        findings += [
            judge_memory(plan, gpu, wanting, sizes),
            *judge_slots(plan, gpu, sizes),
            *judge_shares(plan, gpu, sizes),
        ]
        findings += judge_capability(plan, gpu)
    return findings


def _count_gpus(plan: Plan, service: str) -> int:
    variable = plan.needs()[service].gpu_count
    return int(plan.read_number(variable, 1, 1, MOST_GPUS)) if variable else 1


def _share(plan: Plan, service: str) -> float:
    needs = plan.needs()[service]
    return plan.read_number(needs.gpu_share, needs.default_share, 0.01, 1) if needs.gpu_share else 0


def _footprint(plan: Plan, service: str, sizes: Mapping[str, float]) -> tuple[str, Footprint, int]:
    """The model that it loads, what that takes, and how many slots it is to have.

    The operator's own model weighs what it does on disk: its path says nothing.
    """
    needs, model = plan.needs()[service], _model(plan, service)
    slots = int(plan.read_number(*needs.gpu_slots, 1, MOST_SLOTS))
    own = any(owner == service for owner, _ in plan.local)
    return model, needed(service, model, int(sizes.get(service, 0)) if own else 0), slots


def _model(plan: Plan, service: str) -> str:
    models = plan.needs()[service].models
    return next(plan.environment.get(model.variable) or model.default for model in models if not model.spare)


def _slice(plan: Plan, service: str, gpu: Gpu) -> int | None:
    """What the operator gave it, in bytes; None: nothing was said."""
    variable = f"{service.upper()}_GPU_SLICE"
    given = plan.environment.get(variable) or plan.environment.get("GPU_SLICE")
    if not given:
        return None
    try:
        return read_amount(given).of(gpu.total)
    except ValueError as problem:
        raise InvalidArgument(f"{variable}={given!r} is not possible: {problem}") from None


def _takes(plan: Plan, service: str, gpu: Gpu, sizes: Mapping[str, float]) -> float:
    """Bytes of the GPU that the engine takes."""
    needs = plan.needs()[service]
    if needs.gpu_share:
        return _share(plan, service) * gpu.total
    if (given := _slice(plan, service, gpu)) is not None:
        return given
    if needs.gpu_slots[0]:
        _, footprint, slots = _footprint(plan, service, sizes)
        return footprint.of(slots)
    return needs.gpu_gb * GB


def judge_slots(plan: Plan, gpu: Gpu, sizes: Mapping[str, float]) -> list[Finding]:
    """Do the slots fit into the slice that the operator gave? A finding for each service where not."""
    findings = []
    for service in (name for name, needs in plan.needs().items() if needs.gpu_slots[0]):
        given = _slice(plan, service, gpu)
        model, footprint, slots = _footprint(plan, service, sizes)
        if not gpu.total or given is None or footprint.of(slots) <= given:
            continue
        fitting = footprint.slots_in(given)
        findings.append(
            Finding(
                f"{service} ({plan.engines[service]})",
                Verdict.MISSING,
                f"a slice of {gigabytes(given)}: {fitting} of {slots} slots of {model} fit",
                gigabytes(footprint.of(slots)),
                f"set {service.upper()}_SLOTS={fitting}" if fitting else "raise the slice",
            )
        )
    return findings


def judge_count(gpus: Sequence[Gpu], count: int) -> Finding:
    found = ", ".join(gpu.name for gpu in gpus)
    if len(gpus) < count:
        remedy = "set LLM_TENSOR_PARALLEL_SIZE to what there is"
        return Finding("GPU", Verdict.MISSING, found, f"{count} of them", remedy)
    return Finding("GPU", Verdict.FINE, found)


def judge_driver(gpu: Gpu) -> Finding:
    """The libraries of today's engines are built for CUDA 12.8 or 13."""
    numbers = [int(part) for part in re.findall(r"\d+", gpu.driver)[:2]]
    version = (numbers[0], numbers[1] if len(numbers) > 1 else 0) if numbers else (0, 0)
    found = f"version {gpu.driver}"
    if version >= CUDA_13_DRIVER:
        return Finding("Driver", Verdict.FINE, found)
    newest = f"{CUDA_13_DRIVER[0]}.{CUDA_13_DRIVER[1]} or newer for libraries built for CUDA 13"
    if version >= CUDA_12_8_DRIVER:
        return Finding("Driver", Verdict.DOUBTFUL, found, newest, "or install them built for CUDA 12.8")
    older = f"{CUDA_12_8_DRIVER[0]}.{CUDA_12_8_DRIVER[1]} or newer for CUDA 12.8, {newest}"
    verdict = Verdict.DOUBTFUL if version >= OLDEST_DRIVER else Verdict.MISSING
    return Finding("Driver", verdict, found, older, "install a newer driver")


def judge_memory(plan: Plan, gpu: Gpu, wanting: Sequence[str], sizes: Mapping[str, float]) -> Finding:
    """All engines' slices and what is to stay free, against what there is and what is free of it."""
    name = f"GPU {gpu.index} memory"
    if not gpu.total:
        return Finding(name, Verdict.DOUBTFUL, "the driver does not say how much there is")
    reserved = plan.read_number("GPU_MEMORY_RESERVED_GB", RESERVED_GB, 0, MOST_RESERVED_GB) * GB
    total = sum(_takes(plan, service, gpu, sizes) for service in wanting) + reserved
    found = f"{gigabytes(gpu.total)}, {gigabytes(gpu.free)} of it free"
    if total > gpu.total:
        remedy = "parley gpu plan says what fits: fewer slots, smaller shares or models"
        return Finding(name, Verdict.MISSING, found, gigabytes(total), remedy)
    if total > gpu.free:
        remedy = "end what uses it (nvidia-smi lists it)"
        return Finding(name, Verdict.MISSING, found, f"{gigabytes(total)} free", remedy)
    return Finding(name, Verdict.FINE, f"{found}; {gigabytes(total - reserved)} will be used")


def judge_shares(plan: Plan, gpu: Gpu, sizes: Mapping[str, float]) -> list[Finding]:
    """Does a model fit into the share of the GPU that its engine takes? A finding for each that does not."""
    findings = []
    for service, needs in plan.needs().items():
        if not needs.gpu_share or not gpu.total:
            continue
        takes = share_of(_writer(plan, service, sizes), _count_gpus(plan, service))
        if takes <= _share(plan, service) * gpu.total:
            continue
        least = math.ceil(100 * takes / gpu.total) / 100
        remedy = f"set {needs.gpu_share}={least:g} or more" if least <= 0.95 else "choose a smaller model"
        found = f"{gigabytes(_share(plan, service) * gpu.total)} of GPU {gpu.index} for its model"
        wanted = f"about {gigabytes(takes)}"
        findings.append(
            Finding(f"{service} ({plan.engines[service]})", Verdict.MISSING, found, wanted, remedy)
        )
    return findings


def _writer(plan: Plan, service: str, sizes: Mapping[str, float]) -> Footprint:
    """As the engine will reckon; of a model that nobody has counted, by its weights."""
    return needed(service, _model(plan, service), int(sizes.get(service, 0)))


def judge_capability(plan: Plan, gpu: Gpu) -> list[Finding]:
    """What the GPU's generation cannot do; nothing where it can all, or does not say what it is."""
    name, found = f"GPU {gpu.index}", f"compute capability {gpu.capability[0]}.{gpu.capability[1]}"
    if not any(gpu.capability) or gpu.capability >= AMPERE:
        return []
    quantized = any(QUANTIZED.search(model) for model in plan.model_names())
    if gpu.capability < TURING:
        verdict = Verdict.MISSING if quantized else Verdict.DOUBTFUL
        remedy = "choose a model in 16 bit, or a newer GPU"
        return [Finding(name, verdict, found, "7.5 or newer for AWQ, GPTQ and CUDA 13", remedy)]
    if quantized or plan.environment.get("LLM_DTYPE") in ("float16", "float32"):
        return []
    return [Finding(name, Verdict.DOUBTFUL, found, "8.0 or newer for bfloat16", "set LLM_DTYPE=float16")]
