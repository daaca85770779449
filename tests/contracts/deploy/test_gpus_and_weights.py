"""The overlays with GPUs: cards are asked for, and the models that are loaded are the ones downloaded."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.setup.engines import INSTEAD
from cli.setup.plan import make_plan
from tests.contracts.deploy.manifests import (
    COMPILED,
    OVERLAYS,
    WITH_GPUS,
    containers,
    environment,
    main_container,
    of_kind,
    pods,
    settings_of,
)
from tests.contracts.deploy.processes import ENGINES

CARD = "nvidia.com/gpu"

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
each_with_gpus = pytest.mark.parametrize("overlay", WITH_GPUS)


@each_overlay
def test_the_engines_have_a_card_each_and_nobody_else_has_one(overlay: str) -> None:
    asking = {c.workload for c in containers(overlay) if CARD in c.spec["resources"]["limits"]}
    assert asking == (set(ENGINES) if overlay in WITH_GPUS else set())
    for name in asking:
        assert main_container(overlay, name)["resources"]["limits"][CARD] == 1
        tolerated = {"key": CARD, "operator": "Exists", "effect": "NoSchedule"}
        assert tolerated in pods(overlay)[name]["spec"]["tolerations"]


@each_with_gpus
def test_a_new_pod_does_not_ask_for_a_card_before_the_old_one_has_given_its_back(overlay: str) -> None:
    for name in ENGINES:
        spec = of_kind(overlay, "Deployment")[name]["spec"]
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
        probe = main_container(overlay, name)["startupProbe"]
        loading_s = probe["periodSeconds"] * probe["failureThreshold"]
        leaving_s = pods(overlay)[name]["spec"]["terminationGracePeriodSeconds"]
        assert spec["progressDeadlineSeconds"] > leaving_s + loading_s


@each_with_gpus
def test_every_model_that_a_service_loads_is_one_that_the_job_downloads(overlay: str) -> None:
    (job,) = pods(overlay)["weights"]["spec"]["containers"]
    assert "\nparley setup --download --profile gpu\n" in job["command"][-1]
    plan = make_plan("gpu", environment(overlay, job))
    downloaded = {wanted.repo for wanted in plan.wanted}
    assert str(plan.cache) == "/models"
    stt, llm, tts = (settings_of(overlay, name) for name in ENGINES)
    assert stt["stt_fallback"] == "none"
    ear = INSTEAD.get(stt["asr_model_name"], stt["asr_model_name"])
    assert {ear, tts["tts_model_name"]} < downloaded
    assert {llm["llm_model_name"], llm["llm_fallback_model_name"]} < downloaded
    assert downloaded == {
        *(ear, tts["tts_model_name"], "kyutai/tts-voices"),
        *(llm["llm_model_name"], llm["llm_fallback_model_name"]),
    }


@each_with_gpus
@pytest.mark.parametrize("there", [True, False])
def test_the_services_wait_for_their_models_by_name(overlay: str, there: bool, tmp_path: Path) -> None:
    """Both scripts run here, in a folder for the volume, with a command that works, or fails, for ours."""
    (job,) = pods(overlay)["weights"]["spec"]["containers"]
    waits = [pods(overlay)[name]["spec"]["initContainers"] for name in ENGINES]
    assert all(wait == [dict(waits[0][0], image=wait[0]["image"])] for wait in waits)
    *shell, wait = waits[0][0]["command"]
    assert shell == job["command"][:2] == ["sh", "-c"]
    one_look = wait.replace("sleep 5", "exit 1").replace("/models", str(tmp_path))
    names = environment(overlay, waits[0][0])
    others = {**names, "LLM_MODEL_NAME": "somebody/another-model"}
    assert run(["sh", "-c", one_look], names).returncode == 1

    parley = tmp_path / "parley"
    parley.write_text(f"#!/bin/sh\nexit {0 if there else 1}\n")
    parley.chmod(0o755)
    download = ["sh", "-c", job["command"][-1].replace("/models", str(tmp_path))]
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert run(download, {**environment(overlay, job), "PATH": path}).returncode == (0 if there else 1)
    assert run(["sh", "-c", one_look], names).returncode == (0 if there else 1)
    assert run(["sh", "-c", one_look], others).returncode == 1, "another model is not there yet"


def run(command: list[str], variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    environ = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=20)


@each_with_gpus
def test_the_services_ask_nobody_for_weights(overlay: str) -> None:
    for name in ENGINES:
        (waiting,) = pods(overlay)[name]["spec"]["initContainers"]
        assert waiting["image"] == main_container(overlay, name)["image"]
        given = environment(overlay, main_container(overlay, name))
        assert given["HF_HUB_OFFLINE"] == "1"
        assert given["MODELS_CACHE_DIR"] == given["HF_HUB_CACHE"] == "/models"


@each_with_gpus
def test_the_models_are_in_one_volume_that_only_the_job_writes(overlay: str) -> None:
    for container in containers(overlay):
        for mount in container.spec["volumeMounts"]:
            if mount["name"] == "models":
                assert mount["mountPath"] == "/models"
                assert mount.get("readOnly", False) is (container.workload != "weights"), container
    assert set(of_kind(overlay, "PersistentVolumeClaim")) == {"models", "compiled"}
    several = "ReadWriteMany" if overlay == "production" else "ReadWriteOnce"
    for claim in of_kind(overlay, "PersistentVolumeClaim").values():
        assert claim["spec"]["accessModes"] == [several]


@each_with_gpus
def test_what_was_compiled_is_there_for_the_next_pod(overlay: str) -> None:
    """Minutes of work, kept in a claim that the language model alone mounts."""
    mounting = {
        container.workload
        for container in containers(overlay)
        if any(mount["name"] == "compiled" for mount in container.spec["volumeMounts"])
    }
    assert mounting == {"llm"}
    container = main_container(overlay, "llm")
    (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == "compiled")
    assert not mount.get("readOnly", False)
    volumes = {volume["name"]: volume for volume in pods(overlay)["llm"]["spec"]["volumes"]}
    assert volumes["compiled"]["persistentVolumeClaim"] == {"claimName": "compiled"}
    given = environment(overlay, container)
    assert {given[name].rpartition("/")[0] for name in COMPILED} == {mount["mountPath"]}


@each_with_gpus
def test_the_job_can_be_applied_again(overlay: str) -> None:
    """A job cannot be changed, so it must have gone when the next one comes."""
    job = of_kind(overlay, "Job")["weights"]["spec"]
    assert 0 < job["ttlSecondsAfterFinished"] <= 3600
    assert job["template"]["spec"]["restartPolicy"] == "OnFailure"


@each_with_gpus
def test_a_volume_of_one_node_is_filled_and_read_on_that_node(overlay: str) -> None:
    """Else the job, or the services, would wait for each other's volume for ever."""
    claim = of_kind(overlay, "PersistentVolumeClaim")["models"]
    of_one_node = claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    for name in (*ENGINES, "weights"):
        spec = pods(overlay)[name]["spec"]
        assert {"key": CARD, "operator": "Exists", "effect": "NoSchedule"} in spec["tolerations"]
        assert ("affinity" in spec) is of_one_node
        if of_one_node:
            (term,) = spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            assert term["topologyKey"] == "kubernetes.io/hostname"
            (choice,) = term["labelSelector"]["matchExpressions"]
            assert (choice["operator"], choice["values"]) == ("In", list(ENGINES))
