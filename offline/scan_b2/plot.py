"""The plot of a scan: both streams with their fits, the minimum with its error, the working point."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from monitor.halo import CurvePoint, HaloView
from monitor.halo.model import SCALER, STREAMS, Stream

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_INCHES = (8.0, 7.5)
DPI = 130

COLOURS: dict[Stream, str] = {"muv3": "#0072b2", "q1": "#d55e00"}
"""Two of the colours of Okabe and Ito, told apart by all readers."""

GREY = "#555555"


def plot_png(view: HaloView) -> bytes:
    """Draw a scan; no file is touched, and no display is needed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(len(STREAMS), 1, sharex=True)
    for stream, axis in zip(STREAMS, axes, strict=True):
        _draw(axis, view, stream)
    axes[-1].set_xlabel("current of B2 [A]")
    run = f"run {view.run}" if view.run is not None else "several runs"
    mark = "emulated detector, synthetic curve" if view.synthetic else "beam dump"
    figure.suptitle(f"Halo against B2, {run} ({mark})")
    png = io.BytesIO()
    # without the version of the library in it, the same scan gives the same file
    canvas.print_figure(png, format="png", metadata={"Software": None})
    return png.getvalue()


def _draw(axis: Axes, view: HaloView, stream: Stream) -> None:
    points = [point for point in view.curve if point.stream == stream]
    unit, label = _unit(points, view.reference_a)
    axis.set_ylabel(f"{SCALER[stream]} {label}")
    axis.axvline(view.working_a, color=GREY, linestyle="--", label=f"working point {view.working_a:.0f} A")
    fit = view.fits.get(stream)
    if fit is not None:
        x, y = zip(*fit.points, strict=True)
        axis.plot(x, [value / unit for value in y], color=COLOURS[stream], label=f"fit: {fit.model}")
        axis.axvline(fit.minimum_a, color=COLOURS[stream], linewidth=1.0)
        low, high = fit.minimum_a - fit.error_a, fit.minimum_a + fit.error_a
        label = f"minimum {fit.minimum_a:.1f} +- {fit.error_a:.1f} A, chi2 {fit.chi2:.1f}/{fit.ndf}"
        axis.axvspan(low, high, color=COLOURS[stream], alpha=0.25, label=label)
    else:
        axis.set_title("no minimum: " + view.refused.get(stream, ""), fontsize="small", color=GREY)
    axis.errorbar(
        [point.b2_a for point in points],
        [point.value / unit for point in points],
        [point.error / unit for point in points],
        fmt="o",
        markersize=4,
        color="black",
        label=f"{sum(point.n_spills for point in points)} spills",
    )
    axis.grid(alpha=0.3)
    axis.legend(fontsize="small", framealpha=1.0)


def _unit(points: list[CurvePoint], reference_a: float) -> tuple[float, str]:
    """Value that is drawn as 1, and what the axis says."""
    first = points[0] if points else None
    if first is not None and first.relative:
        return first.value / first.relative, f"relative to {reference_a:+.0f} A"
    return 1.0, "per 1e12 POT"
