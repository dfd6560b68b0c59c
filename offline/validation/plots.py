"""Plots of a validation: which panels are in which file."""

from __future__ import annotations

from pathlib import Path

from daq.config.reco import RegionsConfig
from offline.validation import panels
from offline.validation.panels import Panel
from offline.validation.run import Validation

DPI = 75
"""Small files: the pages are read on screens."""


def draw(validation: Validation, regions: RegionsConfig, folder: Path) -> list[Path]:
    """Write all plots into a folder; their paths."""
    import matplotlib as mpl

    mpl.use("Agg")
    s, rows = validation.measured.shown, validation.rows
    figures: dict[str, tuple[tuple[int, int], list[Panel]]] = {
        "plane": ((1, 2), [panels.plane(s, regions, wide=True), panels.plane(s, regions, wide=False)]),
        "pairs": ((2, 2), [panels.vertex(s), panels.delta_t(s), panels.momenta(s), panels.cda(s)]),
        "signal": ((2, 2), [panels.z_tax(s), panels.signal_cda(s), panels.resolution(s), panels.efficiency(s)]),
        "beam": ((2, 2), [panels.profile(s), panels.b2(s), panels.rates(rows), panels.ks(s)]),
        "pulls": ((1, 1), [panels.pulls(rows)]),
    }
    return [_figure(folder / f"emulator-{name}.png", *figure) for name, figure in figures.items()]


def _figure(path: Path, grid: tuple[int, int], shown: list[Panel]) -> Path:
    from matplotlib.figure import Figure

    rows, columns = grid
    size = (11.0, 4.2 * rows) if len(shown) > 1 else (9.0, 12.0)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, axis in zip(shown, axes, strict=True):
        panel(axis)
    # no date and no version inside: the same numbers give the same file
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path
