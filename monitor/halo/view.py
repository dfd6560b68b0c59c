"""Everything about the halo of a run in one object, as page and scripts show it."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.halo.curve import B2Curve
from monitor.halo.fit import FitError, fit_minimum
from monitor.halo.model import STREAMS, CurvePoint, HaloPoint, MinimumFit, Stream
from monitor.halo.points import halo_points
from monitor.halo.setup import HaloSetup
from monitor.spill import Public, Spill


class HaloView(Public):
    """Points of the spills, the curve against B2, and its fitted minima."""

    run: int | None
    """None: several runs taken together."""
    reference_a: float
    working_a: float
    points: list[HaloPoint]
    curve: list[CurvePoint]
    fit: MinimumFit | None
    """Of MUV3, the published quantity."""
    fits: dict[Stream, MinimumFit]
    refused: dict[Stream, str]
    """Why a stream has no fit."""
    synthetic: bool
    """Spills of the emulated detector, whose curve is made up."""


def halo_view(spills: Sequence[Spill], setup: HaloSetup | None = None) -> HaloView:
    """Make the view of some spills, in the order in which they were taken; those of several runs are one scan."""
    setup = setup or HaloSetup()
    runs = {spill.run for spill in spills}
    points = halo_points(spills, setup)
    gathered = B2Curve(setup, per_run=len(runs) <= 1)
    for point in points:
        gathered.add(point)
    curve = gathered.points()
    fits, refused = _fits(curve, setup)
    return HaloView(
        run=runs.pop() if len(runs) == 1 else None,
        reference_a=setup.halo.reference_current_a,
        working_a=setup.halo.working_current_a,
        points=points,
        curve=curve,
        fit=fits.get("muv3"),
        fits=fits,
        refused=refused,
        synthetic=any(spill.mode == "EMULATED" for spill in spills),
    )


def _fits(curve: Sequence[CurvePoint], setup: HaloSetup) -> tuple[dict[Stream, MinimumFit], dict[Stream, str]]:
    fits: dict[Stream, MinimumFit] = {}
    refused: dict[Stream, str] = {}
    for stream in STREAMS:
        try:
            fits[stream] = fit_minimum(curve, stream, setup)
        except FitError as error:
            refused[stream] = str(error)
    return fits, refused
