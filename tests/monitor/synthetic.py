"""Spills made of random numbers, with the books balanced: for tests of what comes after closure."""

from __future__ import annotations

import numpy as np

from daq.records import BeamRecord, EobRecord, MaskCounts, SobRecord
from monitor.spill import Spill, close_spill
from streaming.tally import CHANNELS, COUNTS, HISTOGRAMS, OPEN_REGIONS, Tally

DIGEST = "0" * 64
START_NS = 1_760_000_000_000_000_000


def make_tally(n_events: int, seed: int, fill: bool = True) -> Tally:
    """Public counts that could be those of `n_events` events."""
    rng = np.random.default_rng(seed)
    tally = Tally.zero()
    selected = n_events // 9
    values = dict(events=n_events, tracks=n_events // 2, two_track=n_events // 5, vertices=n_events // 6)
    values |= dict(selected=selected, not_selected=n_events - selected)
    for name, value in values.items():
        tally.counts[COUNTS.index(name)] = value
    tally.candidates[:] = rng.poisson(3.0, (len(CHANNELS), len(OPEN_REGIONS)))
    tally.candidates[:, OPEN_REGIONS.index("INSIDE")] = 0  # sealed
    if fill:
        _fill_histograms(tally, rng, n_events)
    return tally


def _fill_histograms(tally: Tally, rng: np.random.Generator, n_events: int) -> None:
    samples = {
        "time_profile": rng.beta(1.2, 1.1, n_events) * 4.8,
        "momentum": rng.gamma(3.0, 16.0, n_events // 2),
        "z_vtx": rng.uniform(103, 180, n_events // 6),
        "delta_t": rng.normal(0, 1.1, n_events // 6),
    }
    for name, values in samples.items():
        axis = HISTOGRAMS[name][0]
        tally.histograms[name][1:-1] = np.histogram(values, axis.bins, (axis.low, axis.high))[0]
    tally.histograms["chod_tiles"][1:-1] = rng.poisson(n_events / 150, 152)
    z, cda = rng.normal(10, 60, n_events // 20), rng.gamma(2.0, 180.0, n_events // 20)
    seen = (z < -12) | (z > 58) | (cda > 180)
    first, second = HISTOGRAMS["ztax_cda"]
    spans = ((first.low, first.high), (second.low, second.high))
    counts = np.histogram2d(z[seen], cda[seen], (first.bins, second.bins), spans)[0]
    tally.histograms["ztax_cda"][1:-1, 1:-1] = counts


def make_records(
    run: int = 9001,
    burst: int = 1,
    n_events: int = 36_000,
    n_frames: int = 3,
    t10: float | None = 50.0,
    b2: float | None = -250.0,
    mode: str = "EMULATED",
    end: str = "NORMAL",
    start_ns: int = START_NS,
    halo: float = 1.0,
) -> tuple[SobRecord, EobRecord]:
    """SOB and EOB of one burst."""
    sob = SobRecord(
        run=run,
        burst=burst,
        sob_time_ns=start_ns + burst * 14_400_000_000,
        mode=mode,
        config_digest=DIGEST,
        mask_digest=DIGEST,
    )
    q1 = n_events * 16
    scalers = {"MUV3": round(3.1e6 * halo), "Q1_OR": round(4.4e6 * halo), "QX": 1200, "NHOD": 5_000_000}
    beam = BeamRecord(
        t10_intensity=t10,
        t10_stamp_ns=sob.sob_time_ns,
        b1c_current_a=-770.0,
        b2_current_a=b2,
        magnet_stamp_ns=sob.sob_time_ns,
        scalers=scalers,
    )
    masks = {
        "Q1": MaskCounts(generated=q1, sent=q1 // 20, downscaling=20),
        "H2": MaskCounts(generated=n_events // 6, sent=n_events // 6, downscaling=1),
        "LKR": MaskCounts(generated=n_events // 30, sent=n_events // 30, downscaling=1),
    }
    eob = EobRecord(
        run=run,
        burst=burst,
        end=end,
        n_frames=n_frames,
        n_events=n_events,
        frames_digest="f" * 64,
        beam=None if end == "TORN" else beam,
        masks=masks,
        primitives={"CHOD": 1_000_000},
        n_choked=0,
        dead_ticks=1_000_000,
        spill_ticks=192_376_600,
    )
    return sob, eob


def make_spill(
    run: int = 9001,
    burst: int = 1,
    n_events: int = 36_000,
    missing: tuple[tuple[int, int, str], ...] = (),
    n_lost: int = 0,
    fill: bool = False,
    seed: int | None = None,
    content_digest: str = "c" * 64,
    **records: object,
) -> tuple[Spill, Tally]:
    """One spill and its tally; `n_lost` events are in the missing frames."""
    sob, eob = make_records(run=run, burst=burst, n_events=n_events, **records)
    tally = make_tally(n_events - n_lost, burst if seed is None else seed, fill)
    return close_spill(sob, eob, tally, n_events - n_lost, missing, content_digest, b2_set_a=-250.0), tally
