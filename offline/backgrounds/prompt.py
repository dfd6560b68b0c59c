"""Prompt pairs of muons: a halo muon interacts, a pion of the shower decays; two muons of one time.

Counted without the LAV veto, by the time difference of the two muons, and carried over to what the veto leaves and to
the masked regions. Source: CERN-EP-2023-032, section 5.1 and tables 1 and 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from daq.config import Config
from daq.config.analysis import AnalysisConfig
from daq.config.processes import SAMPLE_POT
from offline.backgrounds.emulated import Emulated
from offline.backgrounds.expected import Expected, Region
from offline.minirecords.read import Records
from offline.statistics.background import Background
from offline.statistics.fractions import binomial_upper
from offline.statistics.limits import upper_limit
from offline.statistics.propagation import sideband_subtracted
from streaming.reco.arrays import F64, Flags

SOURCE = "Delta T sideband without LAV veto"
SEEN = 3.0
"""Prompt pairs this many standard deviations above none, with the veto on, are taken as seen."""


@dataclass(frozen=True, slots=True)
class Subtracted:
    """Pairs in the prompt window and in the sideband; prompt pairs and their error after the subtraction."""

    inside: int
    sideband: int
    ratio: float
    value: float
    error: float

    def upper(self, confidence: float) -> float:
        """Limit on the prompt pairs in the window, with the sideband as a background of uncertain mean."""
        mean, error = self.ratio * self.sideband, self.ratio * math.sqrt(self.sideband)
        return upper_limit(self.inside, Background(mean, error), cl=confidence)


@dataclass(frozen=True, slots=True)
class PromptSample:
    """Visible opposite-sign pairs of muons outside CR and SR: with the LAV veto left out, and with it."""

    before: Subtracted
    after: Subtracted


@dataclass(frozen=True, slots=True)
class Survival:
    """Part of the prompt pairs that the LAV veto leaves; `limit` is what the sample itself says at most."""

    value: float
    error: float
    limit: float
    source: str


def subtract(delta_t_ns: F64, keys: AnalysisConfig) -> Subtracted:
    """Prompt pairs of a sample: N(|dt| < 1) - (2/7) N(1 < |dt| < 4.5), the sideband taken as flat."""
    apart, low, high = np.abs(delta_t_ns), keys.prompt_window_ns, keys.sideband_end_ns
    inside = int(np.count_nonzero(apart < low))
    sideband = int(np.count_nonzero((apart > low) & (apart < high)))
    ratio = low / (high - low)
    return Subtracted(inside, sideband, ratio, *sideband_subtracted(inside, sideband, ratio))


def prompt_sample(records: Records, config: Config) -> PromptSample:
    """Count the visible pairs of a sample."""
    channel, apart = records.of("pairs", "channel"), records.of("pairs", "delta_t_ns").astype(np.float64)
    open_: Flags = records.of("pairs", "region") != "INSIDE"
    kept, vetoed = ((channel == name) & open_ for name in ("mumu_os", "lav_inverted"))
    return PromptSample(subtract(apart[kept | vetoed], config.analysis), subtract(apart[kept], config.analysis))


def lav_survival(sample: PromptSample, keys: AnalysisConfig) -> Survival:
    """Take it from the sample where prompt pairs survive in numbers, else from the publication.

    The published one is of a simulation; the limit of the sample stands beside it.
    """
    before, after = sample.before, sample.after
    known = before.value > SEEN * before.error
    limit = min(1.0, after.upper(keys.confidence_level) / before.value) if known else 1.0
    if known and after.value > SEEN * after.error:
        part = after.value / before.value
        # the surviving pairs are a part of all of them; their own error decides
        return Survival(part, after.error / before.value, limit, f"{after.inside} pairs in the prompt window")
    return Survival(*keys.prompt_lav_survival, limit, "CERN-EP-2023-032 table 1, simulation")


def cr_fraction(keys: AnalysisConfig) -> float:
    """Limit of the part of the prompt pairs that is in CR, from simulated pairs counted there."""
    seen, total = keys.prompt_simulated
    return binomial_upper(seen, total, keys.confidence_level)


def prompt(sample: PromptSample, config: Config, pot: float, shape: Emulated | None = None) -> list[Expected]:
    """Expected prompt pairs of opposite sign that the LAV veto leaves.

    Parameters
    ----------
    pot : of the sample; the published limit on pairs made upstream is scaled by it
    shape : emulated prompt pairs, for the parts in OCR1-3 and behind the guard bands; without it only OUTSIDE,
        CR and SR, and OUTSIDE as if all of it were visible

    Returns
    -------
    Values outside CR and SR, limits in them, which hold without the error of the number outside, as published.
    """
    keys = config.analysis
    survival = lav_survival(sample, keys)
    visible, parts = _parts(shape)
    n, relative = max(sample.before.value, 0.0) / visible, sample.before.error / max(sample.before.value, 1.0)
    left = n * survival.value
    rows = []
    for region, (part, seen) in parts.items():
        value, syst = left * part, n * survival.error * part
        limit = sample.before.upper(keys.confidence_level) / visible * survival.value * part if n == 0 else None
        rows.append(
            Expected(
                "prompt", "mumu_os", region, value, value * relative, syst, left * seen,
                f"{SOURCE}; LAV survival: {survival.source}", limit, None if limit is None else keys.confidence_level,
            )
        )  # fmt: skip
    # where none is seen, at most as many as the count allows
    most = left if n > 0 else sample.before.upper(keys.confidence_level) / visible * survival.value
    rows += _limits("prompt", most * cr_fraction(keys), keys, f"{SOURCE}; part in CR: simulation")
    upstream = keys.prompt_upstream_limit * pot / SAMPLE_POT
    return rows + _limits("prompt upstream", upstream, keys, "CERN-EP-2023-032 sect. 5.1, by protons")


def _parts(shape: Emulated | None) -> tuple[float, dict[Region, tuple[float, float]]]:
    """Visible part of the pairs outside, and for each region its part of them: all, visible."""
    if shape is None:
        return 1.0, {"OUTSIDE": (1.0, 1.0)}
    pairs = shape.of("mumu_os", "lav_inverted")
    outside, visible = pairs.count("OUTSIDE")
    if visible == 0:
        return 1.0, {"OUTSIDE": (1.0, 1.0)}
    regions: tuple[Region, ...] = ("OUTSIDE", "OCR1", "OCR2", "OCR3", "OCR123")
    found = {region: pairs.count(region) for region in regions}
    return visible / outside, {region: (n / outside, seen / outside) for region, (n, seen) in found.items()}


def _limits(component: str, in_cr: float, keys: AnalysisConfig, source: str) -> list[Expected]:
    regions: tuple[tuple[Region, float], ...] = (("CR", in_cr), ("SR", in_cr * keys.prompt_sr_over_cr))
    return [
        Expected(component, "mumu_os", region, 0.0, 0.0, 0.0, 0.0, source, limit, keys.confidence_level)
        for region, limit in regions
    ]
