"""What is published about the halo: the rates of a spill, a point of the curve against B2, the fitted minimum."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from monitor.spill import Public

Stream = Literal["muv3", "q1"]
"""Free-running scalers that see the halo: MUV3, and Q1_OR of the CHOD."""

STREAMS: tuple[Stream, ...] = ("muv3", "q1")

SCALER: dict[Stream, str] = {"muv3": "MUV3", "q1": "Q1_OR"}
"""Stream -> scaler in the beam block of the EOB record."""


class HaloPoint(Public):
    """Rates of one spill per 1e12 protons on target, corrected for the dead time of the scaler."""

    run: int
    burst: int
    b2_current_a: float | None
    """As read [A]."""
    b2_set_a: float | None
    """As announced [A]."""
    muv3: float | None
    muv3_error: float | None
    """Poisson, through the dead-time correction; the error of the protons is `pot_error_relative`, apart."""
    q1: float | None
    q1_error: float | None
    muv3_relative: float | None
    """Over the rate at the reference setting; None while that rate is not known."""
    q1_relative: float | None
    pot_error_relative: float = Field(ge=0)
    """Spill-to-spill error of the protons: the same factor for both streams of a spill, another one in each spill."""
    muv3_dead_fraction: float | None = None
    """Part of the true pulses that the scaler missed: what the correction put back."""
    q1_dead_fraction: float | None = None
    usable: bool
    """Whether the point may enter the curve."""
    reason: str | None
    """Why it may not; None when it may."""


class CurvePoint(Public):
    """Mean rate of a stream over the usable spills of one run at one setting of B2."""

    b2_a: float
    """Mean current as read [A]."""
    stream: Stream
    value: float
    """Per 1e12 protons on target."""
    error: float
    """Of the mean: statistics of the spills, made larger by the root of chi2/ndf where that is bad."""
    relative: float | None
    """Over the rate at the reference setting; None while that rate is not known."""
    n_spills: int = Field(ge=1)
    chi2: float = Field(ge=0)
    """Of the spills about their mean, n_spills - 1 degrees of freedom."""
    b2_set_a: float | None = None
    """Setting that the spills were announced with [A]; None where none was given, and the reading was taken."""
    scale: float = Field(1.0, ge=1)
    """Factor by which `error` was made larger."""
    relative_error: float | None = None
    run: int | None = None


class MinimumFit(Public):
    """Smooth curve through the points of one stream, and its minimum. Values per 1e12 POT, as the points."""

    stream: Stream
    minimum_a: float
    error_a: float
    """Statistical and model part in quadrature."""
    value: float
    curvature: float
    """Second derivative at the minimum [per A^2]."""
    chi2: float
    ndf: int
    model: str
    on_working_point: bool | None
    """Whether the working point sits on the minimum; None when this cannot be said."""
    working_point_a: float
    sentence: str
    points: list[tuple[float, float]]
    """(current [A], value) along the curve, for drawing."""
    error_stat_a: float = 0.0
    error_model_a: float = 0.0
    value_error: float | None = None
    flux_increase: float | None = None
    """Rate at the working point over the rate at the minimum, minus 1."""
    flux_increase_range: tuple[float, float] | None = None
    """The same with the minimum two errors nearer and further."""
    n_settings: int = 0
    n_left_out: int = 0
    """Settings furthest from the minimum that no model describes: left out of the fit."""
    scale: float = 1.0
    """Factor by which the errors were made larger because chi2 is bad."""
