"""A mask may only grow: what was masked once stays masked until it is opened.

Two masks that differ, run over the same recording, would show what lies between them. So the masks that were ever in
force are remembered beside the ledger, and a new one has to contain each of them.
"""

from __future__ import annotations

import itertools
import math
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from daq.config.base import Section
from daq.config.reco import GateConfig, RegionsConfig
from daq.errors import PolicyError
from streaming.mask_check import TRACKS, is_open
from streaming.regions import mask_bounds

POINTS_Z_MM = 8
POINTS_CDA_MM = 5
POINTS_MASS = 5
"""Points of the grid along each axis, beside all edges of both masks."""


class Mask(Section):
    """What defines a mask."""

    regions: RegionsConfig
    gate: GateConfig


class _Known(Section):
    """The file of masks."""

    schema_name: Literal["dumpwatch.masks/1"] = Field("dumpwatch.masks/1", alias="schema")
    masks: list[Mask]


def is_superset(new: Mask, old: Mask) -> bool:
    """Whether everything that the old mask hides is hidden by the new one; on bounds and on a grid."""
    # the usual case, at every start of every program
    return new == old or (not shrunk(new, old) and not _grid_opens(new, old))


def shrunk(new: Mask, old: Mask) -> list[str]:
    """Bounds in which the new mask is smaller, for people."""
    a, b = mask_bounds(new.regions, new.gate), mask_bounds(old.regions, old.gate)
    smaller = {
        f"Z_TAX from {a.z_min_mm:g} mm, was {b.z_min_mm:g}": a.z_min_mm > b.z_min_mm,
        f"Z_TAX to {a.z_max_mm:g} mm, was {b.z_max_mm:g}": a.z_max_mm < b.z_max_mm,
        f"CDA_TAX to {a.cda_max_mm:g} mm, was {b.cda_max_mm:g}": a.cda_max_mm < b.cda_max_mm,
        f"K_S half width {a.ks_half_gev:g} GeV/c2, was {b.ks_half_gev:g}": a.ks_half_gev < b.ks_half_gev,
        "gate.open_same_sign is on, was off": a.open_same_sign and not b.open_same_sign,
        "gate.open_ks_leptons is on, was off": a.open_ks_leptons and not b.open_ks_leptons,
        f"gate.max_tracks {new.gate.max_tracks}, was {old.gate.max_tracks}": new.gate.max_tracks > old.gate.max_tracks,
    }
    return [text for text, is_smaller in smaller.items() if is_smaller]


def guard_mask(path: Path, mask: Mask) -> None:
    """Refuse a mask that does not contain every earlier one, and remember it; for the start of a collector.

    Raises
    ------
    PolicyError
        The mask is smaller in some bound, or what was remembered cannot be read.
    """
    known = _read(path)
    for number, old in enumerate(known, start=1):
        if not is_superset(mask, old):
            what = "; ".join(shrunk(mask, old)) or "a pair on the grid would become visible"
            msg = (
                f"mask: smaller than mask {number} of {path}: {what}. A mask may only grow; take the old bounds, "
                "or begin a new ledger after a decision of the collaboration"
            )
            raise PolicyError(msg)
    if mask not in known:
        _write(path, [*known, mask])


def _grid_opens(new: Mask, old: Mask) -> bool:
    """Whether any pair on the grid is hidden by the old mask and open by the new one, by the plain formulation."""
    points = itertools.product(*_axes([new, old]))
    for point, (a, b, p, q) in itertools.product(points, TRACKS):
        pair = (point, (a, b), (p, q))
        if is_open(new.regions, new.gate, *pair) and not is_open(old.regions, old.gate, *pair):
            return True
    return False


def _axes(masks: list[Mask]) -> tuple[list[float], list[float], list[float]]:
    bounds = [mask_bounds(mask.regions, mask.gate) for mask in masks]
    z = _around([edge for b in bounds for edge in (b.z_min_mm, b.z_max_mm)])
    cda = _around([b.cda_max_mm for b in bounds])
    mass = _around([b.ks_mass_gev + sign * b.ks_half_gev for b in bounds for sign in (-1, 1)])
    low, high = min(z) - 5000.0, max(z) + 5000.0
    steps = [low + (high - low) * i / POINTS_Z_MM for i in range(POINTS_Z_MM)]
    widths = [(max(cda) + 50.0) * i / POINTS_CDA_MM for i in range(POINTS_CDA_MM)]
    centre, half = bounds[0].ks_mass_gev, 1.5 * max(b.ks_half_gev for b in bounds)
    masses = [centre - half + 2 * half * i / POINTS_MASS for i in range(POINTS_MASS)]
    return z + steps, cda + widths, mass + masses + [0.28, math.nan]


def _around(edges: list[float]) -> list[float]:
    return sorted({near for e in edges for near in (math.nextafter(e, -math.inf), e, math.nextafter(e, math.inf))})


def _read(path: Path) -> list[Mask]:
    try:
        return _Known.model_validate_json(path.read_bytes()).masks
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as error:
        msg = f"masks {path}: cannot be read ({type(error).__name__}); restore it: without it no mask can be compared"
        raise PolicyError(msg) from None


def _write(path: Path, masks: list[Mask]) -> None:
    """Replace the file in one step, so that a death leaves the old one."""
    content = _Known.model_validate({"schema": "dumpwatch.masks/1", "masks": masks})
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(content.model_dump_json(by_alias=True, indent=1))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
