"""Cross-check of the T10 protons in kaon mode: K+ -> pi+ pi+ pi- selected against those the protons make one expect.

N_K = downscaling * N_K3pi / (BR * acceptance); expected are the kaons that decay at 105-180 m, from T10 protons.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from daq.config.accounting import AccountingConfig
from monitor.spill import Public


class K3piRow(Public):
    """Selected K3pi of one spill in kaon mode, as it was imported."""

    run: int
    burst: int
    n_k3pi: int
    downscaling: int


class K3piCheck(Public):
    """Kaon decays expected from protons against those found, over the spills that have both."""

    key: str
    n_spills: int
    n_k3pi: int
    pot: int
    n_kaons: float
    """Decays at 105-180 m, from selected K3pi."""
    n_kaons_error: float
    """Poisson error of the selected K3pi."""
    n_expected: float
    """The same from T10 protons."""
    ratio: float
    """Found over expected."""
    ratio_error: float
    """Statistical; the 20 % of the protons is in `agrees`."""
    agrees: bool
    """The ratio is within 20 % of one."""


def check(key: str, rows: Sequence[tuple[K3piRow, int]], rules: AccountingConfig) -> K3piCheck | None:
    """Compare, over kaon-mode spills given with their protons; None where nothing can be expected."""
    per_k3pi = 1.0 / (rules.k3pi_branching * rules.k3pi_acceptance)
    pot = sum(protons for _, protons in rows)
    expected = pot / rules.protons_per_kaon * rules.kaon_decay_fraction
    if not expected:
        return None
    found = sum(row.downscaling * row.n_k3pi for row, _ in rows) * per_k3pi
    error = sqrt(sum(row.downscaling**2 * row.n_k3pi for row, _ in rows)) * per_k3pi
    return K3piCheck(
        key=key,
        n_spills=len(rows),
        n_k3pi=sum(row.n_k3pi for row, _ in rows),
        pot=pot,
        n_kaons=found,
        n_kaons_error=error,
        n_expected=expected,
        ratio=found / expected,
        ratio_error=error / expected,
        agrees=abs(found / expected - 1.0) <= rules.k3pi_agreement,
    )
