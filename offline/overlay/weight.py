"""How many accidental pairs a sample has: the absolute weight of the overlay.

For a spill with n single muons of the control sample, of every D-th trigger,

    N = D n / (1 - f)            muons, f the part that fires H2 by itself and is not in the sample
    pairs = N^2 W / (2 T_eff) x eps(H2)

with W the full width of the time differences that are accepted, were they all accepted alike. Source: physics notes
G.1; CERN-EP-2023-032 sect. 5.2 names the same four ingredients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from daq.config import Config
from daq.errors import DataError
from offline.minirecords.read import Records
from offline.overlay.control import Control, control_sample, spill_code
from offline.overlay.form_factor import FormFactor, measure_duty
from streaming.reco.arrays import F64, Flags


@dataclass(frozen=True, slots=True)
class Part:
    """A measured part, its error, and where it is from."""

    value: float
    error: float
    source: str


@dataclass(frozen=True, slots=True)
class Weight:
    """Accidental muon pairs in the acceptance of a sample.

    pairs : expected number, before any cut on a vertex
    relative_error : statistical: of the single muons, the form factor, f and eps
    pot : protons on target of the spills it is for
    n_singles : muons of the control sample, n_spills : spills they are from
    left_out : spills that could not be used, by reason
    """

    pairs: float
    relative_error: float
    pot: float
    n_singles: int
    n_spills: int
    form_factor: FormFactor
    self_firing: Part
    h2_efficiency: Part
    window_ns: Part
    left_out: dict[str, int]


def usable_spills(records: Records) -> tuple[Flags, dict[str, int]]:
    """Spills of beam that an absolute weight can be made from; the others by reason."""
    spills = records.spills
    reasons = {
        "biased, no beam": _is(spills, "mode", "BIASED"),
        "incomplete": ~_is(spills, "state", "COMPLETE"),
        "no protons on target": _missing(spills, "pot"),
        "no length": _missing(spills, "spill_s"),
        "no Q1 counts": _missing(spills, "q1_generated") | (_number(spills, "q1_sent") == 0),
    }
    good, left_out = np.ones(spills.num_rows, np.bool_), {}
    for reason, bad in reasons.items():
        n = int(np.count_nonzero(good & bad))
        if n:
            left_out[reason] = n
        good &= ~bad
    return good, left_out


def weigh(records: Records, config: Config, search: Records | None = None) -> tuple[Weight, Control]:
    """Weight of the accidental pairs of the usable spills, and their control sample.

    Parameters
    ----------
    search : records whose pairs show the H2 efficiency and the time window; `records` themselves, if left out

    Raises
    ------
    DataError
        No spill can be used, or none has single muons.
    """
    good, left_out = usable_spills(records)
    if not good.any():
        why = ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "there are none"
        msg = f"overlay: no spill gives an absolute weight ({why}); give a run of beam with Q1 triggers"
        raise DataError(msg)
    chosen = records.of_spills(good)
    control, spills, keys = control_sample(chosen, config), chosen.spills, config.analysis
    code = spill_code(chosen.of("spills", "run"), chosen.of("spills", "burst"))
    place = np.argsort(code)[np.searchsorted(np.sort(code), control.spill)]
    length = _number(spills, "spill_s")
    n = np.bincount(place, minlength=len(code)).astype(np.float64)
    window = (keys.form_factor_us[0] * 1e-6, keys.form_factor_us[1] * 1e-6)
    shape = measure_duty(control.spill, control.time_s, length[place], window)
    alone = self_firing(chosen, config)
    h2, window_ns = (measure(search or records, config) for measure in (h2_efficiency, time_window))
    downscaling = _number(spills, "q1_generated") / _number(spills, "q1_sent")
    # n (n - 1) is unbiased for the square of a mean number of muons
    squares = downscaling**2 * n * (n - 1.0) / (1.0 - alone.value) ** 2
    pairs = float(np.sum(squares / (2.0 * length * shape.duty))) * window_ns.value * 1e-9 * h2.value
    terms = (
        2.0 / math.sqrt(max(1, len(control))), shape.relative_error, 2.0 * alone.error / (1.0 - alone.value),
        h2.error / h2.value, window_ns.error / window_ns.value,
    )  # fmt: skip
    pot = float(_number(spills, "pot").sum())
    error = math.hypot(*terms)
    return Weight(pairs, error, pot, len(control), len(code), shape, alone, h2, window_ns, left_out), control


def self_firing(records: Records, config: Config) -> Part:
    """Part of the single muons under Q1 that have H2 by themselves: such are not in the control sample."""
    muons = records.of("singles", "pid") == "muon"
    flags = records.of("singles", "trigger_flags").astype(np.int64)[muons]
    n, with_h2 = len(flags), int(np.count_nonzero(flags & 1 << config.reco.h2_flag_bit))
    if n == 0:
        msg = "overlay: no single muon under Q1; give a run of beam with Q1 triggers"
        raise DataError(msg)
    part = with_h2 / n
    return Part(part, math.sqrt(max(part * (1.0 - part), 1.0 / n) / n), f"{n} single muons")


def h2_efficiency(records: Records, config: Config) -> Part:
    """Part of the visible muon pairs under Q1 that have H2; from the configuration where there are too few.

    Only of pairs close in time, where the window keeps all: what it loses further apart is in its width.
    """
    flags = records.of("pairs", "trigger_flags").astype(np.int64)
    muons = (records.of("pairs", "pid_1") == "muon") & (records.of("pairs", "pid_2") == "muon")
    near = np.abs(records.of("pairs", "delta_t_ns").astype(np.float64)) < config.analysis.sideband_end_ns
    under = muons & near & (flags & 1 << config.reco.q1_flag_bit != 0)
    n = int(np.count_nonzero(under))
    if n < config.analysis.min_h2_pairs:
        return Part(config.analysis.h2_efficiency, 0.0, f"configuration; {n} pairs under Q1 are too few")
    part = int(np.count_nonzero(under & (flags & 1 << config.reco.h2_flag_bit != 0))) / n
    return Part(part, math.sqrt(max(part * (1.0 - part), 1.0 / n) / n), f"{n} muon pairs under Q1")


def time_window(records: Records, config: Config) -> Part:
    """Width that random pairs would need, all accepted, to be as many as there are [ns].

    From the time differences of the visible pairs under H2: their density in the sideband, where nothing is lost, and
    how many there are beyond it, where the trigger and the cut on track times lose some. Pairs of one time are left
    out. From the configuration where there are too few.
    """
    keys, flags = config.analysis, records.of("pairs", "trigger_flags").astype(np.int64)
    apart = np.abs(records.of("pairs", "delta_t_ns").astype(np.float64)[flags & 1 << config.reco.h2_flag_bit != 0])
    low, high = keys.prompt_window_ns, keys.sideband_end_ns
    near, far = int(np.count_nonzero((apart > low) & (apart < high))), int(np.count_nonzero(apart >= high))
    if near < keys.min_window_pairs:
        return Part(keys.pair_window_ns, 0.0, f"configuration; {near} pairs in the sideband are too few")
    beyond = 2.0 * (high - low) * far / near
    error = beyond * math.sqrt(1.0 / near + 1.0 / max(1, far))
    return Part(2.0 * high + beyond, error, f"{near + far} pairs more than {low:g} ns apart")


def _number(spills: pa.Table, name: str) -> F64:
    return np.asarray(spills[name].to_numpy(), np.float64)


def _missing(spills: pa.Table, name: str) -> Flags:
    return np.isnan(_number(spills, name))


def _is(spills: pa.Table, name: str, value: str) -> Flags:
    return np.asarray(spills[name].to_numpy(zero_copy_only=False)) == value
