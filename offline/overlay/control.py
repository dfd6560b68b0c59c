"""The control sample: single muons under Q1 and not H2, of which accidental pairs are made.

Orthogonal to the search sample by construction: no event of it can be a candidate. Source: CERN-EP-2023-032,
section 5.2; physics notes G.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daq.config import Config
from daq.geometry.field import no_field, residual_field
from daq.geometry.planes import Z_REFERENCE_MM
from daq.units import FINE_NS, FINE_PER_TICK
from offline.minirecords.read import Records
from offline.overlay.mix import Pool
from streaming.reco.arrays import F64, I64, Flags
from streaming.reco.extrapolation import At, extrapolate, plane_table

BURST_BITS = 32


@dataclass(frozen=True, slots=True)
class Control:
    """Single muons of a sample, t of them, ordered by burst.

    pool : what is mixed
    spill : int64 (t,)       run << 32 | burst
    time_s : float64 (t,)    of the trigger, since SOB
    lav : bool (t,)          a LAV hit in time with the track
    """

    pool: Pool
    spill: I64
    time_s: F64
    lav: Flags

    def __len__(self) -> int:
        return len(self.spill)

    def where(self, chosen: Flags) -> Control:
        """Those of a mask."""
        pool = Pool(*(getattr(self.pool, name)[chosen] for name in ("state", "straw1_mm", "lkr_mm", "owner")))
        return Control(pool, self.spill[chosen], self.time_s[chosen], self.lav[chosen])


def spill_code(run: np.ndarray, burst: np.ndarray) -> I64:
    """One number for each run and burst."""
    code: I64 = np.asarray(run).astype(np.int64) << BURST_BITS | np.asarray(burst).astype(np.int64)
    return code


def control_sample(records: Records, config: Config) -> Control:
    """Muons under Q1 and not H2."""
    chosen = records.of("singles", "pid") == "muon"
    chosen &= ~_flag(records, config.reco.h2_flag_bit) & _flag(records, config.reco.q1_flag_bit)
    columns = {
        name: np.asarray(records.of("singles", name)[chosen], np.float64)
        for name in ("x_mm", "y_mm", "tx", "ty", "p_gev", "charge", "timestamp", "fine_time")
    }
    n = int(np.count_nonzero(chosen))
    columns["z_mm"] = np.full(n, Z_REFERENCE_MM)
    state = np.stack([columns[name] for name in ("x_mm", "y_mm", "z_mm", "tx", "ty", "p_gev", "charge")], axis=1)
    table = plane_table(config.reco, residual_field() if config.reco.residual_field else no_field())
    xy, _ = extrapolate(np.ascontiguousarray(state), table)
    run, burst = (records.of("singles", name)[chosen] for name in ("run", "burst"))
    pool = Pool(state, xy[:, At.STRAW1], xy[:, At.LKR], np.arange(n))
    time_s = (columns["timestamp"] * FINE_PER_TICK + columns["fine_time"]) * FINE_NS * 1e-9
    lav = np.asarray(records.of("singles", "veto_lav")[chosen], np.bool_)
    return Control(pool, spill_code(run, burst), time_s, lav)


def _flag(records: Records, bit: int) -> Flags:
    flags: Flags = records.of("singles", "trigger_flags").astype(np.int64) & 1 << bit != 0
    return flags
