"""What is enough and what is not, one thing at a time."""

import sys
from pathlib import Path
from typing import Any

import pytest

from chassis.faults import InvalidArgument
from cli.setup.findings import Finding, Verdict
from cli.setup.graphics import Graphics
from cli.setup.graphics_judgement import RESERVED_GB
from cli.setup.judgement import is_fit, judge
from cli.setup.machine import Disk, Memory
from cli.setup.plan import make_plan
from engine_room.settings import ServiceSettings
from engine_room.wheels import WHEELS
from tests.unit.cli.setup.making import GB, VLLM, facts, gpu, plan

FINE, DOUBTFUL, MISSING = Verdict.FINE, Verdict.DOUBTFUL, Verdict.MISSING
MODEL = "Qwen/Qwen2.5-7B-Instruct-AWQ"
EAR, VOICE = str(WHEELS["moonshine"]), str(WHEELS["hibari"])
HERE = {MODEL: int(5.6 * GB), EAR: 56, VOICE: 14}


def find(findings: list[Finding], name: str) -> Finding:
    (found,) = [finding for finding in findings if finding.name == name]
    return found


def test_a_machine_that_has_all_is_fit() -> None:
    findings = judge(plan(**VLLM), facts(here=HERE))
    assert [finding for finding in findings if finding.verdict is not FINE] == []
    assert is_fit(findings)


def test_a_doubt_is_no_fault() -> None:
    findings = judge(plan(), facts(port="port 8000 cannot be used"))
    assert find(findings, "Port").verdict is DOUBTFUL
    assert is_fit(findings)


@pytest.mark.parametrize(
    ("environ", "changes", "name", "verdict"),
    [
        ({}, {"python": (3, 10, 12)}, "Python", MISSING),
        ({}, {"python": (3, 14, 0)}, "Python", FINE),
        ({}, {"redis": ""}, "Redis", MISSING),
        ({}, {"memory": Memory(1 * GB, 1 * GB)}, "Memory", MISSING),
        ({}, {"memory": Memory(8 * GB, 1 * GB)}, "Memory", DOUBTFUL),
        ({}, {"memory": Memory(8 * GB, 4 * GB)}, "Memory", FINE),
        (VLLM, {"memory": Memory(8 * GB, 8 * GB)}, "Memory", MISSING),
        (VLLM, {"disk": Disk(3 * GB)}, "Disk", MISSING),
        (VLLM, {"disk": Disk(3 * GB), "here": HERE}, "Disk", FINE),
        (VLLM, {"disk": Disk(0, "it may not be written to")}, "Disk", MISSING),
        (VLLM, {"absent": frozenset({"vllm"})}, "llm (vllm)", MISSING),
        (VLLM, {"absent": frozenset({"huggingface_hub"})}, "Download", MISSING),
        ({}, {"absent": frozenset({"onnxruntime"})}, "stt (moonshine)", MISSING),
        (VLLM, {}, "Model", MISSING),
        (VLLM, {"here": HERE}, "Model", FINE),
        ({"STT_ENGINE": "fake", "TTS_ENGINE": "espeak"}, {}, "Model", FINE),
        ({"STT_ENGINE": "fake"}, {}, "Model in a wheel", DOUBTFUL),
        ({"STT_ENGINE": "fake"}, {"here": {VOICE: 14}}, "Model in a wheel", FINE),
        ({"LLM_ENGINE": "openai"}, {}, "LLM_MODEL_NAME", MISSING),
        ({}, {"graphics": Graphics(problem="none")}, "GPU", FINE),
        ({"LLM_ENGINE": "transformers"}, {"graphics": Graphics(problem="none")}, "GPU", FINE),
        (VLLM, {"graphics": Graphics(problem="none")}, "GPU", MISSING),
        ({**VLLM, "LLM_TENSOR_PARALLEL_SIZE": "2"}, {}, "GPU", MISSING),
    ],
)
def test_each_thing_is_judged_by_what_the_engines_need(
    environ: dict[str, str], changes: dict[str, Any], name: str, verdict: Verdict
) -> None:
    assert find(judge(plan(**environ), facts(**changes)), name).verdict is verdict


