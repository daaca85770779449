"""Writes the dashboards' JSON: `python -m deploy.grafana.source.write`."""

import json
from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.source.capacity import capacity
from deploy.grafana.source.cluster import cluster
from deploy.grafana.source.session import session
from deploy.grafana.source.turn import turn

FOLDER = Path(__file__).parents[1] / "dashboards"
BOARDS: dict[str, Callable[[], Dashboard]] = {
    "cluster": cluster,
    "turn": turn,
    "capacity": capacity,
    "session": session,
}


def rendered(name: str) -> str:
    """The JSON of a dashboard. Panels are numbered in their order, from 1."""
    model = BOARDS[name]().build()
    for number, panel in enumerate(model.panels or [], start=1):
        panel.id_val = number
    return json.dumps(model, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def main() -> None:
    for name in BOARDS:
        (FOLDER / f"{name}.json").write_text(rendered(name), encoding="utf-8")


if __name__ == "__main__":
    main()
