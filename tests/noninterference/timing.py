"""Does a burst take longer for what it hides? Reported, never a gate: python -m tests.noninterference.timing

Each pair is one burst with masked candidates in it and the same burst with rejected events in their place. What is
timed is what happens for a burst between its frames and its row: analysis of the frames in the worker, adding up,
sealing with the real library. Which of the two comes first is drawn. The two-sided KS test looks at the two
distributions of times, and the medians are compared.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import stats

from daq.frame import decode_frame, encode_frame
from monitor.sealed.seal import Link, SpillSealer
from monitor.spill import Spill
from streaming.masked import Masked
from streaming.tally import Tally
from tests.monitor.synthetic import make_spill
from tests.noninterference.contents import content
from tests.noninterference.place import Keys
from tests.noninterference.streams import header_of
from tests.strategies import make_frame

EVENTS, ORDINARY = 600, 12
"""Events of a frame, and ordinary rejected ones among them, whose payload is as that of masked ones."""

BLOCK = 50
"""Pairs between two collections of garbage."""

CLOCKS = {"cpu": time.thread_time_ns, "wall": time.perf_counter_ns}


class Chain:
    """What happens for a burst of one frame, without disk and wire."""

    def __init__(self, keys: Keys, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._reconstruction = keys.reconstruction
        self._sealer = SpillSealer.load(keys.public)
        self._spill: Spill = make_spill()[0]

    def take(self, payload: bytes) -> tuple[int, int]:
        """Time of the analysis and of the sealing [ns]."""
        begin = self._clock()
        result = self._reconstruction.analyse(decode_frame(payload))
        tally, masked = Tally.zero(), Masked.zero()
        tally.add(result.tally)
        masked.add(result.masked)
        counted = self._clock()
        self._sealer.seal(self._spill, 0, masked, Link(0, bytes(32)), 1)
        return counted - begin, self._clock() - counted


def payload(n_masked: int, seed: int) -> bytes:
    """One frame of visible events, ordinary rejected ones, and `n_masked` masked ones, or rejected in their place."""
    slots = [("shown", seed % 97 + i) if i % 7 else ("single", i) for i in range(EVENTS)]
    for i in range(ORDINARY):
        slots[i * 40 + 3] = ("rejected", i)
    slots[EVENTS // 2] = ("candidate", seed % 251) if n_masked else ("rejected", seed % 251)
    events = [content(*slot) | header_of(number, number) for number, slot in enumerate(slots)]
    return encode_frame(make_frame(events)).to_pybytes()


def measure(chain: Chain, pairs: int, seed: int) -> np.ndarray:
    """Times [ns] of shape (pairs, 2, 2): without and with a masked candidate; analysis and sealing."""
    r = random.Random(seed)
    frames = [(payload(0, i), payload(1, i)) for i in range(20)]
    out = np.zeros((pairs, 2, 2))
    for pair in range(pairs):
        if pair % BLOCK == 0:
            gc.collect()
        gc.disable()
        for which in r.sample((0, 1), 2):
            out[pair, which] = chain.take(frames[pair % len(frames)][which])
        gc.enable()
    return out


def report(name: str, times: np.ndarray) -> str:
    """KS test and difference of the medians."""
    without, within = times[:, 0], times[:, 1]
    test = stats.ks_2samp(without, within)
    delta = (np.median(within) - np.median(without)) / np.median(without)
    error = 1.2533 * np.hypot(*(np.std(t) / len(t) ** 0.5 for t in (without, within))) / np.median(without)
    bound = "below" if abs(delta) < 0.01 else "NOT below"
    return (
        f"{name:9} {np.median(without) / 1e6:.3f} ms and {np.median(within) / 1e6:.3f} ms: medians differ by "
        f"{100 * delta:+.2f} % (+-{100 * error:.2f}), {bound} 1 %; KS {test.statistic:.4f}, p {test.pvalue:.3g}\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="of this thread, or on the wall")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        chain = Chain(Keys(Path(folder)), CLOCKS[asked.clock])
        measure(chain, 100, 0)
        times = measure(chain, asked.pairs, asked.seed)
    sys.stdout.write(f"{asked.pairs} pairs of bursts of {EVENTS} events, without and with one masked candidate; ")
    sys.stdout.write(f"clock: {asked.clock}\n")
    for name, part in (("analysis", times[:, :, 0]), ("sealing", times[:, :, 1]), ("burst", times.sum(axis=2))):
        sys.stdout.write(report(name, part))
    return 0


if __name__ == "__main__":
    sys.exit(main())
