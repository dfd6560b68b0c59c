"""What the runs given are: beam, or bursts that hold a part of many spills; how many protons; what is left out.

Beam and biased bursts are never added up. The search sample is the two-track bursts where there are some, else the
beam; single muons come from the beam, or from control bursts where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from daq.errors import DataError
from daq.records import BurstKey
from offline.minirecords.read import Records
from streaming.reco.arrays import Flags


class Kind(StrEnum):
    """What a burst holds."""

    BEAM = "beam"
    TWO_TRACK = "two-track"
    CONTROL = "control"
    SIGNAL = "signal"
    OTHER = "other"


TITLES = {
    Kind.BEAM: "beam: everything the protons brought",
    Kind.TWO_TRACK: "two-track bursts: pairs and processes of many spills, without their single muons",
    Kind.CONTROL: "control bursts: a part of the halo muons of many spills",
    Kind.SIGNAL: "signal bursts: injected decays; in no background and no limit",
    Kind.OTHER: "biased bursts of another kind; not used",
}


@dataclass(frozen=True, slots=True)
class Exposure:
    """Spills of one kind. `pot` is protons on target, or those that the bursts stand for; `unknown`: spills without."""

    kind: Kind
    n_spills: int
    pot: float
    n_unknown: int
    n_incomplete: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Records of some runs, split by what they are.

    search : spills whose pairs are looked at; `search_kind` and `pot` say what they are and stand for
    control : spills whose single muons make the overlay
    exposures : all that was given, used or not
    partial : why the numbers are of less than what was taken; empty when they are of all
    """

    search: Records
    control: Records
    search_kind: Kind
    pot: float
    runs: tuple[int, ...]
    exposures: tuple[Exposure, ...]
    partial: tuple[str, ...]

    @property
    def bursts(self) -> frozenset[BurstKey]:
        """Runs and bursts of the search sample."""
        runs, bursts = (self.search.of("spills", name) for name in ("run", "burst"))
        return frozenset((int(run), int(burst)) for run, burst in zip(runs, bursts, strict=True))


def split(records: Records, extra: Sequence[str] = ()) -> Sample:
    """Split records into the samples of the analysis.

    Parameters
    ----------
    extra : what else is missing, to be said

    Raises
    ------
    DataError
        Nothing but signal or unknown bursts.
    """
    kinds = kinds_of(records)
    exposures = tuple(_exposure(records, kind, kinds == kind) for kind in Kind if np.any(kinds == kind))
    search_kind = Kind.TWO_TRACK if np.any(kinds == Kind.TWO_TRACK) else Kind.BEAM
    if not np.any(kinds == search_kind):
        found = ", ".join(f"{e.n_spills} {e.kind}" for e in exposures)
        msg = f"analysis: no spill of beam and no two-track burst among {found}; give a run of one of them"
        raise DataError(msg)
    search = kinds == search_kind
    exposure = next(e for e in exposures if e.kind is search_kind)
    runs = tuple(sorted({int(run) for run in records.of("spills", "run")}))
    return Sample(
        records.of_spills(search), records.of_spills(kinds == Kind.BEAM), search_kind, exposure.pot, runs, exposures,
        (*_partial(records, exposure), *extra),
    )  # fmt: skip


def kinds_of(records: Records) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """`Kind` of each spill, from its mode and what it says was left out."""
    mode, bias = (np.asarray(records.spills[name].to_pylist(), object) for name in ("mode", "bias"))
    return np.array([str(_kind(m, b)) for m, b in zip(mode, bias, strict=True)], np.str_)


def _kind(mode: str, bias: str | None) -> Kind:
    if mode != "BIASED":
        return Kind.BEAM
    word = (bias or "").split(":")[0]
    return Kind(word) if word in {Kind.TWO_TRACK, Kind.CONTROL, Kind.SIGNAL} else Kind.OTHER


def _exposure(records: Records, kind: Kind, chosen: Flags) -> Exposure:
    column = "pot" if kind is Kind.BEAM else "equivalent_pot"
    pot = np.asarray(records.of("spills", column), np.float64)[chosen]
    state = np.asarray(records.spills["state"].to_pylist(), object)[chosen]
    n, known = int(np.count_nonzero(chosen)), np.isfinite(pot)
    return Exposure(kind, n, float(pot[known].sum()), int(n - known.sum()), int(np.count_nonzero(state != "COMPLETE")))


def _partial(records: Records, exposure: Exposure) -> list[str]:
    said = []
    if records.refused:
        said.append(f"{len(records.refused)} bursts could not be used; they are listed below")
    if exposure.n_incomplete:
        said.append(f"{exposure.n_incomplete} spills are incomplete: a part of their events is missing")
    if exposure.n_unknown:
        said.append(f"{exposure.n_unknown} spills have no protons on target: their pairs count, their protons do not")
    return said
