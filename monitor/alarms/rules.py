"""What a desk judges with: the reference of a spill, the limits of its charts, the budget behind them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from daq.config import Config
from daq.config.alarms import AlarmsConfig
from monitor.alarms.budget import Budget, divide
from monitor.alarms.reference import ChartLimit, Reference
from monitor.alarms.streams import Reading

FALLBACK_RUN_LENGTH = 2.0e6
"""Spills between two false alarms of the fallback chart with a limit of 6 sigma, at least (95 % confidence,
6e6 simulated spills without one, 2 % noise)."""


@cache
def shipped_reference() -> Reference:
    """Reference of the emulated detector at its default configuration."""
    name = "emulated.toml"
    return Reference.read((files("monitor.alarms") / "data" / name).read_text(encoding="utf-8"), name)


@cache
def _default_digest() -> str:
    return Config().digest()


@dataclass(frozen=True, slots=True)
class Rules:
    """One reference, or none, with the thresholds that follow from it.

    cfg : configuration
    reference : frozen reference; None: the fallback judges
    budget : thresholds of single spills, wanted run length of charts
    charts : stream -> charts with the limits in force
    why : what the reference is, or why there is none
    """

    cfg: AlarmsConfig
    reference: Reference | None
    budget: Budget
    charts: dict[str, tuple[ChartLimit, ...]]
    why: str

    def predicted(self, stream: str) -> float:
        """Predicted false pages per week of a stream."""
        if self.reference is None or stream not in self.reference.streams:
            return self.budget.weekly((FALLBACK_RUN_LENGTH,))
        return self.budget.weekly(tuple(chart.run_length for chart in self.charts.get(stream, ())))

    def predicted_sum(self) -> float:
        """The same of everything that can raise an alarm, ratios included."""
        return sum(map(self.predicted, self.cfg.streams)) + self.budget.weekly(()) * len(self.cfg.ratios)


def make_rules(cfg: AlarmsConfig, reference: Reference | None, why: str) -> Rules:
    """Divide the budget over what is watched now, and take the limits from it.

    A chart that was calibrated to a shorter run length than is wanted now gets a higher limit: the run length grows
    as e^h at least.
    """
    known = {} if reference is None else {n: reference.streams[n] for n in cfg.streams if n in reference.streams}
    n_charts = sum(len(one.charts) for one in known.values()) if known else len(cfg.streams)
    budget = divide(cfg, len(cfg.streams) + len(cfg.ratios), n_charts)
    charts = {name: tuple(_raised(chart, budget.run_length) for chart in one.charts) for name, one in known.items()}
    return Rules(cfg, reference, budget, charts, why)


def _raised(chart: ChartLimit, wanted: float) -> ChartLimit:
    if chart.run_length >= wanted:
        return chart
    more = math.log(wanted / chart.run_length)
    return ChartLimit(factor=chart.factor, limit=chart.limit + more, run_length=wanted)


class RuleBook:
    """The rules for every spill: those of the own reference, of the shipped one, or of none."""

    def __init__(self, cfg: AlarmsConfig, reference: Reference | None) -> None:
        self._cfg = cfg
        self._own = None if reference is None else make_rules(cfg, reference, _said(reference))
        self._made: dict[str, Rules] = {}

    def rules(self, reading: Reading | None) -> Rules:
        """Rules for a spill; for None, those that will hold for a spill that fits."""
        own = self._own
        if own is not None and own.reference is not None:
            mode = own.reference.provenance.mode
            if reading is None or reading.mode == mode:
                return own
            return self._shipped_or(reading, f"the reference is of mode {mode}, this spill is {reading.mode}")
        return self._shipped_or(reading, "there is no reference; make one with `dumpwatch alarms calibrate`")

    def _shipped_or(self, reading: Reading | None, why_none: str) -> Rules:
        if reading is not None and reading.mode == "EMULATED":
            shipped = shipped_reference()
            if reading.config_digest == _default_digest():
                return self._make("shipped", shipped, "reference of the EMULATED detector, shipped with the program")
            why_none = "the shipped reference is for the default configuration of the emulated detector"
        return self._make(why_none, None, f"{why_none}; the fallback charts judge")

    def _make(self, name: str, reference: Reference | None, why: str) -> Rules:
        if name not in self._made:
            self._made[name] = make_rules(self._cfg, reference, why)
        return self._made[name]


def _said(reference: Reference) -> str:
    runs = ", ".join(f"run {run} bursts {first}-{last}" for run, first, last in reference.provenance.runs[:3])
    more = len(reference.provenance.runs) - 3
    tail = f" and {more} more runs" if more > 0 else ""
    return f"reference of {reference.n_spills} spills of {runs}{tail}, by {reference.provenance.who}"
