"""Figures of the report: the field's style, one file as PDF and one as PNG each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PNG_DPI = 120


class Figure(NamedTuple):
    """One plot. `draw` gets axes; `note` stands under it."""

    key: str
    title: str
    draw: Callable[[Axes], None]
    note: str = ""


def save_figure(figure: Figure, folder: Path, label: str) -> list[Path]:
    """Draw and write `KEY.pdf` and `KEY.png`; `label` says on the plot what the data are."""
    # no window system is needed, and the interactive interface of matplotlib keeps figures alive
    import matplotlib as mpl
    import mplhep
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as MplFigure

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{figure.key}.{kind}" for kind in ("pdf", "png")]
    with mpl.rc_context(mplhep.style.ROOT):
        mpl.rcParams.update(
            {"font.size": 13, "axes.labelsize": 14, "legend.fontsize": 11, "figure.figsize": (7.0, 5.0)}
        )
        canvas = MplFigure(layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots()
        figure.draw(axes)
        axes.set_title(label, loc="right", fontsize=10)
        for path in paths:
            # no date in the file: the same numbers give the same bytes
            dated = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
            canvas.savefig(path, dpi=PNG_DPI, metadata=dated)
    return paths
