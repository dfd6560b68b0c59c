"""The gate: the one way out of the reconstruction.

What leaves is a `Tally`, which has no room for anything masked, and a `Masked`, which nobody can read.

An event with several tracks is kept only when it is proven visible and has exactly one vertex. Every other one is
stripped: it is counted by its header, as one with several tracks, and as not selected; none of its tracks, hits or
histogram entries is. A masked event is folded in among these, never subtracted: nothing public separates the masked
ones from the ordinary rejected ones (decision 14).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from daq.frame import EventFrame
from daq.geometry.chod import chod_geometry
from daq.geometry.muv3 import SECOND_PMT, muv3_geometry
from daq.jit import inline_kernel, kernel
from daq.units import FINE_NS, FINE_PER_TICK
from streaming.event_bytes import pack_event
from streaming.masked import SHAPE, SLOTS, Masked, fill_slot, fits_slot
from streaming.reco.arrays import F64, I16, I32, I64, Column, Flags
from streaming.reco.channels import sealed_rows
from streaming.reject import is_several
from streaming.tally import COUNTS, HISTOGRAMS, OPEN_REGIONS, Tally

AXES = np.array([(axis.low, axis.high, axis.bins) for axes in HISTOGRAMS.values() for axis in axes])
"""Low edge, high edge and bins of every axis, in the order of `HISTOGRAMS`; those of pairs are the last four."""

IN_SIGNAL_PLANE = OPEN_REGIONS.index("INSIDE")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Findings:
    """What was found in the events with several tracks; never leaves the gate.

    events : int64 (m,)              rows of the frame
    stripped : bool (n_events,)      events with several tracks that are masked or have not exactly one vertex
    channel : int64 (m,)
    inside, side : int64 (m,)        as in `regions.classify`
    values : float64 (m, 4)          Z of the vertex [m], Delta T [ns], Z_TAX [m], CDA_TAX [mm] of the only vertex
    """

    events: I64
    stripped: Flags
    channel: I64
    inside: I64
    side: I64
    values: F64


def publish(frame: EventFrame, findings: Findings) -> tuple[Tally, Masked]:
    """Count a frame: kept events in full, stripped ones by their header only."""
    tally, masked, stripped = Tally.zero(), np.zeros(SHAPE, np.int64), findings.stripped
    fill = tally.histograms
    header, straw, chod, muv3 = frame.header, *(frame.detectors[name] for name in ("straw", "chod", "muv3"))
    seconds = FINE_NS * 1e-9
    _count_headers(header["timestamp"], header["fine_time"], FINE_PER_TICK, seconds, AXES[0], fill["time_profile"])
    _fill_tracks(stripped, straw.offsets, straw.fields["p"], AXES[1], fill["momentum"])
    _fill_hits(stripped, chod.offsets, chod.fields["id"], _chod_bins(), fill["chod_tiles"])
    _fill_hits(stripped, muv3.offsets, muv3.fields["id"], _muv3_bins(), fill["muv3_tiles"])
    found = (findings.events, stripped, findings.channel, findings.inside, findings.side, findings.values)
    pair_histograms = (fill["z_vtx"], fill["delta_t"], fill["ztax_cda"])
    vertices, selected = _count_pairs(
        *found, AXES[4:], IN_SIGNAL_PLANE, sealed_rows(), tally.candidates, *pair_histograms, masked
    )
    counts = {
        "events": frame.n_events,
        "tracks": int(fill["momentum"].sum()),
        "two_track": int(np.count_nonzero(is_several(frame))),
        "vertices": vertices,
        "selected": selected,
        "not_selected": frame.n_events - selected,
    }
    tally.counts[:] = [counts[name] for name in COUNTS]
    return tally, Masked(masked, _masked_events(frame, findings))


def _masked_events(frame: EventFrame, findings: Findings) -> list[bytes]:
    """Slots of the first masked candidates of a frame.

    The same work is done in every frame, also in one without any: a frame must not take longer for what it hides.
    """
    channel = findings.channel
    hidden = findings.stripped[findings.events] & (channel >= 0) & (findings.inside >= 0)
    candidates = np.flatnonzero(hidden & (sealed_rows()[channel] >= 0))
    if frame.n_events == 0:
        return []
    slots = []
    for i in range(SLOTS):
        real = i < len(candidates)
        e = int(candidates[i]) if real else 0
        event = pack_event(frame, int(findings.events[e]) if real else 0)
        place = (int(sealed_rows()[channel[e]]), int(findings.inside[e])) if real else (0, 0)
        slot = fill_slot(event, *place)
        if real and fits_slot(event):
            slots.append(slot)
    return slots


@lru_cache(maxsize=1)
def _chod_bins() -> I16:
    """Histogram bin of every 16-bit number as a CHOD channel; what is no channel goes to the overflow."""
    bins = np.full(1 << 16, HISTOGRAMS["chod_tiles"][0].bins + 1, np.int16)
    dense = chod_geometry().index_of_channel
    exists = np.flatnonzero(dense >= 0)
    bins[exists] = dense[exists] // 2 + 1
    return bins


@lru_cache(maxsize=1)
def _muv3_bins() -> I16:
    """Likewise for MUV3."""
    bins = np.full(1 << 16, HISTOGRAMS["muv3_tiles"][0].bins + 1, np.int16)
    tiles = np.flatnonzero(muv3_geometry().exists)
    bins[tiles] = bins[tiles + SECOND_PMT] = tiles + 1
    return bins


@inline_kernel
def _bin(value: float, low: float, high: float, bins: float) -> int:
    """Bin with flow bins: 0 below, bins + 1 above and for NaN."""
    if value < low:
        return 0
    if value < high:
        return min(int((value - low) * (bins / (high - low))), int(bins) - 1) + 1
    return int(bins) + 1


@kernel
def _count_headers(
    timestamp: Column, fine_time: Column, fine_per_tick: int, second: float, axis: F64, out: I64
) -> None:
    """Fill the time profile, for all events."""
    for i in range(timestamp.shape[0]):
        fine = np.int64(timestamp[i]) * fine_per_tick + np.int64(fine_time[i])
        out[_bin(fine * second, axis[0], axis[1], axis[2])] += 1


@kernel
def _fill_tracks(stripped: Flags, offsets: I32, momentum: Column, axis: F64, out: I64) -> None:
    """Fill the momentum of the tracks of kept events."""
    for i in range(stripped.shape[0]):
        if not stripped[i]:
            for t in range(offsets[i], offsets[i + 1]):
                out[_bin(np.float64(momentum[t]), axis[0], axis[1], axis[2])] += 1


@kernel
def _fill_hits(stripped: Flags, offsets: I32, channel: Column, bins: I16, out: I64) -> None:
    """Fill the tiles of the hits of kept events."""
    for i in range(stripped.shape[0]):
        if not stripped[i]:
            for h in range(offsets[i], offsets[i + 1]):
                out[bins[channel[h]]] += 1


@kernel
def _count_pairs(
    events: I64, stripped: Flags, channel: I64, inside: I64, side: I64, values: F64, axes: F64, in_plane: int,
    sealed: I64, candidates: I64, z_vtx: I64, delta_t: I64, ztax_cda: I64, masked: I64,
) -> tuple[int, int]:  # fmt: skip
    """Fold the events with several tracks; returns how many have one vertex and are kept, how many are candidates."""
    n_vertex, n_selected = 0, 0
    for e in range(events.shape[0]):
        if stripped[events[e]]:
            if channel[e] >= 0 and inside[e] >= 0 and sealed[channel[e]] >= 0:
                masked[sealed[channel[e]], inside[e]] += 1
            continue
        n_vertex += 1
        z_vtx[_bin(values[e, 0], axes[0, 0], axes[0, 1], axes[0, 2])] += 1
        delta_t[_bin(values[e, 1], axes[1, 0], axes[1, 1], axes[1, 2])] += 1
        i = _bin(values[e, 2], axes[2, 0], axes[2, 1], axes[2, 2])
        ztax_cda[i, _bin(values[e, 3], axes[3, 0], axes[3, 1], axes[3, 2])] += 1
        if channel[e] >= 0:
            n_selected += 1
            opened = inside[e] == 0 or inside[e] == 1
            candidates[channel[e], in_plane if opened else side[e]] += 1
    return n_vertex, n_selected
