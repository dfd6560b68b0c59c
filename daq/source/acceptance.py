"""Geometric acceptances of the planes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from daq.geometry.planes import planes
from daq.source.particles import F64, Particles
from daq.source.propagation import PathCurve, positions

CHOD = "CHOD_tiles_centre"
Mask = NDArray[np.bool_]


def in_annulus(x: F64, y: F64, plane: str, centre_x_mm: float = 0.0) -> Mask:
    """Between the inner radius (round `centre_x_mm`) and the outer radius (round the axis) of a plane."""
    limits = planes()[plane]
    inner = (x - centre_x_mm) ** 2 + y**2 > limits.inner_mm**2
    result: Mask = inner & (x**2 + y**2 < limits.outer_mm**2)
    return result


def in_square(x: F64, y: F64, plane: str) -> Mask:
    """Outside the hole and inside the square of a plane."""
    limits = planes()[plane]
    inside = (np.abs(x) < limits.outer_mm) & (np.abs(y) < limits.outer_mm)
    result: Mask = inside & (x**2 + y**2 > limits.inner_mm**2)
    return result


def in_octagon(x: F64, y: F64) -> Mask:
    """Outside the hole and inside the octagon of the LKr."""
    result: Mask = in_square(x, y, "LKr_front") & (
        np.abs(x) + np.abs(y) < math.sqrt(2.0) * planes()["LKr_front"].outer_mm
    )
    return result


def in_triple_acceptance(particles: Particles, curve: PathCurve) -> Mask:
    """CHOD, LKr and MUV3: the acceptance of the published halo rate."""
    chod = in_annulus(*positions(particles, curve, planes()[CHOD].z_mm), CHOD)
    lkr = in_octagon(*positions(particles, curve, planes()["LKr_front"].z_mm))
    return chod & lkr & in_square(*positions(particles, curve, planes()["MUV3"].z_mm), "MUV3")
