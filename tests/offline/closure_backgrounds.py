"""Closure of the overlay: predicted against counted pairs of emulated samples of 1.4e17 POT, in every open region.

    python -m tests.offline.closure_backgrounds --seeds 20

The single muons of some spills of beam predict; each seed is another sample of two-track bursts. For each the chi2 over
12 cells, three charges by four places that do not overlap, is turned into a probability with toys, since most cells
hold a few pairs. The scale is common to all cells: free within the 15 % of the publication, or within the statistical
error of the weight alone, which is the harder test that only an emulator allows.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from offline.backgrounds.combinatorial import CHARGES, combinatorial, make_overlay
from offline.backgrounds.observed import open_counts
from offline.minirecords.read import Records
from tests.offline.emulated_records import SAMPLE_BURSTS, beam_records, two_track_records

PLACES = ("beyond", "OCR3", "OCR2", "OCR1")
TOYS = 20_000
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Predicted:
    """Expected pairs of the 12 cells, their own errors, and the statistical error of the common scale."""

    mean: F64
    error: F64
    scale_error: float


def predict(beam: Records, config: Config, seed: int, search: Records | None = None) -> Predicted:
    """Predict the cells from single muons."""
    overlay = make_overlay(beam, config, seed, search)
    rows = {(row.channel, row.region): row for row in combinatorial(overlay, config, SAMPLE_POT)}
    mean, error, scale = [], [], overlay.weight.relative_error
    for channel in CHARGES:
        for place in PLACES:
            row = rows[channel, "OUTSIDE" if place == "beyond" else place]
            value = row.open_value - (rows[channel, "OCR123"].open_value if place == "beyond" else 0.0)
            mean.append(value)
            # what the scale has is not an error of the cell
            error.append(math.sqrt(max(row.stat**2 - (row.value * scale) ** 2, (1e-3 * value) ** 2)))
    return Predicted(np.array(mean), np.array(error), scale)


def cells_of(search: Records) -> NDArray[np.int64]:
    """Count the cells."""
    counts = open_counts(search)
    return np.array(
        [
            counts[channel, "OUTSIDE"] - counts[channel, "OCR123"] if place == "beyond" else counts[channel, place]
            for channel in CHARGES
            for place in PLACES
        ]
    )


def chi2(n: F64, mean: F64, scale_error: float) -> F64:
    """Likelihood ratio of Poisson counts, the common scale fitted within its error; over the last axis."""
    # the best scale f solves sum(mean) - sum(n) / f + (f - 1) / sigma^2 = 0
    half = 0.5 * (mean.sum() * scale_error**2 - 1.0)
    f = -half + np.sqrt(half**2 + n.sum(axis=-1) * scale_error**2)
    mu = np.maximum(f, 1e-9)[..., None] * mean
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(n > 0, n * np.log(n / mu), 0.0)
    result: F64 = 2.0 * (mu - n + ratio).sum(axis=-1) + ((f - 1.0) / scale_error) ** 2
    return result


def probability(n: NDArray[np.int64], predicted: Predicted, scale_error: float, seed: int) -> float:
    """Part of the toys with a chi2 as large or larger; each draws scale, cells and counts."""
    rng = np.random.default_rng([seed, 71])
    shape = np.maximum(predicted.mean / predicted.error, 0.3) ** 2
    mean = rng.gamma(shape, predicted.mean / shape, (TOYS, len(n)))
    mean *= np.maximum(1.0 + scale_error * rng.standard_normal(TOYS), 0.05)[:, None]
    toys = chi2(rng.poisson(mean).astype(np.float64), predicted.mean, scale_error)
    return float(np.mean(toys >= chi2(n.astype(np.float64), predicted.mean, scale_error)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--spills", type=int, default=20, help="of beam, for the single muons")
    parser.add_argument("--first", type=int, default=101, help="seed of the first sample")
    chosen, config = parser.parse_args(), Config()
    predicted = predict(beam_records(config, 1, chosen.spills), config, 1)
    wide = math.hypot(config.analysis.weight_relative_error, predicted.scale_error)
    total, found = np.zeros(len(predicted.mean), np.int64), []
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        n = cells_of(two_track_records(config, seed, SAMPLE_BURSTS))
        total += n
        p = [probability(n, predicted, scale, seed) for scale in (wide, predicted.scale_error)]
        found.append(p)
        print(json.dumps({"seed": seed, "p_15_percent": p[0], "p_statistical": p[1], "cells": n.tolist()}), flush=True)
    p_values = np.array(found)
    expected = predicted.mean * chosen.seeds
    spread = np.sqrt(expected + (predicted.error * chosen.seeds) ** 2)
    ratio = total.sum() / expected.sum()
    print(json.dumps({
        "expected": np.round(expected, 1).tolist(), "counted": total.tolist(),
        "pulls": np.round((total - expected) / spread, 2).tolist(),
        "counted_over_expected": round(float(ratio), 4), "scale_error": round(predicted.scale_error, 4),
        "counting_error": round(1.0 / math.sqrt(total.sum()), 4),
    }))  # fmt: skip
    inside = bool(np.all((p_values[:, 0] > 0.01) & (p_values[:, 0] < 0.99)))
    print(f"chi2 probabilities of {chosen.seeds} samples inside 0.01 to 0.99: {inside}")
    raise SystemExit(0 if inside else 1)


if __name__ == "__main__":
    main()