def test_libraries_are_looked_for_where_the_service_will_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one environment lacks is nothing to a service of another; what to type names the right one."""
    (tmp_path / "Makefile").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    absent_of = {"llm": frozenset({"vllm"}), "tts": frozenset({"numpy"})}
    findings = judge(plan(**VLLM), facts(here=HERE, absent_of=absent_of))
    assert find(findings, "stt (moonshine)").verdict is FINE
    assert find(findings, "llm (vllm)").remedy == "make .venvs/vllm/.made"
    assert find(findings, "tts (hibari)").remedy == "pip install -e '.[espeak,hibari]'"
    python = tmp_path / ".venvs/vllm/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    findings = judge(plan(**VLLM), facts(here=HERE, absent_of=absent_of))
    assert find(findings, "llm (vllm)").remedy == f"{python} -m pip install -e '.[llm-vllm]'"


@pytest.mark.parametrize("written", ["llama.cpp", "llama-cpp", "LLAMACPP", "llama_cpp"])
def test_an_engine_is_known_however_it_is_written(written: str) -> None:
    assert plan(LLM_ENGINE=written).engines["llm"] == "llama_cpp"


def test_a_token_that_cannot_be_sent_is_refused_without_being_shown() -> None:
    with pytest.raises(InvalidArgument, match="HF_TOKEN=…") as refused:
        plan(HF_TOKEN="canary\r")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "name", "verdict"),
    [
        ({"driver": "520.61.05"}, "Driver", MISSING),
        ({"driver": "550.54.14"}, "Driver", DOUBTFUL),
        ({"driver": "570.26"}, "Driver", DOUBTFUL),
        ({"driver": "580.65.06"}, "Driver", FINE),
        ({"driver": "[N/A]"}, "Driver", MISSING),
        ({"free": 11 * GB}, "GPU 0 memory", MISSING),
        ({"free": 12 * GB}, "GPU 0 memory", FINE),
        ({"total": 0, "free": 0}, "GPU 0 memory", DOUBTFUL),
        ({"capability": (7, 0)}, "GPU 0", MISSING),
    ],
)
def test_a_gpu_is_judged_by_what_vllm_needs(changes: dict[str, Any], name: str, verdict: Verdict) -> None:
    seen = facts(here=HERE, graphics=Graphics((gpu(**changes),)))
    assert find(judge(plan(**VLLM), seen), name).verdict is verdict


def test_what_a_service_leaves_free_of_a_gpu_must_be_there_besides() -> None:
    """Or a machine would be fit and its last service refused."""
    seen = facts(here=HERE, graphics=Graphics((gpu(free=10 * GB),)))
    crowded = find(judge(plan(**VLLM), seen), "GPU 0 memory")
    assert (crowded.verdict, crowded.needed) == (MISSING, "11.6 GB free")
    assert find(judge(plan(**VLLM, GPU_MEMORY_RESERVED_GB="0.3"), seen), "GPU 0 memory").verdict is FINE
    assert ServiceSettings.model_fields["gpu_memory_reserved_gb"].default == RESERVED_GB


@pytest.mark.parametrize(
    ("dtype", "capability", "doubted"),
    [("auto", (7, 5), True), ("float16", (7, 5), False), ("auto", (8, 0), False), ("auto", (0, 0), False)],
)
def test_a_gpu_without_bfloat16_is_told_of_float16(
    dtype: str, capability: tuple[int, int], doubted: bool
) -> None:
    chosen = plan(**VLLM, LLM_MODEL_NAME="Qwen/Qwen2.5-3B-Instruct", LLM_DTYPE=dtype)
    findings = judge(chosen, facts(graphics=Graphics((gpu(capability=capability),))))
    assert any("LLM_DTYPE=float16" in finding.remedy for finding in findings) is doubted


def test_a_model_larger_than_its_share_is_told_the_share_that_it_needs() -> None:
    chosen = plan(**VLLM, LLM_MODEL_NAME="Qwen/Qwen2.5-7B-Instruct")
    finding = next(
        finding
        for finding in judge(chosen, facts())
        if finding.name == "llm (vllm)" and finding.verdict is MISSING
    )
    share = float(finding.remedy.split("=")[1].split()[0])
    assert 0.6 < share < 0.8, "15 GB of weights and room to work, on a card of 24 GB"
    fitting = plan(**VLLM, LLM_MODEL_NAME="Qwen/Qwen2.5-7B-Instruct", LLM_GPU_MEMORY_UTILIZATION=f"{share}")
    assert find(judge(fitting, facts()), "llm (vllm)").verdict is FINE


def test_ear_and_voice_take_what_their_slots_need() -> None:
    few = make_plan("gpu", {"STT_FALLBACK": "none", "LLM_FALLBACK": "none"}, Path("/models"))
    assert find(judge(few, facts()), "GPU 0 memory").verdict is FINE
    many = make_plan("gpu", {**few.environment, "STT_SLOTS": "64"}, Path("/models"))
    crowded = find(judge(many, facts()), "GPU 0 memory")
    assert crowded.verdict is MISSING
    assert "parley gpu plan" in crowded.remedy


def test_a_slice_that_does_not_hold_the_slots_is_told_how_many_it_holds() -> None:
    given = {"STT_ENGINE": "moshi", "ASR_MODEL_NAME": "kyutai/stt-1b-en_fr", "STT_FALLBACK": "none"}
    small = judge(plan(**given, STT_SLOTS="32", STT_GPU_SLICE="5"), facts())
    (finding,) = [found for found in small if found.name == "stt (moshi)" and found.verdict is MISSING]
    assert finding.remedy == "set STT_SLOTS=14"
    assert "14 of 32 slots" in finding.found
    assert not [f for f in judge(plan(**given, GPU_SLICE="8"), facts()) if "slots" in f.found]
    with pytest.raises(InvalidArgument, match="STT_GPU_SLICE='much'"):
        judge(plan(**given, STT_GPU_SLICE="much"), facts())


def test_an_ear_of_the_operators_own_takes_what_its_files_weigh(tmp_path: Path) -> None:
    given = {"STT_ENGINE": "moshi", "ASR_MODEL_NAME": str(tmp_path), "STT_FALLBACK": "none"}
    seen = facts(here={str(tmp_path): 2 * GB, **HERE}, graphics=Graphics((gpu(free=8 * GB),)))
    finding = find(judge(plan(**given, STT_SLOTS="16"), seen), "GPU 0 memory")
    assert finding.verdict is FINE, "2 of weights, 16 times 115 MB, 1 to work with, 2 left free"


def test_two_gpus_share_the_weights() -> None:
    split = {**VLLM, "LLM_MODEL_NAME": "Qwen/Qwen2.5-14B-Instruct", "LLM_GPU_MEMORY_UTILIZATION": "0.8"}
    two = Graphics((gpu(), gpu(index=1)))
    alone = judge(plan(**split), facts(graphics=two, here={"Qwen/Qwen2.5-14B-Instruct": 29 * GB}))
    both = judge(
        plan(**split, LLM_TENSOR_PARALLEL_SIZE="2"),
        facts(graphics=two, here={"Qwen/Qwen2.5-14B-Instruct": 29 * GB}),
    )
    assert not is_fit(alone)
    assert is_fit(both)


def test_a_folder_of_the_operators_own_needs_no_download(tmp_path: Path) -> None:
    chosen = make_plan("embedded", {**VLLM, "LLM_MODEL_NAME": str(tmp_path)})
    findings = judge(chosen, facts(here={str(tmp_path): 4 * GB}))
    assert is_fit(findings)
    assert str(tmp_path) in find(findings, "Model").found


def test_a_spare_model_that_is_not_here_is_a_doubt_and_weighs_nothing() -> None:
    chosen = plan(LLM_ENGINE="vllm", LLM_GPU_MEMORY_UTILIZATION="0.3")
    findings = judge(chosen, facts(here=HERE))
    assert [finding.verdict for finding in findings if finding.name == "Model"] == [FINE, DOUBTFUL]
    assert is_fit(findings)


def test_a_finding_says_what_was_found_what_is_needed_and_what_to_do() -> None:
    line = Finding("Disk", MISSING, "1 GB", "5 GB", "make room").as_line()
    assert line == "✗ Disk: 1 GB (needed: 5 GB)\n    → make room"
