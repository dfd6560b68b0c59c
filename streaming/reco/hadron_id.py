"""Probability that a track is a hadron, from the energies it left in LKr, MUV1 and MUV2.

Gradient-boosted trees, trained by `tools/train_hadron_id.py` on the emulated response, laid out as arrays and
evaluated by a kernel. The trees have a version and come with the program; which one is used is in the digest of the
configuration through the version of the program. Data card: docs/physicist/hadron-id.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from daq.jit import kernel
from streaming.reco.arrays import F64, I16, I64

VERSION = 1
FEATURES = ("lkr_over_p", "muv1_over_p", "muv2_over_p", "p_gev")
"""Columns of the features, in the order of the trees."""

LEAF = -1


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees laid end to end.

    feature : int16 (n,)      column that a node looks at, -1 for a leaf
    threshold : float64 (n,)  go left when the value is at most this
    left, right : int16 (n,)  nodes of the same tree, counted from its first
    value : float64 (n,)      log odds of a leaf, learning rate included
    first : int64 (trees + 1,)
    start : float             log odds before the first tree
    """

    feature: I16
    threshold: F64
    left: I16
    right: I16
    value: F64
    first: I64
    start: float


@lru_cache(maxsize=1)
def hadron_forest() -> Forest:
    """Trees that come with the program."""
    text = files("streaming.reco").joinpath(f"data/hadron_id-{VERSION}.json").read_text(encoding="utf-8")
    return forest_of(json.loads(text))


def forest_of(content: Mapping[str, Any]) -> Forest:
    """Trees from their JSON form."""
    return Forest(
        feature=np.array(content["feature"], np.int16),
        threshold=np.array(content["threshold"], np.float64),
        left=np.array(content["left"], np.int16),
        right=np.array(content["right"], np.int16),
        value=np.array(content["value"], np.float64),
        first=np.array(content["first"], np.int64),
        start=float(content["start"]),
    )


def hadron_probability(forest: Forest, features: F64) -> F64:
    """Probability of a hadron, float64 (n,); NaN for a track with a feature that is no number.

    features : float64 (n, 4)    columns `FEATURES`
    """
    out = np.empty(len(features))
    _evaluate(
        forest.feature, forest.threshold, forest.left, forest.right, forest.value, forest.first, forest.start, features,
        out,
    )  # fmt: skip
    return out


@kernel
def _evaluate(
    feature: I16, threshold: F64, left: I16, right: I16, value: F64, first: I64, start: float, x: F64, out: F64
) -> None:
    for i in range(x.shape[0]):
        known = True
        for c in range(x.shape[1]):
            known = known and math.isfinite(x[i, c])
        if not known:
            out[i] = math.nan
            continue
        total = start
        for t in range(first.shape[0] - 1):
            root = first[t]
            node = root
            while feature[node] >= 0:
                go_left = x[i, feature[node]] <= threshold[node]
                node = root + (left[node] if go_left else right[node])
            total += value[node]
        out[i] = 1.0 / (1.0 + math.exp(-total))
