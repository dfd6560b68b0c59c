"""Excursions of background rates: streams, false-alarm budget, charts, hysteresis."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from daq.config.base import Section, assumed, known

STREAMS = ("muv3", "q1", "h2", "lav", "anti0", "pairs", "vertices")
"""Names of the streams that can be watched; what they are is in `monitor.alarms.streams`."""

RATIOS = ("h2/q1", "muv3/q1", "lav/q1")
"""Names of the ratios that need no protons."""


class AlarmsConfig(Section):
    """How excursions are found. No key here changes a physics number."""

    streams: tuple[str, ...] = known(STREAMS, "streams that are watched; the budget is divided over them")
    ratios: tuple[str, ...] = known(RATIOS, "ratios of two streams, checked without protons; a part of the budget each")
    cadence_seconds: float = assumed(
        15.0, "fastest distance of two spills [s]; a week of these is budgeted", gt=0, le=600
    )
    pages_per_week: float = known(0.5, "false pages of all streams together, at most", gt=0, le=100)
    tickets_per_week: float = known(5.0, "false warnings of all streams together, at most", gt=0, le=1000)
    shewhart_share: float = assumed(
        0.4, "part of the budget for single spills; the rest is for the CUSUM charts", gt=0, lt=1
    )
    cusum_up: float = assumed(1.10, "CUSUM looks for this factor, upwards", gt=1, le=10)
    cusum_down: float = assumed(0.90, "and for this one, downwards", gt=0, lt=1)
    cusum_mean: float = assumed(10.0, "with more counts in a spill than this; fewer get one chart, upwards", gt=0)
    rare_factors: tuple[tuple[float, float], ...] = assumed(
        ((0.1, 2.0), (0.02, 5.0), (0.01, 10.0)),
        "(smallest mean count in a spill, factor looked for), descending; below the last no chart",
    )
    noise_safety: float = assumed(1.5, "the measured noise is taken to be this much larger", ge=1, le=10)
    noise_floor: float = assumed(0.01, "spill-to-spill noise is taken to be at least this", gt=0, lt=1)
    ratio_noise_floor: float = assumed(
        0.01, "the same for ratios, which accidental hits change with the intensity", gt=0, lt=1
    )
    reference_spills: int = known(300, "good spills a reference needs", ge=50, le=100_000)
    outlier_sigmas: float = assumed(6.0, "a spill further off than this is left out of a reference", gt=3)
    outlier_fraction: float = assumed(
        0.02, "more such spills than this: not a quiet period, no reference is made", ge=0, lt=1
    )
    curve_spills: int = assumed(10, "good spills at another setting of B2 for a point of the B2 curve", ge=2)
    bootstrap_block: int = known(50, "spills that are resampled together, so that their correlation stays", ge=1)
    learning_spills: int = assumed(20, "spills before a stream without reference is judged", ge=5)
    learning_band: float = known(
        0.30, "without reference: a spill further from the median than this is an excursion", gt=0, lt=10
    )
    ewma_lambda: float = known(0.2, "weight of the newest spill in the fallback chart", gt=0, le=1)
    ewma_limit: float = known(
        6.0, "limit of the fallback chart [sigma]; 5 is wrong with estimated median and MAD", gt=0
    )
    ewma_window: int = known(200, "spills of which the fallback takes median and MAD", ge=20, le=5000)
    ewma_gap: int = known(20, "newest spills that are not in that window", ge=0, le=1000)
    clear_spills: int = assumed(5, "quiet spills after which an alarm ends", ge=1, le=1000)
    pot_missing_spills: int = assumed(
        3, "successive spills without T10 reading that are an alarm; fewer are a warning", ge=1
    )
    no_beam_pot: float = assumed(1.0e11, "a reading of fewer protons is a spill without beam", ge=0)
    b2_tolerance_a: float = known(2.0, "B2 further than this from its setting is another regime [A]", gt=0)
    ramp_spills: int = assumed(20, "spills that a ramp may take; a longer one is a magnet off its setting", ge=1)
    flat_tolerance: float = assumed(
        0.02, "ratios within this of the reference are flat: then the POT monitor is suspected", gt=0, lt=1
    )
    least_live_fraction: float = assumed(0.8, "a smaller live fraction is a warning", ge=0, le=1)
    history_spills: int = known(500, "spills kept; a correction of an older one changes no state", ge=250, le=20_000)

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_names("streams", self.streams, STREAMS)
        self._check_names("ratios", self.ratios, RATIOS)
        means = [mean for mean, _ in self.rare_factors]
        if means != sorted(set(means), reverse=True) or any(
            mean <= 0 or factor <= 1 for mean, factor in self.rare_factors
        ):
            msg = f"alarms.rare_factors: means must descend and be positive, factors above 1, got {self.rare_factors}"
            raise ValueError(msg)
        if self.history_spills < self.ewma_window + self.ewma_gap:
            msg = (
                f"alarms.history_spills is {self.history_spills}, less than ewma_window + ewma_gap = "
                f"{self.ewma_window + self.ewma_gap}; keep at least as many"
            )
            raise ValueError(msg)
        return self

    def _check_names(self, key: str, names: tuple[str, ...], known_names: tuple[str, ...]) -> None:
        unknown = sorted(set(names) - set(known_names))
        if unknown or len(set(names)) != len(names):
            msg = f"alarms.{key}: got {list(names)}, wanted each at most once out of {list(known_names)}"
            raise ValueError(msg)
