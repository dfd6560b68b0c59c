"""Figures of the sample and the backgrounds. Only what is open is drawn; masked regions are drawn as boxes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from daq.config import Config
from daq.config.reco import BoxM
from daq.units import MM_PER_M
from offline.minirecords.read import Records
from offline.report.figure import Figure
from offline.report.sample import Sample
from streaming.reco.arrays import Flags

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHARGES = (("++", 2, "tab:red"), ("--", -2, "tab:blue"), ("+-", 0, "black"))


def sample_figures(sample: Sample, config: Config) -> list[Figure]:
    """Figures that need no background and no signal."""
    figures = [
        Figure("protons", "Protons on target", partial(_protons, sample.search), "Cumulative, by spill."),
        Figure("plane", "Pairs and where they point", partial(_plane, sample.search, config),
               "Pairs of muons under H2 with all vetoes. The grey box is masked with its guard bands."),
        Figure("delta_t", "Time difference of opposite-sign muons", partial(_delta_t, sample.search, config),
               "With and without the LAV veto, outside the masked regions; sidebands shaded."),
    ]  # fmt: skip
    if sample.control.singles.num_rows:
        figures += [
            Figure("singles_momentum", "Single muons under Q1", partial(_momentum, sample.control)),
            Figure("singles_place", "Single muons at 180 m", partial(_place, sample.control)),
        ]
    return figures


def muon_pairs(records: Records, config: Config, *, lav: bool = False) -> Flags:
    """Pairs of muons with a vertex in the fiducial volume under H2; `lav`: with those that the LAV vetoes."""
    flags = records.of("pairs", "trigger_flags").astype(np.int64)
    chosen: Flags = (flags & 1 << config.reco.h2_flag_bit) != 0
    chosen &= (records.of("pairs", "pid_1") == "muon") & (records.of("pairs", "pid_2") == "muon")
    chosen &= records.of("pairs", "in_fiducial").astype(np.bool_)
    return chosen if lav else chosen & ~records.of("pairs", "veto_lav").astype(np.bool_)


def _charge(records: Records) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    one, two = (records.of("pairs", f"charge_{k}").astype(np.int64) for k in (1, 2))
    return one + two


def _protons(records: Records, axes: Axes) -> None:
    order = np.lexsort((records.of("spills", "burst"), records.of("spills", "run")))
    beam, equivalent = (np.asarray(records.of("spills", c), np.float64)[order] for c in ("pot", "equivalent_pot"))
    pot = np.where(np.isfinite(beam), beam, np.nan_to_num(equivalent))
    axes.step(np.arange(1, len(pot) + 1), np.cumsum(pot), where="mid", color="tab:blue")
    axes.set_xlabel("spill")
    axes.set_ylabel("protons on target")


def _plane(records: Records, config: Config, axes: Axes) -> None:
    chosen, charge = muon_pairs(records, config), _charge(records)
    z, cda = (np.asarray(records.of("pairs", c), np.float64) for c in ("z_tax_mm", "cda_tax_mm"))
    for name, total, colour in CHARGES:
        of = chosen & (charge == total)
        axes.plot(z[of] / MM_PER_M, cda[of], ".", color=colour, label=rf"$\mu\mu$ {name}: {int(of.sum())}")
    _mask_box(config, axes)
    axes.set_xlim(-100.0, 150.0)
    axes.set_ylim(0.0, 1000.0)
    axes.set_xlabel(r"$Z_{TAX}$ [m]")
    axes.set_ylabel(r"CDA$_{TAX}$ [mm]")
    axes.legend()


def _mask_box(config: Config, axes: Axes) -> None:
    """Draw the box of the mask and the region borders of mu mu."""
    from matplotlib.patches import Rectangle

    regions, gate = config.regions, config.gate
    boxes: list[BoxM] = [regions.mumu_cr, regions.ee_cr, regions.hadron_cr]
    low = min(box.z_min_m for box in boxes) - gate.guard_z_m
    high = max(box.z_max_m for box in boxes) + gate.guard_z_m
    top = max(box.cda_max_mm for box in boxes) + gate.guard_cda_mm
    axes.add_patch(Rectangle((low, 0.0), high - low, top, color="0.75", label="masked"))
    for name, box in (("OCR1", regions.ocr1), ("OCR2", regions.ocr2), ("OCR3", regions.ocr3)):
        axes.add_patch(Rectangle((box.z_min_m, 0.0), box.z_max_m - box.z_min_m, box.cda_max_mm, fill=False, ls=":"))
        axes.text(box.z_max_m, box.cda_max_mm, name, fontsize=8, ha="right", va="top")


def _delta_t(records: Records, config: Config, axes: Axes) -> None:
    opposite = _charge(records) == 0
    dt, keys = np.asarray(records.of("pairs", "delta_t_ns"), np.float64), config.analysis
    edges = np.linspace(-5.0, 5.0, 41)
    for lav, name, colour in ((True, "without LAV veto", "black"), (False, "with LAV veto", "tab:red")):
        counts, _ = np.histogram(dt[muon_pairs(records, config, lav=lav) & opposite], edges)
        axes.stairs(counts, edges, color=colour, label=f"{name}: {int(counts.sum())}")
    for side in (-1.0, 1.0):
        axes.axvspan(side * keys.prompt_window_ns, side * keys.sideband_end_ns, color="tab:green", alpha=0.15)
    axes.set_xlabel(r"$\Delta T$ [ns]")
    axes.set_ylabel("pairs")
    axes.legend()


def _momentum(records: Records, axes: Axes) -> None:
    muon, charge = records.of("singles", "pid") == "muon", records.of("singles", "charge").astype(np.int64)
    p = np.asarray(records.of("singles", "p_gev"), np.float64)
    edges = np.linspace(0.0, 240.0, 61)
    for sign, name, colour in ((1, r"$\mu^+$", "tab:red"), (-1, r"$\mu^-$", "tab:blue")):
        counts, _ = np.histogram(p[muon & (charge == sign)], edges)
        axes.stairs(counts, edges, color=colour, label=f"{name}: {int(counts.sum())}")
    axes.set_yscale("log", nonpositive="mask")
    axes.set_xlabel("momentum [GeV/$c$]")
    axes.set_ylabel("tracks")
    axes.legend()


def _place(records: Records, axes: Axes) -> None:
    muon = records.of("singles", "pid") == "muon"
    x, y = (np.asarray(records.of("singles", c), np.float64)[muon] for c in ("x_mm", "y_mm"))
    edges = np.linspace(-1200.0, 1200.0, 61)
    counts, _, _ = np.histogram2d(x, y, (edges, edges))
    image = axes.pcolormesh(edges, edges, counts.T, cmap="viridis", rasterized=True)
    axes.figure.colorbar(image, ax=axes, label="tracks")
    axes.set_aspect("equal")
    axes.set_xlabel("x [mm]")
    axes.set_ylabel("y [mm]")
