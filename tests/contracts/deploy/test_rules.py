"""The rules are valid, each alert is shown to fire and to keep quiet, and they ask only for what there is."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.support.promql import (
    OF_PROMETHEUS,
    OF_VLLM,
    PROMETHEUS,
    Rule,
    alerts,
    asked_metrics,
    known_series,
    records,
    rules,
)

SEVERITIES = {"critical", "warning"}
TESTS = sorted((PROMETHEUS / "tests").glob("*.yaml"))
FIRING = re.compile(r'^ALERTS\{alertname="(\w+)",alertstate="firing"\}$')
TEMPLATED = re.compile(r"\$labels\.(\w+)")
SERVICES = ["gateway", "stt", "llm", "tts", "analysis"]


def promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("promtool")
    assert program, "promtool is needed: apt-get install prometheus"
    command = [program, *arguments]
    return subprocess.run(command, cwd=PROMETHEUS, capture_output=True, text=True, timeout=180)


def checks() -> list[dict[str, Any]]:
    """Every expression that a unit test evaluates, with the samples that it expects."""
    return [
        check
        for path in TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for check in test["promql_expr_test"]
    ]


def expected_of(alert: str) -> list[list[dict[str, Any]]]:
    """What the unit tests expect to fire of this alert, evaluation by evaluation."""
    wanted = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    return [check["exp_samples"] for check in checks() if check["expr"] == wanted]


def test_promtool_takes_the_configuration_and_the_rules_it_names() -> None:
    checked = promtool("check", "config", "prometheus.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    counts = [int(count) for count in re.findall(r"SUCCESS: (\d+) rules found", checked.stdout)]
    assert sum(counts) == len(rules())


def test_the_unit_tests_of_the_rules_pass() -> None:
    tested = promtool("test", "rules", *(str(path) for path in TESTS))
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert tested.stdout.count("SUCCESS") == len(TESTS)


def test_each_unit_test_loads_all_rules() -> None:
    for path in TESTS:
        assert yaml.safe_load(path.read_text())["rule_files"] == [
            "../rules/recording.yaml",
            "../rules/alerts.yaml",
        ]


def test_no_name_is_given_twice() -> None:
    names = [rule.name for rule in rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("alert", sorted(alerts()))
def test_an_alert_is_shown_to_fire_and_to_keep_quiet(alert: str) -> None:
    expected = expected_of(alert)
    assert [] in expected, "no unit test shows it quiet"
    firing = [sample["labels"] for samples in expected for sample in samples]
    assert firing, "no unit test shows it firing"
    severity = alerts()[alert].fields["labels"]["severity"]
    assert all(f'severity="{severity}"' in labels for labels in firing)


def test_the_unit_tests_speak_of_no_alert_that_is_gone() -> None:
    tested = {found[1] for check in checks() if (found := FIRING.match(check["expr"]))}
    assert tested == set(alerts())


@pytest.mark.parametrize("record", sorted(records()))
def test_what_is_recorded_is_shown_with_something_and_with_nothing_to_count(record: str) -> None:
    values = {
        float(sample["value"])
        for check in checks()
        if record in asked_metrics(check["expr"])
        for sample in check["exp_samples"]
    }
    assert len(values) > 1
    assert max(values) > 0
    assert 0 in values or record == "parley:sessions_limit:sum"


@pytest.mark.parametrize("rule", alerts().values(), ids=alerts())
def test_an_alert_says_how_bad_it_is_what_happened_and_what_to_do(rule: Rule) -> None:
    assert set(rule.fields["labels"]) == {"severity", "system"}
    assert rule.fields["labels"]["system"] == "parley", "others may be watched beside ours"
    assert rule.fields["labels"]["severity"] in SEVERITIES
    annotations = rule.fields["annotations"]
    assert set(annotations) == {"summary", "description"}
    assert 15 < len(annotations["summary"]) < 160
    assert len(annotations["description"]) > 30
    assert annotations["description"].rstrip().endswith(".")


@pytest.mark.parametrize("alert", sorted(alerts()))
def test_an_alert_names_only_labels_that_it_has_when_it_fires(alert: str) -> None:
    wanted = set(TEMPLATED.findall(str(alerts()[alert].fields["annotations"])))
    for samples in expected_of(alert):
        for sample in samples:
            assert wanted <= set(re.findall(r'(\w+)="', sample["labels"]))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_a_rule_asks_only_for_what_our_processes_have(rule: Rule) -> None:
    asked = asked_metrics(rule.expr)
    assert asked
    assert asked - OF_PROMETHEUS - OF_VLLM - set(records()) <= known_series()


def test_every_process_of_the_cluster_is_looked_for_and_told_apart_by_its_name() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())
    (job,) = config["scrape_configs"]
    (names,) = job["dns_sd_configs"]
    assert names["names"] == SERVICES
    assert (names["type"], names["port"]) == ("A", 9464)
    assert {"source_labels": ["__meta_dns_name"], "target_label": "service"} in job["relabel_configs"]
    assert config["global"]["scrape_interval"] == "5s"
