"""Mask and regions in plain Python, from the configuration."""

from __future__ import annotations

import math

from daq.units import KSHORT_MASS_GEV


def is_masked(one, two, kinematics, regions, gate):
    """The mask of a pair, or of a candidate: kinematics is (Z_TAX [m], CDA_TAX [mm], pi pi mass [GeV])."""
    z, cda, m = kinematics
    if not all(map(math.isfinite, (z, cda, m))):
        return True
    kinds, charges = sorted((one["pid"], two["pid"])), (one["charge"], two["charge"])
    if abs(m - KSHORT_MASS_GEV) <= max(gate.ks_half_width_gev, regions.ks_half_width_gev):
        if not (gate.open_ks_leptons and set(kinds) <= {"mu", "e"}):
            return True
    low = min(r.z_min_m for r in (regions.mumu_cr, regions.ee_cr, regions.hadron_cr, regions.mumu_sr))
    high = max(r.z_max_m for r in (regions.mumu_cr, regions.ee_cr, regions.hadron_cr, regions.mumu_sr))
    cda_max = max(r.cda_max_mm for r in (regions.mumu_cr, regions.ee_cr, regions.hadron_cr, regions.mumu_sr))
    inside = low - gate.guard_z_m <= z <= high + gate.guard_z_m and cda <= cda_max + gate.guard_cda_mm
    may_open = kinds == ["e", "mu"] or (kinds == ["mu", "mu"] and charges[0] == charges[1])
    return inside and not (gate.open_same_sign and may_open)


def region_of(channel, kinematics, regions):
    """SR, CR, KS or ''; and the side region."""
    z, cda, m = kinematics
    inner = ""
    if channel.startswith(("mumu", "emu", "lav")):
        sr, cr = regions.mumu_sr, regions.mumu_cr
        in_sr = sr.z_min_m < z < sr.z_max_m and cda < sr.cda_max_mm
    else:
        sr, cr = (regions.ee_sr, regions.ee_cr) if channel.startswith("ee") else (regions.hadron_sr, regions.hadron_cr)
        in_sr = math.hypot((z - sr.z_centre_m) / sr.z_half_m, cda / sr.cda_half_mm) < 1
    if in_sr:
        inner = "SR"
    elif cr.z_min_m < z < cr.z_max_m and cda < cr.cda_max_mm:
        inner = "CR"
    elif abs(m - KSHORT_MASS_GEV) < regions.ks_half_width_gev:
        inner = "KS"
    for name in ("ocr1", "ocr2", "ocr3"):
        box = getattr(regions, name)
        if box.z_min_m < z < box.z_max_m and cda < box.cda_max_mm:
            return inner, name.upper()
    return inner, "OUTSIDE"
