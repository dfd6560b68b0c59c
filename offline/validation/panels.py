"""What the plots show, panel by panel. Colours mean the same in all: ++ red, -- blue, +- black, published green."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daq.config.reco import RegionsConfig
from offline.validation.row import Kind, Row, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Shown = dict[str, NDArray[np.float64]]
Panel = Callable[["Axes"], None]
CHARGES = ((2.0, "mu+mu+", "tab:red"), (-2.0, "mu-mu-", "tab:blue"), (0.0, "mu+mu-", "black"))
VERDICT_COLOUR = {Verdict.IN: "tab:green", Verdict.KNOWN: "tab:orange", Verdict.OUT: "tab:red"}
KIND_MARKER = {Kind.FITTED: "s", Kind.INPUT: "v", Kind.CLOSURE: "o", Kind.PREDICTED: "D"}


def plane(shown: Shown, regions: RegionsConfig, wide: bool) -> Panel:
    """Accidental pairs in the plane of the regions."""

    def panel(axis: Axes) -> None:
        z, cda, charge = shown["mixed_z_tax_m"], shown["mixed_cda_tax_mm"], shown["mixed_charge"]
        limits = ((-300.0, 1500.0), (0.0, 1000.0)) if wide else ((-40.0, 90.0), (0.0, 500.0))
        inside = (z > limits[0][0]) & (z < limits[0][1]) & (cda < limits[1][1])
        rows = np.flatnonzero(inside)[:6000]
        for value, name, colour in CHARGES:
            of = rows[charge[rows] == value]
            axis.plot(z[of], cda[of], ".", ms=1.5 if wide else 3.0, color=colour, label=name, alpha=0.6)
        for box in (regions.mumu_sr, regions.mumu_cr, regions.ocr1, regions.ocr2, regions.ocr3):
            edges = [box.z_min_m, box.z_min_m, box.z_max_m, box.z_max_m], [0.0, box.cda_max_mm, box.cda_max_mm, 0.0]
            axis.plot(*edges, color="tab:green", lw=1.2)
        axis.set(xlim=limits[0], ylim=limits[1], xlabel="Z_TAX [m]", ylabel="CDA_TAX [mm]")
        axis.set_title("emulator truth: accidental pairs, mixed" if wide else "emulator truth near SR, VR, CR1-3")
        axis.legend(loc="upper right", markerscale=4)

    return panel


def _histogram(axis: Axes, values: NDArray[np.float64], edges: NDArray[np.float64], **style: Any) -> None:  # noqa: ANN401 - matplotlib's keywords
    axis.hist(values, bins=edges.tolist(), density=True, histtype="step", lw=1.4, **style)


def vertex(shown: Shown) -> Panel:
    """Z of the vertex."""

    def panel(axis: Axes) -> None:
        edges = np.linspace(105.0, 180.0, 31)
        _histogram(axis, shown["mixed_z_vertex_m"], edges, color="black", label="accidental pairs")
        _histogram(axis, shown["prompt_z_vertex_m"], edges, color="tab:purple", label="prompt mu mu")
        axis.set(xlabel="Z of the vertex [m]", ylabel="per m", title="vertices")
        axis.legend()

    return panel


def delta_t(shown: Shown) -> Panel:
    """Time between the two tracks."""

    def panel(axis: Axes) -> None:
        edges = np.linspace(-6.0, 6.0, 61)
        _histogram(axis, shown["natural_delta_t_ns"], edges[::3], color="black", label="natural overlaps")
        _histogram(axis, shown["prompt_delta_t_ns"], edges, color="tab:purple", label="prompt mu mu")
        _histogram(axis, shown["signal_delta_t_ns"], edges, color="tab:orange", label="signal")
        axis.set(xlabel="Delta T [ns]", ylabel="per ns", title="time between the two tracks")
        axis.legend()

    return panel


def momenta(shown: Shown) -> Panel:
    """Momenta of selected muons."""

    def panel(axis: Axes) -> None:
        p, charge, edges = shown["muon_p_gev"], shown["muon_charge"], np.linspace(0.0, 200.0, 41)
        _histogram(axis, p[charge > 0], edges, color="tab:red", label="mu+")
        _histogram(axis, p[charge < 0], edges, color="tab:blue", label="mu-")
        axis.set(xlabel="p [GeV/c]", ylabel="per GeV/c", title="selected halo muons", yscale="log")
        axis.legend()

    return panel


def cda(shown: Shown) -> Panel:
    """CDA_TAX of accidental pairs."""

    def panel(axis: Axes) -> None:
        edges = np.linspace(0.0, 1000.0, 51)
        for value, name, colour in CHARGES:
            _histogram(axis, shown["mixed_cda_tax_mm"][shown["mixed_charge"] == value], edges, color=colour, label=name)
        axis.set(xlabel="CDA_TAX [mm]", ylabel="per mm", title="accidental pairs")
        axis.legend()

    return panel


def z_tax(shown: Shown) -> Panel:
    """Z_TAX of signal."""

    def panel(axis: Axes) -> None:
        _histogram(axis, shown["signal_z_tax_m"], np.linspace(-40.0, 90.0, 66), color="tab:orange")
        axis.axvspan(6.0, 40.0, color="tab:green", alpha=0.12)
        axis.set(xlabel="Z_TAX [m]", ylabel="per m", yscale="log", title="signal, all masses; SR shaded")

    return panel


def signal_cda(shown: Shown) -> Panel:
    """CDA_TAX of signal."""

    def panel(axis: Axes) -> None:
        _histogram(axis, shown["signal_cda_tax_mm"], np.linspace(0.0, 60.0, 61), color="tab:orange")
        axis.axvspan(0.0, 20.0, color="tab:green", alpha=0.12)
        axis.set(xlabel="CDA_TAX [mm]", ylabel="per mm", yscale="log", title="signal, all masses; SR shaded")

    return panel


def resolution(shown: Shown) -> Panel:
    """Mass resolution against mass."""

    def panel(axis: Axes) -> None:
        axis.plot(shown["mass_mev"], shown["mass_rms_mev"], "o-", color="tab:orange", label="rms")
        axis.plot(shown["mass_mev"], shown["mass_core_mev"], "s--", color="tab:brown", label="fitted core")
        axis.set(xlabel="mass [MeV/c2]", ylabel="mass resolution [MeV/c2]", ylim=(0, None), title="A' to mu mu")
        axis.legend()

    return panel


def efficiency(shown: Shown) -> Panel:
    """Efficiency against epsilon."""

    def panel(axis: Axes) -> None:
        for mass, colour in ((215, "tab:blue"), (250, "tab:orange"), (411, "tab:green")):
            axis.plot(shown["epsilon"], shown[f"efficiency_{mass}"], color=colour, label=f"{mass} MeV/c2")
        axis.set(xscale="log", xlim=(1e-8, 2e-5), xlabel="epsilon", ylabel="efficiency", title="A' to mu mu, brems")
        axis.legend()

    return panel


def profile(shown: Shown) -> Panel:
    """Events against time."""

    def panel(axis: Axes) -> None:
        axis.stairs(shown["profile_khz"], shown["profile_s"], color="black")
        axis.set(xlabel="time in the burst [s]", ylabel="events [kHz]", ylim=(0, None), title="time profile")

    return panel


def b2(shown: Shown) -> Panel:
    """Halo against the current of B2."""

    def panel(axis: Axes) -> None:
        axis.errorbar(shown["b2_a"], shown["b2_halo"], shown["b2_error"], fmt="o", ms=4, color="black")
        axis.axvline(-250.0, color="tab:green", lw=1)
        axis.set(xlabel="current of B2 [A]", ylabel="MUV3 per proton / at +770 A", ylim=(0, None))
        axis.set_title("halo; the curve is synthetic, an input")

    return panel


def rates(rows: tuple[Row, ...]) -> Panel:
    """Trigger rates."""

    def panel(axis: Axes) -> None:
        chosen = [row for row in rows if row.id in ("q1_downscaled", "h2", "control", "events_out", "muv3")]
        place = np.arange(len(chosen))
        axis.bar(place, [row.emulator for row in chosen], width=0.5, color="lightgrey", edgecolor="black")
        wanted, allowed = [row.value for row in chosen], [row.allowed for row in chosen]
        axis.errorbar(place, wanted, allowed, fmt="_", ms=18, color="tab:green", capsize=4)
        axis.set_xticks(place, [row.observable for row in chosen], fontsize=8)
        axis.set(ylabel="kHz", title="rates; green: reference and allowed")

    return panel


def ks(shown: Shown) -> Panel:
    """Mass of the K_S."""

    def panel(axis: Axes) -> None:
        mass = shown["k_short_mass_gev"] * 1e3
        _histogram(axis, mass, np.linspace(480.0, 515.0, 71), color="black")
        axis.axvspan(497.611 - 5.7, 497.611 + 5.7, color="tab:green", alpha=0.12)
        axis.set(xlabel="pi pi mass [MeV/c2]", ylabel="per MeV/c2", title="K_S; window of +-5.7 MeV/c2 shaded")

    return panel


def pulls(rows: tuple[Row, ...]) -> Panel:
    """Differences over what is allowed: inside +-1 is in."""

    def panel(axis: Axes) -> None:
        place = np.arange(len(rows))[::-1]
        for row, y in zip(rows, place, strict=True):
            share = (row.emulator - row.value) / row.allowed if row.allowed else 0.0
            share = max(share, 0.0) if row.sense == "below" else share
            colour = VERDICT_COLOUR[row.verdict]
            axis.plot(np.clip(share, -2.4, 2.4), y, KIND_MARKER[row.kind], color=colour, ms=5)
        axis.axvspan(-1.0, 1.0, color="tab:green", alpha=0.1)
        axis.axvline(0.0, color="grey", lw=0.8)
        axis.set_yticks(place, [f"{row.observable}" for row in rows], fontsize=6.5)
        axis.set(xlim=(-2.5, 2.5), ylim=(-1, len(rows)), xlabel="(emulator - reference) / allowed")
        axis.set_title("square FITTED, triangle INPUT, circle CLOSURE, diamond PREDICTED")

    return panel
