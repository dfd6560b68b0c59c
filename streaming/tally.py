"""What is counted in public, and how counts are added: integers only, so that any order gives the same sum.

A masked event enters a tally exactly as an ordinary rejected event does: by its header (events, time profile,
trigger flags) and as `not_selected`. Nothing of its content is counted. No two numbers here partition the
selected sample into visible and masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

CHANNELS = (
    "mumu_os", "mumu_pp", "mumu_mm", "emu_os", "emu_ss", "ee_os", "ee_ss", "pipi_os", "pipi_ss", "mupi_os", "mupi_ss",
    "pipi_gamma", "pipi_pi0", "pipi_2pi0", "pipi_eta", "kk", "kk_pi0", "lav_inverted", "anti0_inverted", "upstream",
)  # fmt: skip
"""Final states and side samples counted in the open regions; later ones are appended here."""

OPEN_REGIONS = ("OCR1", "OCR2", "OCR3", "OUTSIDE", "INSIDE")
"""Side regions, named CR1-3 in CERN-EP-2023-032 and OCR1-3 in the talks, and everything further out. INSIDE holds
same-sign and e mu pairs within SR or CR when `gate.open_same_sign` is set; otherwise it is zero by construction."""

COUNTS = ("events", "tracks", "two_track", "vertices", "selected", "not_selected")
"""events = selected + not_selected. two_track: all events with several tracks, masked or not; tracks and vertices are
those of events that are kept (decision 14)."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A fixed axis: never taken from data."""

    bins: int
    low: float
    high: float
    label: str
    """Quantity and unit, for plots."""


HISTOGRAMS: dict[str, tuple[Axis, ...]] = {
    "time_profile": (Axis(120, 0.0, 6.0, "time since SOB [s]"),),
    "momentum": (Axis(60, 0.0, 240.0, "track momentum [GeV/c]"),),
    "chod_tiles": (Axis(152, 0.0, 152.0, "CHOD tile (dense index)"),),
    "muv3_tiles": (Axis(152, 0.0, 152.0, "MUV3 tile"),),
    "z_vtx": (Axis(85, 100.0, 185.0, "vertex Z [m]"),),
    "delta_t": (Axis(60, -6.0, 6.0, "time difference of the two tracks [ns]"),),
    "ztax_cda": (Axis(50, -100.0, 150.0, "Z_TAX [m]"), Axis(40, 0.0, 1000.0, "CDA_TAX [mm]")),
}
"""Histograms of a spill, with under- and overflow bins on every axis."""


def histogram_shape(name: str) -> tuple[int, ...]:
    """Shape of a histogram with its flow bins."""
    return tuple(axis.bins + 2 for axis in HISTOGRAMS[name])


@dataclass(frozen=True, slots=True)
class Tally:
    """Public counts of a frame, or of any number of frames.

    counts : int64 (len(COUNTS),)
    candidates : int64 (len(CHANNELS), len(OPEN_REGIONS))
    histograms : name -> int64, shape `histogram_shape(name)`
    """

    counts: NDArray[np.int64]
    candidates: NDArray[np.int64]
    histograms: dict[str, NDArray[np.int64]]

    @classmethod
    def zero(cls) -> Self:
        """Build a tally of nothing."""
        return cls.unpack(bytes(8 * _n_words()))

    def add(self, other: Tally) -> None:
        """Add another tally to this one, in place."""
        self.counts[:] += other.counts
        self.candidates[:] += other.candidates
        for name, values in self.histograms.items():
            values[...] += other.histograms[name]

    def without_pairs(self) -> Tally:
        """Copy in which nothing is counted of what events with several tracks hold, but their number.

        Tracks, momentum and tiles keep what they have of visible pairs: the sums do not say which entries these are.
        """
        new = Tally.unpack(self.pack())
        new.candidates[:] = 0
        for name in ("z_vtx", "delta_t", "ztax_cda"):
            new.histograms[name][...] = 0
        values = {"vertices": 0, "selected": 0, "not_selected": self.count("events")}
        for name, value in values.items():
            new.counts[COUNTS.index(name)] = value
        return new

    def count(self, name: str) -> int:
        """One of `COUNTS`."""
        return int(self.counts[COUNTS.index(name)])

    def pack(self) -> bytes:
        """Little-endian int64 words; the size is the same for every tally."""
        blocks = [self.counts, self.candidates, *(self.histograms[name] for name in HISTOGRAMS)]
        return b"".join(np.ascontiguousarray(block, "<i8").tobytes() for block in blocks)

    @classmethod
    def unpack(cls, data: bytes | memoryview) -> Self:
        """Inverse of `pack`; the arrays are fresh and writable."""
        words = np.frombuffer(data, "<i8").astype(np.int64)
        if len(words) != _n_words():
            msg = f"tally: {len(words)} words, wanted {_n_words()}; peers run different versions"
            raise ValueError(msg)
        shapes = [(len(COUNTS),), (len(CHANNELS), len(OPEN_REGIONS)), *(histogram_shape(n) for n in HISTOGRAMS)]
        edges = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        parts = [words[a:b].reshape(s) for a, b, s in zip(edges[:-1], edges[1:], shapes, strict=True)]
        return cls(parts[0], parts[1], dict(zip(HISTOGRAMS, parts[2:], strict=True)))


def _n_words() -> int:
    histograms = sum(int(np.prod(histogram_shape(name))) for name in HISTOGRAMS)
    return len(COUNTS) + len(CHANNELS) * len(OPEN_REGIONS) + histograms
