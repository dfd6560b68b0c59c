"""Scenarios: a timeline, in TOML, of what goes wrong when. Everything is refused before the first spill or it works."""

from daq.source.scenario.load import load_scenario, parse_scenario
from daq.source.scenario.model import Scenario
from daq.source.scenario.shipped import shipped_scenarios, shipped_text
from daq.source.scenario.timeline import conditions, n_taken

__all__ = ["Scenario", "conditions", "load_scenario", "n_taken", "parse_scenario", "shipped_scenarios", "shipped_text"]
