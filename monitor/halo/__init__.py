"""Halo flux against the current of magnet B2: rates of spills, the curve, its minimum. Pure functions, no I/O.

`monitor.halo.regime` says whether B2 stands where it was set.
"""

from monitor.halo.curve import B2Curve, b2_curve
from monitor.halo.fit import FitError, fit_minimum
from monitor.halo.model import CurvePoint, HaloPoint, MinimumFit
from monitor.halo.points import halo_points
from monitor.halo.setup import HaloSetup
from monitor.halo.view import HaloView, halo_view

__all__ = [
    "B2Curve",
    "CurvePoint",
    "FitError",
    "HaloPoint",
    "HaloSetup",
    "HaloView",
    "MinimumFit",
    "b2_curve",
    "fit_minimum",
    "halo_points",
    "halo_view",
]
