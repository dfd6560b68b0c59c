"""Figures of the signal: yields and exclusion of one model in one final state."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from offline.report.figure import Figure
from offline.report.limits import ModelLimit
from offline.statistics.contour import Exclusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COUPLINGS = {"photon": r"$\varepsilon$", "scalar": r"$\sin\theta$", "alp": r"$g$ [1/GeV]"}
BANDS = (((-2.0, 2.0), "#ffdf7f", r"$\pm 2\sigma$"), ((-1.0, 1.0), "#85d1fb", r"$\pm 1\sigma$"))


def model_figures(limit: ModelLimit) -> list[Figure]:
    """Yield and exclusion."""
    key = f"{limit.model}_{limit.channel}"
    title = f"dark {limit.model} to {limit.channel}" if limit.model != "alp" else f"ALP to {limit.channel}"
    observed = "The signal region is closed: expected only." if limit.observed is None else "Black: observed."
    return [
        Figure(f"yield_{key}", f"Expected events, {title}", partial(_yield, limit)),
        Figure(f"exclusion_{key}", f"Exclusion at 90 % CL, {title}", partial(_exclusion, limit), observed),
    ]  # fmt: skip


def _yield(limit: ModelLimit, axes: Axes) -> None:
    grid = limit.grid
    levels = [0.1, 1.0, 10.0, 100.0, 1000.0]
    if grid.events.max() <= levels[0]:
        axes.text(0.5, 0.5, f"at most {grid.events.max():.2g} events", transform=axes.transAxes, ha="center")
    else:
        lines = axes.contour(grid.masses * 1e3, grid.couplings, grid.events.T, levels, cmap="viridis")
        axes.clabel(lines, fmt="%g")
    _plane(limit, axes)


def _exclusion(limit: ModelLimit, axes: Axes) -> None:
    for (low, high), colour, name in BANDS:
        # the weaker limit excludes less: the band lies between the two
        for sigma, face in ((low, colour), (high, "white")):
            _fill(limit.expected[sigma], axes, facecolor=face, label=name if sigma == low else None)
    _outline(limit.expected[0.0], axes, ls="--", color="tab:blue", label="expected")
    if limit.observed is not None:
        _outline(limit.observed, axes, ls="-", color="black", label="observed")
    if limit.expected[0.0].is_none:
        axes.text(0.5, 0.5, "nothing is excluded", transform=axes.transAxes, ha="center")
    else:
        axes.legend()
    _plane(limit, axes)


def _fill(region: Exclusion, axes: Axes, *, facecolor: str, label: str | None) -> None:
    for piece in region.pieces:
        axes.fill(piece.border[:, 0] * 1e3, piece.border[:, 1], facecolor=facecolor, lw=0, label=label)
        label = None


def _outline(region: Exclusion, axes: Axes, *, ls: str, color: str, label: str) -> None:
    for number, piece in enumerate(region.pieces):
        axes.plot(piece.border[:, 0] * 1e3, piece.border[:, 1], ls=ls, color=color, label=None if number else label)


def _plane(limit: ModelLimit, axes: Axes) -> None:
    grid = limit.grid
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(float(grid.masses.min()) * 1e3, float(grid.masses.max()) * 1e3)
    axes.set_ylim(float(np.min(grid.couplings)), float(np.max(grid.couplings)))
    axes.set_xlabel("mass [MeV/$c^2$]")
    axes.set_ylabel(COUPLINGS[limit.model])
