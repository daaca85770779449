"""The dashboards are what their source says, what Grafana's own types accept, and readable by a person."""

import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.source.write import BOARDS, rendered
from tests.support.promql import (
    DASHBOARDS,
    OF_PROMETHEUS,
    ROOT,
    asked_metrics,
    boards,
    known_series,
    panel_queries,
    panels,
    records,
)

KINDS = {"stat", "timeseries", "heatmap", "state-timeline"}
UNITS = {"s", "bytes", "percentunit", "ops", "short", None}
WIDTH = 24
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"

each_board = pytest.mark.parametrize("name", sorted(BOARDS))
each_query = pytest.mark.parametrize(
    ("place", "expr"), list(panel_queries()), ids=lambda text: str(text)[:60]
)


def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def defaults(panel: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = panel["fieldConfig"]["defaults"]
    return found


@each_board
def test_a_dashboard_is_what_its_source_says(name: str) -> None:
    assert (DASHBOARDS / f"{name}.json").read_text() == rendered(name), "run `make dashboards`"


def test_no_dashboard_is_without_a_source() -> None:
    assert set(boards()) == set(BOARDS)
    uids = [board["uid"] for board in boards().values()]
    assert len(uids) == len(set(uids))


@each_board
def test_grafanas_own_types_read_all_of_it(name: str) -> None:
    """What they do not know they leave out: then it would not come back."""
    register_default_plugins()
    encoder = JSONEncoder(sort_keys=True)
    board = boards()[name]
    assert encoder.encode(Dashboard.from_json(board)) == encoder.encode(board)


@each_board
def test_panels_have_numbers_of_their_own_and_fill_the_grid_without_overlap(name: str) -> None:
    shown = boards()[name]["panels"]
    assert len({panel["id"] for panel in shown}) == len(shown)
    for panel in shown:
        at = panel["gridPos"]
        assert at["w"] > 0
        assert at["h"] > 0
        assert at["x"] + at["w"] <= WIDTH
    for one, other in combinations(shown, 2):
        assert not cells(one) & cells(other), f"{one['title']} and {other['title']} overlap"
    filled = set().union(*(cells(panel) for panel in shown))
    rows = {y for _, y in filled}
    assert rows == set(range(max(rows) + 1)), "there is a gap"


@each_board
def test_a_panel_says_what_it_shows_in_which_unit(name: str) -> None:
    board = boards()[name]
    assert board["title"].startswith("Parley: ")
    assert board["description"]
    titles = [panel["title"] for panel in panels(board)]
    assert len(titles) == len(set(titles))
    for panel in panels(board):
        assert panel["type"] in KINDS
        assert len(panel["description"]) > 8
        assert panel["description"].endswith(".")
        assert defaults(panel).get("unit") in UNITS


@each_board
def test_a_panel_asks_the_datasource_that_is_provisioned(name: str) -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "parley.yaml").read_text())["datasources"]
    asked = {"type": source["type"], "uid": source["uid"]}
    for panel in panels(boards()[name]):
        assert panel["datasource"] == asked
        assert all(target["datasource"] == asked for target in panel["targets"])
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0
    assert all(v["datasource"] == asked for v in boards()[name].get("templating", {}).get("list", []))


@each_board
def test_lines_have_a_legend_and_limits_that_rise(name: str) -> None:
    for panel in panels(boards()[name]):
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["showLegend"]
            legends = [target["legendFormat"] for target in panel["targets"]]
            assert all(legends)
            assert len(set(legends)) == len(legends)
        if panel["type"] == "heatmap":
            continue  # its colours are its scale
        values = [step["value"] for step in defaults(panel)["thresholds"]["steps"]]
        assert values[0] is None
        assert values[1:] == sorted(set(values[1:]))


@each_query
def test_a_query_asks_only_for_what_our_processes_have(place: str, expr: str) -> None:
    asked = asked_metrics(expr)
    assert asked, place
    assert asked - OF_PROMETHEUS - set(records()) <= known_series(), place


@each_query
def test_a_querys_legend_names_labels_that_the_query_keeps(place: str, expr: str) -> None:
    name, title, ref = place.split(": ")
    panel = next(panel for panel in panels(boards()[name]) if panel["title"] == title)
    legend = next(target["legendFormat"] for target in panel["targets"] if target["refId"] == ref)
    kept = re.findall(r"\b(?:sum|min|max) by \(([^)]*)\)", expr)
    if kept:
        wanted = set(re.findall(r"{{(\w+)}}", legend))
        assert wanted <= {label.strip() for group in kept for label in group.split(",")}


@each_board
def test_only_variables_that_the_dashboard_has_are_used(name: str) -> None:
    board = boards()[name]
    known = {"__rate_interval", *(v["name"] for v in board.get("templating", {}).get("list", []))}
    for panel in panels(board):
        for target in panel["targets"]:
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= known


def test_grafana_finds_datasource_and_dashboards_where_compose_puts_them() -> None:
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "parley.yaml").read_text())["providers"]
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "parley.yaml").read_text())["datasources"]
    mounts = dict(
        mount.split(":")[:2] for mount in COMPOSE["grafana"]["volumes"] if mount.startswith("./deploy")
    )
    assert mounts["./deploy/grafana/dashboards"] == provider["options"]["path"]
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in COMPOSE
    grafana = COMPOSE["grafana"]["image"].removeprefix("grafana/grafana:")
    sdk = re.search(r"grafana-foundation-sdk==\d+!(\d+\.\d+)\.", (ROOT / "pyproject.toml").read_text())
    assert sdk is not None
    assert grafana.startswith(f"{sdk[1]}."), "the builders are those of another Grafana"
