"""Speed of the emulated detector, on one core: unbiased spills, two-track bursts, response to signal pairs.

Spills go through Level 0 and the event builder and are serialised into frames, as a source does it, without disk and
network. References: the real length of a spill; the same protons without thinning; a vectorised NumPy version of
the measurement of tracks, which must find as many tracks with the same resolution.
"""

from __future__ import annotations

import math
import resource
import sys
import time

import numpy as np

from daq.config import Config
from daq.config.detector import StrawResponse
from daq.errors import DumpwatchError
from daq.event_builder import EventBuilder, FrameCutter
from daq.frame import encode_frame
from daq.geometry.planes import STRAW_HOLE_CENTRE_X_MM, Z_REFERENCE_MM, planes
from daq.source.acceptance import in_annulus
from daq.source.emulator import Burst, EmulatedDetector
from daq.source.modes import RunMode
from daq.source.particles import F64, Particles
from daq.source.processes.births import respond_event
from daq.source.propagation import PathCurve, path_curve, positions
from daq.source.response.straw import CHAMBERS, straw_tracks
from daq.source.signal.injection import draw_injected
from daq.source.streams import Component, stream
from daq.units import ns_to_fine
from l0emu import L0Setup, new_burst, step

SAMPLE_POT = 1.4e17
SEED = 1


def bench_emulator(config: Config, spills: int, equivalent_pot: float = SAMPLE_POT) -> dict[str, object]:
    """Measure everything; processor time, so that other load on the machine stays out of the figures."""
    physics = (config.beam, config.detector, SEED, config.processes, config.signal)
    unbiased = EmulatedDetector(*physics)
    _spill(unbiased.burst(0), config)  # compiles every kernel
    times, n_events, n_bytes = zip(*(_spill(unbiased.burst(k), config) for k in range(1, spills + 1)), strict=True)
    thinned = EmulatedDetector(*physics, mode=RunMode.TWO_TRACK)
    per_burst = thinned.bias.equivalent_pot if thinned.bias else math.inf
    bursts = max(1, math.ceil(equivalent_pot / per_burst))
    _spill(thinned.burst(0), config)
    two_track = sum(_spill(thinned.burst(k), config)[0] for k in range(1, bursts + 1))
    same_unbiased = bursts * per_burst / config.beam.pot_per_spill * min(times)
    return {
        "spill_s": min(times),
        "spill_events": n_events[-1],
        "spill_mb": n_bytes[-1] / 1e6,
        "reference_spill_s": config.beam.spill_seconds,
        "times_true_time": config.beam.spill_seconds / min(times),
        "two_track_equivalent_pot": bursts * per_burst,
        "two_track_s": two_track,
        "reference_two_track_s": same_unbiased,
        "two_track_ratio": same_unbiased / two_track,
        **bench_signal(config),
        "peak_memory_mb": _peak_mb(),
    }


def bench_signal(config: Config, decays: int = 30_000, repeats: int = 5) -> dict[str, object]:
    """Decays per second through the response, and tracks per second beside NumPy; all muons of decays in the tank.

    Raises
    ------
    DumpwatchError
        The NumPy version finds other tracks.
    """
    curve = path_curve(config.detector.straw.kick_sign)
    rng = stream(SEED, 0, Component.SIGNAL)
    muons = draw_injected(rng, np.arange(decays, dtype=np.float64) * 1000.0, config.signal, curve)
    respond_s = tracks_s = numpy_s = math.inf
    for _ in range(repeats + 1):
        begin = time.process_time()
        for _block in respond_event(rng, muons, config.detector, curve):
            pass
        respond_s, begin = min(respond_s, time.process_time() - begin), time.process_time()
        block = straw_tracks(rng, muons, curve, config.detector.straw)
        tracks_s, begin = min(tracks_s, time.process_time() - begin), time.process_time()
        reference = numpy_tracks(rng, muons, curve, config.detector.straw)
        numpy_s = min(numpy_s, time.process_time() - begin)
    mean = float(block.fields["p"].astype(np.float64).mean()), float(np.mean(reference[4]))
    n = len(block.time), reference.shape[1]
    if abs(n[0] - n[1]) > 6.0 * math.sqrt(n[0]) or abs(mean[0] / mean[1] - 1.0) > 0.02:
        msg = (
            f"bench emulator: {n[0]} tracks of mean {mean[0]:.2f} GeV, NumPy has {n[1]} of {mean[1]:.2f}; one is wrong"
        )
        raise DumpwatchError(msg)
    return {
        "signal_decays_per_s": decays / respond_s,
        "tracks_per_s": n[0] / tracks_s,
        "reference_numpy_tracks_per_s": n[1] / numpy_s,
        "tracks_ratio": (n[0] / tracks_s) / (n[1] / numpy_s),
    }


def numpy_tracks(rng: np.random.Generator, particles: Particles, curve: PathCurve, straw: StrawResponse) -> F64:
    """`straw_tracks` written with whole arrays: rows x, y, tx, ty, p, chi2 of the tracks."""
    p = particles
    chambers = np.zeros(len(p), int)
    for name, centre in zip(CHAMBERS, STRAW_HOLE_CENTRE_X_MM, strict=True):
        chambers += in_annulus(*positions(p, curve, planes()[name].z_mm), name, centre)
    x, y = positions(p, curve, planes()["ANTI0"].z_mm)
    seen = (chambers >= 3) & (p.charge != 0) & ~(x * x + y * y > straw.tank_radius_mm**2)
    rows = np.flatnonzero(seen & (rng.random(len(p)) < straw.efficiency * p.quality))
    n, momentum = len(rows), p.p[rows]
    sigma = np.sqrt(straw.slope_rad**2 + (straw.slope_rad_gev / momentum) ** 2)
    sigma = np.where(rng.random(n) < straw.tail_fraction, sigma * straw.tail_factor, sigma)
    error_tx, error_ty = sigma * rng.standard_normal(n), sigma * rng.standard_normal(n)
    lever = planes()["STRAW1"].z_mm - Z_REFERENCE_MM
    sigma_p = np.sqrt(straw.momentum_constant**2 + (straw.momentum_linear * momentum) ** 2)
    return np.stack(
        (
            p.x[rows] + straw.position_mm * rng.standard_normal(n) - lever * error_tx,
            p.y[rows] + straw.position_mm * rng.standard_normal(n) - lever * error_ty,
            p.tx[rows] + error_tx,
            p.ty[rows] + error_ty,
            momentum * np.maximum(0.01, 1.0 + sigma_p * rng.standard_normal(n)),
            rng.chisquare(8.0, n),
        )
    )


def _spill(burst: Burst, config: Config) -> tuple[float, int, int]:
    """Processor time [s], events and bytes of one burst, hits to frames."""
    begin = time.process_time()
    setup = L0Setup.from_config(config.l0)
    state, builder = new_burst(setup), EventBuilder(ns_to_fine(config.detector.readout_window_ns))
    cutter = FrameCutter(config.streaming.frame_events)
    n_events = n_bytes = 0
    for batch in burst.slices():
        triggers = step(state, batch, setup)
        for frame in cutter.add(builder.add(batch, triggers.time, triggers.flags, triggers.trigger_type)):
            n_events, n_bytes = n_events + frame.n_events, n_bytes + encode_frame(frame).size
    for frame in cutter.finish():
        n_events, n_bytes = n_events + frame.n_events, n_bytes + encode_frame(frame).size
    return time.process_time() - begin, n_events, n_bytes


def _peak_mb() -> float:
    """Largest resident size of this process so far; the kernel counts in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
