"""CL_s of a combination at every point of a grid, as an exclusion strength for contours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daq.errors import DataError
from offline.statistics.background import Background
from offline.statistics.channels import Channel
from offline.statistics.checks import F64, fraction, means
from offline.statistics.combination import combined_cls
from offline.statistics.grid import DECADES, Plane
from offline.statistics.limits import CONFIDENCE, POT
from offline.statistics.nuisance import Nuisance


@dataclass(frozen=True, slots=True)
class GridChannel:
    """One signal region with its yields, all modes added, at each point of a plane [events], (masses, couplings)."""

    name: str
    n_obs: int
    background: Background
    signal: F64


def grid_cls(plane: Plane, channels: Sequence[GridChannel], pot: Nuisance = POT) -> F64:
    """CL_s at nominal strength, shape (masses, couplings). 100 x 100 points of two channels take 3 s."""
    for channel in channels:
        if means(f"signal of {channel.name}", channel.signal).shape != plane.shape:
            msg = f"statistics: signal of {channel.name} has not the shape (masses, couplings) = {plane.shape}"
            raise DataError(msg)
    values = np.empty(plane.shape)
    for point in np.ndindex(plane.shape):
        here = [Channel(c.name, c.n_obs, c.background, {"all": float(c.signal[point])}) for c in channels]
        values[point] = combined_cls(here, 1.0, pot)
    return values


def strength_of_cls(cls: F64, cl: float = CONFIDENCE) -> F64:
    """log10 of ln(CL_s) / ln(1 - CL), clipped: what `contour.exclusion` takes, excluded where >= 0.

    For nothing seen and a known scale it is log10(N_exp / 2.30), so curves of one channel are the same both ways.
    """
    values = means("CL_s", cls)
    if (values > 1.0).any():
        msg = f"statistics: a CL_s is {values.max():g}; wanted 0 to 1"
        raise DataError(msg)
    with np.errstate(divide="ignore"):
        ratio = np.log(values) / np.log1p(-fraction("confidence level", cl))
        return np.asarray(np.clip(np.log10(ratio), -DECADES, DECADES))
