"""The canonical rejected event, and a frame with it in place of every stripped event.

A stripped event keeps its header and its size class (one track at most, or several); its tracks are replaced by two
that say nothing, and everything else of it goes. The gate strips such an event again, so a recording without the
stripped payloads gives the same public numbers as one with them, and a masked event in it looks like every other
rejected one (decision 14).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.frame import EventFrame, Jagged
from daq.model import DETECTORS
from streaming.reco.arrays import Flags

SEVERAL = 2
"""An event with so many tracks is of the class `several`, which is public; one with fewer cannot be masked."""


def is_several(frame: EventFrame) -> Flags:
    """Size class of each event: True for `SEVERAL` tracks or more."""
    several: Flags = np.diff(frame.detectors["straw"].offsets) >= SEVERAL
    return several


def strip_frame(frame: EventFrame, stripped: Flags) -> EventFrame:
    """Copy a frame with the canonical rejected event in place of every stripped one.

    Parameters
    ----------
    stripped : bool (n_events,)

    Returns
    -------
    EventFrame
        The same headers; events that are not stripped are the same bit by bit.
    """
    lists = {name: _without(frame.detectors[name], stripped) for name in DETECTORS if name != "straw"}
    lists["straw"] = _blank_tracks(frame.detectors["straw"], stripped, is_several(frame))
    return EventFrame(dict(frame.header), {name: lists[name] for name in DETECTORS})


def _without(part: Jagged, stripped: Flags) -> Jagged:
    sizes = np.where(stripped, 0, np.diff(part.offsets))
    kept = np.repeat(~stripped, np.diff(part.offsets))
    rows = part.offsets[0] + np.flatnonzero(kept)
    return Jagged(_offsets(sizes), {name: values[rows] for name, values in part.fields.items()})


def _blank_tracks(part: Jagged, stripped: Flags, several: Flags) -> Jagged:
    before = np.diff(part.offsets)
    after = np.where(stripped, np.where(several, SEVERAL, 0), before)
    offsets = _offsets(after)
    real = np.repeat(~stripped, after)
    rows = part.offsets[0] + np.flatnonzero(np.repeat(~stripped, before))
    fields = {}
    for name, values in part.fields.items():
        nothing = np.nan if np.issubdtype(values.dtype, np.floating) else 0
        fields[name] = np.full(int(offsets[-1]), nothing, values.dtype)
        fields[name][real] = values[rows]
    return Jagged(offsets, fields)


def _offsets(sizes: NDArray[np.generic]) -> NDArray[np.int32]:
    offsets = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return offsets
