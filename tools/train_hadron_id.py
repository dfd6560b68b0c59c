"""Train the hadron classifier on the emulated response and write it as plain arrays.

    python -m tools.train_hadron_id [-o streaming/reco/data/hadron_id-1.json] [--card docs/physicist/hadron-id.md]

The sample is the emulated response of `daq.source.response` at the default configuration: what is learned is the
emulator, not NA62. Half of the sample trains, the other half gives the efficiencies of the data card.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

from daq.config.detector import CalorimeterResponse
from daq.source.particles import Kind
from daq.source.response.calorimeters import lkr_clusters, muv12_clusters
from daq.source.response.hadrons import hadron_energies
from streaming.reco.hadron_id import FEATURES, VERSION, forest_of, hadron_probability

N = 20_000
SEED = 20_231
TREES, DEPTH, RATE = 80, 3, 0.15


def sample(rng: np.random.Generator, kind: str, n: int) -> np.ndarray:
    """Features of `n` tracks of a kind, momenta flat in 10 to 100 GeV/c."""
    c, p = CalorimeterResponse(), rng.uniform(10.0, 100.0, n)
    lkr, muv1, muv2 = np.zeros(n), np.zeros(n), np.zeros(n)
    if kind == "hadron":
        lkr, muv1, muv2 = hadron_energies(rng, p, c)
    else:
        for i in range(n):
            one = np.zeros(1), np.full(1, 300.0), np.full(1, 300.0)
            which = Kind.MUON if kind == "muon" else Kind.ELECTRON
            block = lkr_clusters(rng, which, *one, p[i : i + 1], c)
            lkr[i] = block.fields["energy"].sum()
            if kind == "muon":
                muv1[i] = muv12_clusters(rng, *one, 1, c).fields["energy"].sum()
                muv2[i] = muv12_clusters(rng, *one, 2, c).fields["energy"].sum()
    return np.stack((lkr / p, muv1 / p, muv2 / p, p), axis=1)


def export(model: GradientBoostingClassifier) -> dict[str, object]:
    """Trees of a fitted model as arrays of one forest."""
    columns: dict[str, list[float]] = {name: [] for name in ("feature", "threshold", "left", "right", "value")}
    first = [0]
    for (tree,) in model.estimators_:
        t = tree.tree_
        leaf = t.children_left < 0
        columns["feature"] += np.where(leaf, -1, t.feature).tolist()
        columns["threshold"] += np.where(leaf, 0.0, t.threshold).tolist()
        columns["left"] += np.where(leaf, 0, t.children_left).tolist()
        columns["right"] += np.where(leaf, 0, t.children_right).tolist()
        columns["value"] += (np.where(leaf, t.value[:, 0, 0], 0.0) * model.learning_rate).tolist()
        first.append(len(columns["feature"]))
    prior = model.init_.class_prior_[1]
    start = float(np.log(prior / (1.0 - prior)))
    about = {"version": VERSION, "features": list(FEATURES), "trained_on": "emulated response, default configuration"}
    return {**about, "start": start, "first": first, **columns}


def main() -> None:
    """Train, write the trees and the data card."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", type=Path, default=Path(f"streaming/reco/data/hadron_id-{VERSION}.json"))
    parser.add_argument("--card", type=Path, default=Path("docs/physicist/hadron-id.md"))
    args = parser.parse_args()
    rng = np.random.default_rng(SEED)
    kinds = {kind: sample(rng, kind, N) for kind in ("hadron", "muon", "electron")}
    x = np.concatenate([k[::2] for k in kinds.values()])
    y = np.concatenate([np.full(len(k[::2]), kind == "hadron") for kind, k in kinds.items()])
    model = GradientBoostingClassifier(n_estimators=TREES, max_depth=DEPTH, learning_rate=RATE, random_state=SEED)
    model.fit(x, y)
    content = export(model)
    forest = forest_of(content)  # type: ignore[arg-type]
    worst = np.abs(hadron_probability(forest, x[:2000]) - model.predict_proba(x[:2000])[:, 1]).max()
    if worst > 1e-12:
        msg = f"the kernel differs from the library by {worst}; the trees are not written"
        raise SystemExit(msg)
    args.o.write_text(json.dumps(content) + "\n", encoding="utf-8")
    args.card.write_text(card(forest, {kind: k[1::2] for kind, k in kinds.items()}), encoding="utf-8")


def card(forest: object, test: dict[str, np.ndarray]) -> str:
    """Data card with efficiency and misidentification against the cut."""
    p = {kind: hadron_probability(forest, x) for kind, x in test.items()}  # type: ignore[arg-type]
    rows = [
        f"| {cut:.2f} | " + " | ".join(f"{100 * np.mean(p[kind] > cut):.2f}" for kind in p) + " |"
        for cut in (0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
    ]
    bins = [
        f"| {low}-{low + 15} | "
        + " | ".join(f"{100 * np.mean(p[k][in_bin(test[k], low)] > 0.8):.2f}" for k in p)
        + " |"
        for low in range(10, 100, 15)
    ]
    return "\n".join(
        [
            "# Hadron classifier, version 1",
            "",
            "Written by `python -m tools.train_hadron_id`; do not edit.",
            "",
            f"Gradient-boosted trees ({TREES} of depth {DEPTH}, learning rate {RATE}, seed {SEED}), trained with",
            f"scikit-learn on {N // 2} hadrons, muons and electrons each, momenta flat in 10-100 GeV/c. Features:",
            "energies in LKr, MUV1 and MUV2 over the momentum, and the momentum. MUV3 is not among them: a track",
            "with a MUV3 hit is no hadron, whatever the trees say.",
            "",
            "**The sample is the emulated response at its defaults.** What NA62's own classifier does is not public;",
            "only its cut is (probability above 80 %). The numbers below describe the emulator. An emulated hadron",
            "always has an LKr cluster: what the trees say of one without means little.",
            "",
            "A track with a feature that is no number has no probability and is no hadron. The trees stand as arrays",
            f"in `streaming/reco/data/hadron_id-{VERSION}.json`; training them again gives the same file.",
            "",
            "Percent above the cut, on the other half of the sample:",
            "",
            "| cut | hadrons | muons | electrons |",
            "|---|---|---|---|",
            *rows,
            "",
            "Percent above 0.8 by momentum [GeV/c]:",
            "",
            "| momentum | hadrons | muons | electrons |",
            "|---|---|---|---|",
            *bins,
            "",
        ]
    )


def in_bin(x: np.ndarray, low: float) -> np.ndarray:
    """Tracks within 15 GeV/c above `low`."""
    return (x[:, 3] >= low) & (x[:, 3] < low + 15)


if __name__ == "__main__":
    main()
