"""What a panel is, in the words of the metric list, and how the Grafana SDK is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from monitor.metrics import CATALOGUE

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="dumpwatch-prometheus")
"""Fixed, and provisioned under this name: dashboards never lose their data source."""

UNITS = {
    "boolean": "none",
    "count": "short",
    "state": "none",
    "protons": "suffix: POT",
    "amperes": "amp",
    "seconds": "s",
    "timestamp": "dateTimeFromNow",
    "hertz": "hertz",
    "ratio": "percentunit",
    "sigma": "suffix: σ",
    "per_1e12_protons": "suffix: /1e12 POT",
    "per_week": "suffix: /week",
    "loglikelihood": "suffix: nat",
    "variance": "sci",
}
"""Unit of the metric list -> unit of Grafana."""

STATE_WORDS = {"0": ("OK", "green"), "1": ("WARN", "yellow"), "2": ("ALARM", "red"), "3": ("UNKNOWN", "purple")}
YES_NO = {"0": ("no", "red"), "1": ("yes", "green")}
HELD_BACK = {"0": ("no", "green"), "1": ("yes", "yellow")}


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and the name of what it gives."""

    expression: str
    legend: str
    name: str
    """The metric, or what it is made of: gives the unit."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; its description and unit come from the metric list unless given."""

    kind: str
    """stat, series, states or table."""
    title: str
    queries: Sequence[Query]
    text: str = ""
    unit: str = ""
    steps: Sequence[tuple[float | None, str]] = ()
    """Thresholds: from this value on, this colour; the first one from None."""
    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    span: int = 8
    height: int = 7


def metric(name: str, legend: str = "", **labels: str) -> Query:
    """Query one metric of the list; an unknown one is a KeyError."""
    spec = CATALOGUE[f"dumpwatch_{name}"]
    wanted = "".join(f',{label}="{value}"' for label, value in labels.items())
    if not set(labels) <= set(spec.labels):
        msg = f"{spec.name} has labels {spec.labels}, not {tuple(labels)}"
        raise KeyError(msg)
    free = [label for label in spec.labels if label not in labels]
    said = legend or " ".join(f"{{{{{label}}}}}" for label in free) or "{{instance}}"
    return Query(f'{spec.name}{{instance=~"$instance"{wanted}}}', said, spec.name)


def of(base: Query, form: str, legend: str = "") -> Query:
    """A query made of another one: `{}` in the form stands for it."""
    return Query(form.replace("{}", base.expression), legend or base.legend, base.name)


def recorded(name: str, base: str, legend: str = "{{instance}}") -> Query:
    """Query a recording rule; `base` is the metric it is made of."""
    return Query(f'{name}{{instance=~"$instance"}}', legend, CATALOGUE[f"dumpwatch_{base}"].name)


def build(panel: Panel, number: int) -> Any:
    """Make the panel with the SDK."""
    made = {"stat": _stat, "series": _series, "states": _states, "table": _table}[panel.kind](panel)
    spec = CATALOGUE.get(panel.queries[0].name)
    made.id(number).title(panel.title).datasource(DATASOURCE)
    made.description(panel.text or (spec.text if spec else ""))
    made.unit(panel.unit or UNITS[spec.unit if spec else "count"])
    made.no_value("no data")
    steps = [models.Threshold(value=value, color=colour) for value, colour in panel.steps or [(None, "blue")]]
    made.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    if panel.words:
        made.mappings([_words(panel.words)])
    for query, letter in zip(panel.queries, "ABCDEFGHIJ", strict=False):
        made.with_target(_target(panel, query, letter))
    return made


def _words(words: dict[str, tuple[str, str]]) -> models.ValueMap:
    results = {
        value: models.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return models.ValueMap(options=results)


def _target(panel: Panel, query: Query, letter: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expression).legend_format(query.legend).ref_id(letter)
    target.datasource(DATASOURCE)
    if panel.kind == "table":
        return target.instant().format("table")
    return target.instant() if panel.kind == "stat" else target.range()


def _stat(panel: Panel) -> stat.Panel:
    made = stat.Panel().color_mode(
        common_models.BigValueColorMode.BACKGROUND if panel.steps or panel.words else "value"
    )
    made.graph_mode(common_models.BigValueGraphMode.NONE)
    return made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def _series(panel: Panel) -> timeseries.Panel:
    made = timeseries.Panel().line_width(1).show_points(common_models.VisibilityMode.AUTO)
    # a number per spill holds until the next one
    made.line_interpolation(common_models.LineInterpolation.STEP_AFTER)
    made.tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
    if panel.steps:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED))
    return made


def _states(_: Panel) -> statetimeline.Panel:
    return statetimeline.Panel().merge_values(True).show_value(common_models.VisibilityMode.NEVER)


def _table(_: Panel) -> table.Panel:
    return table.Panel()
