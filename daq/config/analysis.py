"""Backgrounds, limits and the report. No key here changes what was counted."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from daq.config.base import Section, assumed, known


class AnalysisConfig(Section):
    """From recorded runs to exclusion contours. Source, where not said otherwise: CERN-EP-2023-032."""

    pair_window_ns: float = assumed(
        20.0, "full width of the accepted time differences of random pairs [ns]: two tracks, each within 5 ns of the "
        "trigger, are up to 10 ns apart either way; the paper says 'within 10 ns'", gt=0
    )  # fmt: skip
    weight_relative_error: float = known(
        0.15, "systematic error of the weight of random pairs. Source: section 5.2", ge=0
    )
    form_factor_us: tuple[float, float] = assumed(
        (300.0, 800.0), "single tracks of one spill so far apart in time measure how uneven the spill is [us]: further "
        "than the regular gaps of a downscaled trigger, closer than the mains ripple changes"
    )  # fmt: skip
    h2_efficiency: float = assumed(
        0.98, "H2 for two muons in acceptance, where the sample has too few to measure it: as emulated", gt=0, le=1
    )
    min_h2_pairs: int = assumed(50, "so many pairs under Q1 are wanted to measure the H2 efficiency", ge=1)
    overlay_pairs: int = assumed(20_000_000, "pairs of single tracks that are drawn for the overlay", ge=1000)
    prompt_window_ns: float = known(1.0, "|Delta T| of a prompt pair below this [ns]. Source: section 5.1", gt=0)
    sideband_end_ns: float = known(4.5, "sideband in |Delta T| ends here [ns]. Source: section 5.1", gt=0)
    pot_relative_error: float = known(0.20, "error of the protons on target. Source: section 4", ge=0, lt=1)
    efficiency_relative_error: float = known(0.028, "systematic error of the signal efficiency. Source: table 5", ge=0)
    confidence_level: float = known(0.90, "of the limits", gt=0.5, lt=1)
    mass_window_sigma: float = known(
        3.0, "half width of the mass window of a five-sigma count. Source: section 6", gt=0
    )
    signal_decays: int = assumed(20_000, "decays made for each mass, production mode and final state", ge=100)

    @model_validator(mode="after")
    def _check(self) -> Self:
        low, high = self.form_factor_us
        if not 0 < low < high:
            msg = f"analysis.form_factor_us: wanted 0 < low < high, got {self.form_factor_us}; change them"
            raise ValueError(msg)
        if not self.prompt_window_ns < self.sideband_end_ns:
            msg = f"analysis: prompt window {self.prompt_window_ns} ns does not end before the sideband, "
            raise ValueError(msg + f"{self.sideband_end_ns} ns; change them")
        return self
