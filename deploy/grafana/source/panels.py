"""The kinds of panel that the dashboards are made of, and how each of them looks."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = model.DataSourceRef(type_val="prometheus", uid="prometheus")
GREEN, YELLOW, RED, BLUE = "green", "orange", "red", "blue"
WINDOW = "5m"
"""People talk seldom, compared with how often Prometheus looks: less would hold single turns."""

AnyPanel = Builder[model.Panel]


@dataclass(frozen=True, slots=True)
class Query:
    """`legend`: a name, with labels as {{label}}."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a value is worrying, and from where on bad; with `floor`, below which."""

    warn: float
    bad: float | None = None
    floor: bool = False

    def steps(self) -> list[model.Threshold]:
        if self.floor:
            low, high = (self.warn, None) if self.bad is None else (self.bad, self.warn)
            steps = [model.Threshold(value=None, color=RED)]
            if high is None:
                return [*steps, model.Threshold(value=low, color=GREEN)]
            return [
                *steps,
                model.Threshold(value=low, color=YELLOW),
                model.Threshold(value=high, color=GREEN),
            ]
        steps = [model.Threshold(value=None, color=GREEN), model.Threshold(value=self.warn, color=YELLOW)]
        return steps if self.bad is None else [*steps, model.Threshold(value=self.bad, color=RED)]


def thresholds(limits: Limits | None) -> dashboard.ThresholdsConfig:
    steps = [model.Threshold(value=None, color=BLUE)] if limits is None else limits.steps()
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def target(query: Query, number: int) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .datasource(SOURCE)
        .expr(query.expr)
        .legend_format(query.legend)
        .range()
        .ref_id(chr(ord("A") + number))
    )


def number(
    title: str,
    words: str,
    expr: str,
    unit: str = "short",
    limits: Limits | None = None,
    width: int = 4,
    mappings: Sequence[model.ValueMapping] = (),
    decimals: int | None = None,
) -> AnyPanel:
    """One value now, coloured by its limits, over its own recent past."""
    panel = (
        stat.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .with_target(target(Query(expr, title), 0))
        .unit(unit)
        .thresholds(thresholds(limits))
        .mappings(list(mappings))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .color_mode(looks.BigValueColorMode.VALUE)
        .graph_mode(looks.BigValueGraphMode.AREA)
        .height(4)
        .span(width)
    )
    return panel if decimals is None else panel.decimals(decimals)


def lines(
    title: str,
    words: str,
    queries: Sequence[Query],
    unit: str = "short",
    limits: Limits | None = None,
    width: int = 8,
    stacked: bool = False,
) -> AnyPanel:
    """Values over time; the limits are dashed lines."""
    style = looks.GraphThresholdsStyleMode.OFF if limits is None else looks.GraphThresholdsStyleMode.DASHED
    panel = (
        timeseries.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .targets([target(query, place) for place, query in enumerate(queries)])
        .unit(unit)
        .min(0)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
        .thresholds(thresholds(limits))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .line_width(1 if stacked else 2)
        .fill_opacity(35 if stacked else 8)
        .show_points(looks.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(looks.LegendDisplayMode.TABLE)
            .placement(looks.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(
            common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING)
        )
        .height(8)
        .span(width)
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))
    return panel


def states(
    title: str,
    words: str,
    query: Query,
    names: Sequence[tuple[str, str, str]],
    width: int = 12,
    height: int = 8,
) -> AnyPanel:
    """Which state each series was in, over time. `names`: value, word, colour."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .with_target(target(query, 0))
        .mappings([named(names)])
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .thresholds(thresholds(None))
        .merge_values(True)
        .fill_opacity(80)
        .line_width(0)
        .show_value(looks.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(looks.LegendDisplayMode.LIST)
            .placement(looks.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .height(height)
        .span(width)
    )


def named(names: Sequence[tuple[str, str, str]]) -> model.ValueMapping:
    """Words in the place of values: value, word, colour."""
    return model.ValueMap(
        options={
            value: model.ValueMappingResult(text=word, color=color, index=place)
            for place, (value, word, color) in enumerate(names)
        }
    )


def spread(title: str, words: str, histogram: str, width: int = 12) -> AnyPanel:
    """How often which latency came, over time."""
    expr = f"sum by (le) (increase({histogram}_bucket[$__rate_interval]))"
    return (
        heatmap.Panel()
        .title(title)
        .description(words)
        .datasource(SOURCE)
        .with_target(target(Query(expr, "{{le}}"), 0).format(PromQueryFormat.HEATMAP))
        .unit("s")
        .hide_from(common.HideSeriesConfig().legend(False).tooltip(False).viz(False))
        .calculate(False)
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Spectral").steps(32))
        .y_axis(heatmap.YAxisConfig().unit("s").axis_placement(looks.AxisPlacement.LEFT))
        .height(8)
        .span(width)
    )


def quantiles(histogram: str) -> list[Query]:
    """p50, p95 and p99 of all processes together."""
    return [
        Query(
            f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket[{WINDOW}])))",
            f"p{round(share * 100)}",
        )
        for share in (0.5, 0.95, 0.99)
    ]


def board(
    uid: str, title: str, words: str, rows: Sequence[tuple[str, Sequence[AnyPanel]]]
) -> dashboard.Dashboard:
    """Rows of panels, one below the other, linked to the other dashboards."""
    made = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(words)
        .tags(["parley"])
        .timezone("browser")
        .readonly()
        .refresh("10s")
        .time("now-1h", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Parley")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags(["parley"])
            .keep_time(True)
        )
    )
    for name, panels in rows:
        made = made.with_row(dashboard.Row(name))
        for panel in panels:
            made = made.with_panel(panel)
    return made
