"""Mini-records made up: single muons at given times, spills with given counts."""

import numpy as np
import pyarrow as pa

from offline.minirecords.read import Records
from offline.minirecords.tables import SPILL_COLUMNS, event_table
from streaming.reco.channels import Pid

TICK_NS = 24.951059536
Q1, H2 = 1, 2

PAIR_COLUMNS = ("trigger_flags", "event_number", "delta_t_ns", "pid_1", "pid_2")


def singles(time_s, flags=Q1, pid=Pid.MUON, rng=None, lav=False):
    """Columns of single tracks."""
    rng, n = rng or np.random.default_rng(1), len(time_s)
    return {
        "event_number": np.arange(n, dtype=np.uint32),
        "timestamp": np.round(np.asarray(time_s) * 1e9 / TICK_NS).astype(np.uint32),
        "fine_time": np.zeros(n, np.uint8),
        "trigger_flags": np.full(n, flags, np.uint16),
        "x_mm": rng.normal(0.0, 300.0, n), "y_mm": rng.normal(0.0, 300.0, n),
        "tx": rng.normal(0.0, 3e-3, n), "ty": rng.normal(0.0, 3e-3, n), "p_gev": rng.uniform(12.0, 80.0, n),
        "charge": rng.choice(np.array([1, -1], np.int8), n), "time_ns": np.zeros(n),
        "pid": np.full(n, int(pid), np.int8), "is_ee": np.zeros(n, bool), "kaon": np.zeros(n, bool),
        "veto_lav": np.full(n, lav), "veto_anti0": np.zeros(n, bool), "veto_sav": np.zeros(n, bool),
        "veto_anti0_hole": np.zeros(n, bool),
    }  # fmt: skip


def pairs(flags):
    """Columns of muon pairs, as far as the weight looks at them."""
    flags = np.asarray(flags, np.uint16)
    muon = np.full(len(flags), int(Pid.MUON), np.int8)
    return {
        "event_number": np.arange(len(flags)), "trigger_flags": flags, "delta_t_ns": np.zeros(len(flags)),
        "pid_1": muon, "pid_2": muon,
    }  # fmt: skip


def spill(burst=1, run=1, **change):
    """One row of `spills`."""
    row = dict.fromkeys(SPILL_COLUMNS.names)
    row |= {
        "run": run, "burst": burst, "state": "COMPLETE", "mode": "EMULATED", "quality": [], "config_digest": "c",
        "mask_digest": "m", "selection_digest": "s", "content_digest": "d", "sob_time_ns": 0, "pot": 5 * 10**12,
        "weight": 1.0, "spill_s": 4.0, "live_fraction": 1.0, "q1_generated": 2000, "q1_sent": 100,
        "n_counted": 10, "n_missing": 0, "n_pairs": 0, "n_singles": 0,
    }  # fmt: skip
    return row | change


def records(blocks, spills, pair_flags=()):
    """`blocks`: (burst, columns of singles) each."""
    tables = [event_table(1, burst, columns, "singles") for burst, columns in blocks]
    return Records(
        pa.concat_tables(tables).unify_dictionaries(),
        event_table(1, 1, pairs(pair_flags), "pairs"),
        pa.Table.from_pylist(spills, schema=SPILL_COLUMNS),
    )
