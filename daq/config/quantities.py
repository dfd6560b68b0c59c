"""Ranges of physical quantities. A number outside its range is a mistake, whatever key it stands in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Position = Annotated[float, Field(ge=-3.0e5, le=3.0e5)]
"""Coordinate [mm]; the hall ends before 300 m."""

Width = Annotated[float, Field(ge=0, le=1.0e4)]
"""Spread of a position, radius [mm]."""

Slope = Annotated[float, Field(ge=-0.5, le=0.5)]
"""Slope of a particle against Z [rad]: small angles are assumed everywhere."""

SlopeSpread = Annotated[float, Field(ge=0, le=0.5)]
Momentum = Annotated[float, Field(gt=0, le=400.0)]
"""Momentum or energy [GeV]; the beam has 400."""

MomentumSpread = Annotated[float, Field(ge=0, le=400.0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Shape = Annotated[float, Field(ge=1e-3, le=1.0e10)]
"""Shape of a Beta distribution; below, all its probability is at the edges."""


def check_order(name: str, pair: tuple[float, float]) -> None:
    """Refuse a range whose ends are exchanged or equal.

    Raises
    ------
    ValueError
    """
    if not pair[0] < pair[1]:
        msg = f"{name}: wanted low < high, got {pair}; exchange or change them"
        raise ValueError(msg)
