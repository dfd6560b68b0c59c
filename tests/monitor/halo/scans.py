"""Scans with a known minimum: made of counts and a noise of the protons, without a detector."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from daq.config.beam import B2Config
from daq.config.halo import HaloFluxConfig
from daq.source.magnets import b2_curve as synthetic
from monitor.halo import B2Curve, HaloPoint, HaloSetup
from monitor.spill import Spill, close_spill
from tests.monitor.synthetic import make_records, make_tally

DUMP = tuple(float(a) for a in range(0, -501, -50))
WHOLE = tuple(float(a) for a in range(-770, 771, 110))
COARSE = tuple(float(a) for a in range(0, -501, -100))

MUV3_AT_MINIMUM, FILLER = 4.5e4, 2.0e5
"""Per 1e12 protons: MUV3, and what only the CHOD sees, as emulated."""

E12_POT = 5.0


def given(current_a: float) -> float:
    """The emulator's curve over its minimum, at -250 A."""
    b2 = B2Config()
    return synthetic(current_a, b2) / synthetic(b2.minimum_current_a, b2)


def point(burst: int, current_a: float, muv3: float, q1: float | None = None, run: int = 1, **changes) -> HaloPoint:
    """Usable halo point with Poisson errors."""
    q1 = muv3 + FILLER if q1 is None else q1
    values = dict(
        run=run,
        burst=burst,
        b2_current_a=current_a,
        b2_set_a=current_a,
        muv3=muv3,
        muv3_error=math.sqrt(muv3 / E12_POT),
        q1=q1,
        q1_error=math.sqrt(q1 / E12_POT),
        muv3_relative=None,
        q1_relative=None,
        pot_error_relative=0.02,
        usable=True,
        reason=None,
    )
    return HaloPoint(**{**values, **changes})


def toy_scan(
    seed: int,
    currents: Sequence[float],
    each: int = 3,
    noise: float = 0.02,
    expected: float = 0.02,
    truth: Callable[[float], float] = given,
) -> B2Curve:
    """One scan: Poisson counts, one factor for the protons of each spill."""
    rng = np.random.default_rng(seed)
    curve = B2Curve(HaloSetup(HaloFluxConfig(pot_error_relative=expected)))
    for burst, current in enumerate((a for a in currents for _ in range(each)), 1):
        factor = 1.0 + noise * rng.standard_normal()
        means = (MUV3_AT_MINIMUM * truth(current), MUV3_AT_MINIMUM * truth(current) + FILLER)
        muv3, q1 = (rng.poisson(mean * E12_POT) * factor / E12_POT for mean in means)
        curve.add(point(burst, current, muv3, q1))
    return curve


def spill_at(
    burst: int, read_a: float | None, set_a: float | None, scalers: dict[str, int] | None = None, **records
) -> Spill:
    """Spill of the ledger with a reading and a setting of B2; `beam` changes fields of its beam record."""
    changes = records.pop("beam", {})
    sob, eob = make_records(burst=burst, b2=read_a, **records)
    if eob.beam is not None:
        changes = changes | ({} if scalers is None else {"scalers": scalers})
        eob = eob.model_copy(update={"beam": eob.beam.model_copy(update=changes)})
    return close_spill(sob, eob, make_tally(eob.n_events, burst, fill=False), eob.n_events, (), "c" * 64, set_a)
