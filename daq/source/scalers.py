"""Free-running scalers: pulses counted through the whole burst, whatever the trigger does.

A scaler counts rising edges of the OR of its inputs. An input gives a pulse of one gate width; a hit that comes
while the OR is still up makes it longer and is not counted. QX needs hits in diagonally opposite quadrants
inside one gate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.geometry.chod import TILES_PER_QUADRANT, chod_geometry
from daq.hits import HitBatch
from daq.jit import kernel
from daq.model import Sav

LONG_AGO = -(1 << 60)

OR_SCALERS = {
    "Q1_OR": "chod",
    "MUV3": "muv3",
    "NHOD": "na48chod",
    "MUV1_OR_MUV2": "muv12",
    "LAV": "lav",
    "ANTI0": "anti0",
}
"""Scaler -> detector whose hits are ORed. Names: NA62 beam block at EOB; LAV and ANTI0 are counted the same way here,
which no publication says."""


class Scalers:
    """Counts of one burst; takes the slices in order."""

    def __init__(self, gate_fine: int) -> None:
        self._gate = gate_fine
        self._counts = dict.fromkeys((*OR_SCALERS, "QX", "IRC"), 0)
        self._last = {name: np.full(1, LONG_AGO) for name in (*OR_SCALERS, "IRC")}
        self._quadrants = np.full(4, LONG_AGO)
        self._cross = np.full(1, LONG_AGO)

    def add(self, batch: HitBatch) -> None:
        """Count one slice."""
        for name, detector in OR_SCALERS.items():
            self._counts[name] += _edges(batch.blocks[detector].time, self._gate, self._last[name])
        sav = batch.blocks["sav"]
        irc = sav.time[sav.fields["detector"] == Sav.IRC]
        self._counts["IRC"] += _edges(irc, self._gate, self._last["IRC"])
        chod = batch.blocks["chod"]
        dense = chod_geometry().index_of_channel[chod.fields["id"].astype(np.int64)]
        quadrant = dense // (2 * TILES_PER_QUADRANT)
        self._counts["QX"] += _crossings(chod.time, quadrant, self._gate, self._quadrants, self._cross)

    def counts(self) -> dict[str, int]:
        """Give the counts so far, by scaler."""
        return dict(self._counts)


@kernel
def _edges(time: NDArray[np.int64], gate: int, last: NDArray[np.int64]) -> int:
    n = 0
    for i in range(len(time)):
        if time[i] - last[0] > gate:
            n += 1
        last[0] = time[i]
    return n


@kernel
def _crossings(
    time: NDArray[np.int64],
    quadrant: NDArray[np.int16],
    gate: int,
    last: NDArray[np.int64],
    cross: NDArray[np.int64],
) -> int:
    n = 0
    for i in range(len(time)):
        last[quadrant[i]] = time[i]
        if time[i] - last[(quadrant[i] + 2) % 4] <= gate:
            if time[i] - cross[0] > gate:
                n += 1
            cross[0] = time[i]
    return n
