"""Mini-records made up, pair by pair."""

import numpy as np
import pyarrow as pa

from offline.minirecords.read import Records
from offline.minirecords.tables import NAMES, SPILL_COLUMNS, event_table
from tests.offline.overlay.synthetic import H2, singles, spill

CODES = {column: {name: code for code, name in names.items()} for column, names in NAMES.items()}

PAIR = {
    "event_number": 0, "timestamp": 0, "fine_time": 0, "trigger_flags": H2, "delta_t_ns": 0.1,
    "channel": "mumu_os", "region": "OUTSIDE", "charge_1": 1, "charge_2": -1, "pid_1": "muon", "pid_2": "muon",
    "is_ee_1": False, "is_ee_2": False, "in_cones": True, "in_fiducial": True, "neutral": "nothing", "kaon": False,
    "veto_lav": False, "veto_anti0": False, "veto_sav": False, "veto_anti0_hole": False,
    "x_mm_1": 0.0, "y_mm_1": 0.0, "tx_1": 0.0, "ty_1": 0.0, "p_gev_1": 40.0,
    "x_mm_2": 0.0, "y_mm_2": 0.0, "tx_2": 0.0, "ty_2": 0.0, "p_gev_2": 40.0,
}  # fmt: skip
TYPES = dict.fromkeys(("channel", "neutral", "region", "pid", "charge"), np.int8) | {"trigger_flags": np.uint16}


def pair_table(rows, run=1, burst=1):
    """Pairs; each row says what differs from `PAIR`."""
    columns = {}
    for name, default in PAIR.items():
        base = name.removesuffix("_1").removesuffix("_2")
        values = [row.get(name, default) for row in rows]
        if base in CODES:
            values = [CODES[base][value] for value in values]
        columns[name] = np.array(values, TYPES.get(base, np.array(default).dtype))
    return event_table(run, burst, columns, "pairs")


def sample(rows=(), single_columns=None, spills=None):
    """Records of pairs and singles of one spill."""
    columns = singles([]) if single_columns is None else single_columns
    return Records(
        event_table(1, 1, columns, "singles"),
        pair_table(list(rows)),
        pa.Table.from_pylist(spills if spills is not None else [spill()], schema=SPILL_COLUMNS),
    )
