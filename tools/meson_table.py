"""Make `daq/source/signal/data/mesons.csv`: momentum and pT of mesons of 400 GeV protons, from PYTHIA 8.

Run by hand, once per release, in an environment of its own; the package is no requirement of dumpwatch:

    pip install numpy pythia8mc==8.317.2        # the extra `signal-tables`
    python tools/meson_table.py --events 200000 --seed 400 --output daq/source/signal/data/mesons.csv

pp collisions stand for p-Cu, and there is no cascade. K_S and longer-lived particles do not decay: in the dump they
interact. Mesons of resonance decays count (inclusive multiplicities).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pythia8mc

MESONS = {111: "pi0", 221: "eta", 331: "etap", 113: "rho", 223: "omega", 333: "phi"}
P_EDGES = np.round(np.geomspace(5.0, 400.0, 29), 3)
PT_EDGES = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.5, 2.0])
BEAM_GEV = 400.0
TARGET_GEV = 0.9382720813


def generator(seed: int) -> pythia8mc.Pythia:
    """PYTHIA for protons on protons at rest, soft QCD."""
    pythia = pythia8mc.Pythia("", False)
    for line in (
        "Beams:idA = 2212",
        "Beams:idB = 2212",
        "Beams:frameType = 2",
        f"Beams:eA = {BEAM_GEV}",
        f"Beams:eB = {TARGET_GEV}",
        "SoftQCD:inelastic = on",
        "ParticleDecays:limitTau0 = on",
        "ParticleDecays:tau0Max = 10",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
        "Print:quiet = on",
    ):
        pythia.readString(line)
    if not pythia.init():
        msg = "PYTHIA does not initialise; look at its output"
        raise SystemExit(msg)
    return pythia


def mesons_of(event: pythia8mc.Event) -> list[tuple[int, float, float]]:
    """Code, momentum and pT of each meson of an event, once each."""
    found = []
    for particle in event:
        code = particle.id()
        if code not in MESONS or particle.pz() <= 0.0:
            continue
        first = particle.daughter1()
        if first > 0 and event[first].id() == code:
            continue  # a copy of itself follows
        found.append((code, particle.pAbs(), particle.pT()))
    return found


def fill(n_events: int, seed: int) -> tuple[dict[int, np.ndarray], dict[int, int]]:
    """Counts in (p, pT) and all forward mesons."""
    pythia = generator(seed)
    rows: dict[int, list[tuple[float, float]]] = {code: [] for code in MESONS}
    done = 0
    while done < n_events:
        if pythia.next():
            done += 1
            for code, p, pt in mesons_of(pythia.event):
                rows[code].append((p, pt))
    counts = {}
    for code, found in rows.items():
        p, pt = np.array(found).T
        # a pT beyond the last edge goes into the last cell
        counts[code] = np.histogram2d(p, np.minimum(pt, PT_EDGES[-1] - 1e-9), (P_EDGES, PT_EDGES))[0].astype(int)
    return counts, {code: len(found) for code, found in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=400)
    parser.add_argument("--output", type=Path, required=True)
    chosen = parser.parse_args()
    counts, forward = fill(chosen.events, chosen.seed)
    version = pythia8mc.Pythia("", False).parm("Pythia:versionNumber")
    forward_text = ", ".join(f"{MESONS[code]} {n / chosen.events:.4f}" for code, n in forward.items())
    lines = [
        f"# mesons of pp collisions at {BEAM_GEV:.0f} GeV on a target at rest; PYTHIA {version:.3f}, SoftQCD:inelastic",
        f"# {chosen.events} events, seed {chosen.seed}; made by tools/meson_table.py; counts by cell of p and pT",
        f"# forward mesons per event, any p: {forward_text}",
        f"# events={chosen.events}",
        "meson,p_low_gev,p_high_gev,pt_low_gev,pt_high_gev,count",
    ]
    for code, table in counts.items():
        for i, j in np.ndindex(table.shape):  # empty cells as well, so that a lost row is seen
            cell = (P_EDGES[i], P_EDGES[i + 1], PT_EDGES[j], PT_EDGES[j + 1])
            lines.append(f"{MESONS[code]},{','.join(f'{edge:g}' for edge in cell)},{table[i, j]}")
    chosen.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
