"""Backgrounds, limits and the report. No key here changes what was counted."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from daq.config.base import Section, assumed, known


class AnalysisConfig(Section):
    """From recorded runs to exclusion contours. Source, where not said otherwise: CERN-EP-2023-032."""

    pair_window_ns: float = assumed(
        17.6, "full width of the accepted time differences of random pairs [ns], where the sample has too few pairs to "
        "measure it: as emulated; the paper says 'within 10 ns', and two tracks within 5 ns of the trigger are up to "
        "10 ns apart either way", gt=0
    )  # fmt: skip
    min_window_pairs: int = assumed(200, "so many pairs in the sideband are wanted to measure the window", ge=1)
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
    prompt_simulated: tuple[int, int] = known(
        (0, 141), "simulated prompt mu mu pairs in CR, and in all: none of 141 gives the published limit of 1.6 % at "
        "90 % CL. Source: section 5.1"
    )  # fmt: skip
    prompt_lav_survival: tuple[float, float] = known(
        (0.28 / 270.0, 0.28 / 270.0), "part of the prompt mu mu pairs that the LAV veto leaves, and its error, where "
        "the sample does not show it. Source: table 1, 0.28 +- 0.19 +- 0.20 of 270"
    )  # fmt: skip
    prompt_upstream_limit: float = known(
        0.069, "limit at 90 % CL of prompt pairs made upstream, in CR for 1.4e17 POT. Source: section 5.1", ge=0
    )
    prompt_sr_over_cr: float = known(
        0.1, "prompt pairs in SR over those in CR, flat density. Source: section 5.3", ge=0
    )
    ee_vetoes_survival: tuple[float, float, float] = known(
        (0.012, 0.020, 0.008), "part of the e e pairs that LAV and ANTI0 leave, its upper and lower error. Source: "
        "talk on A' to e e, 2023"
    )  # fmt: skip
    ee_cr_survival: tuple[float, float, float] = known((0.009, 0.018, 0.006), "the same of CR. Source: as above")
    ee_sr_survival: tuple[float, float, float] = known((0.008, 0.018, 0.006), "the same of SR. Source: as above")
    ee_combinatorial_limit: float = known(
        9e-4, "limit of random e e pairs in CR and in SR for 1.4e17 POT. Source: Vulcano talk 2024", ge=0
    )
    kaon_relative_error: float = known(
        0.5, "systematic error of pairs of K+ and upstream interactions. Source: Vulcano talk 2024, 5.6 +- 2.8", ge=0
    )
    min_kaons: int = assumed(20, "so many single K+ are wanted to force their decays", ge=1)
    forced_decays: int = assumed(20_000, "decays made of the single K+ of a sample", ge=100)
    pot_relative_error: float = known(0.20, "error of the protons on target. Source: section 4", ge=0, lt=1)
    efficiency_relative_error: float = known(0.028, "systematic error of the signal efficiency. Source: table 5", ge=0)
    confidence_level: float = known(0.90, "of the limits", gt=0.5, lt=1)
    mass_window_sigma: float = known(
        3.0, "half width of the mass window of a five-sigma count. Source: section 6", gt=0
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        low, high = self.form_factor_us
        if not 0 < low < high:
            msg = f"analysis.form_factor_us: wanted 0 < low < high, got {self.form_factor_us}; change them"
            raise ValueError(msg)
        if not self.prompt_window_ns < self.sideband_end_ns:
            msg = f"analysis: prompt window {self.prompt_window_ns} ns does not end before the sideband, "
            raise ValueError(msg + f"{self.sideband_end_ns} ns; change them")
        seen, total = self.prompt_simulated
        if not 0 <= seen <= total or total == 0:
            msg = (
                f"analysis.prompt_simulated: wanted some pairs, and no more in CR than there are, got {seen} of {total}"
            )
            raise ValueError(msg)
        survivals = (*self.prompt_lav_survival, *self.ee_vetoes_survival, *self.ee_cr_survival, *self.ee_sr_survival)
        if min(survivals) <= 0:
            msg = f"analysis: a surviving part or its error is {min(survivals)}, wanted above 0; change it"
            raise ValueError(msg)
        return self
