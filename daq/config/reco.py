"""Selection cuts, regions and the gate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from daq.config.base import Section, assumed, known

FURTHEST_M, FURTHEST_MM, WIDEST_GEV = 300.0, 2000.0, 0.1
"""Limits of regions beyond these are in another unit: metres, millimetres, GeV/c2."""


class RecoConfig(Section):
    """Two-track selection. Source, where not said otherwise: CERN-EP-2023-032, section 4."""

    h2_flag_bit: int = assumed(1, "bit of the trigger flags that the H2 mask sets", ge=0, le=15)
    q1_flag_bit: int = assumed(0, "bit of the trigger flags that the Q1 mask sets", ge=0, le=15)
    min_momentum_gev: float = known(10.0, "track momentum above this [GeV/c]", ge=0)
    max_chi2: float = assumed(20.0, "chi2 of a good track below this", gt=0)
    min_chambers: int = assumed(4, "straw chambers of a good track", ge=1, le=4)
    residual_field: bool = known(True, "tracks are extrapolated upstream through the residual field")
    magnet_polarity: Literal[-1, 1] = assumed(-1, "sign of the x kick of a positive track in MNP33")
    straw1_isolation_mm: float = assumed(20.0, "distance to any other track at STRAW1 [mm]", ge=0)
    lkr_isolation_mm: float = assumed(200.0, "distance to any other track at the LKr front [mm]", ge=0)
    anti0_inner_mm: float = assumed(0.0, "ANTI0 acceptance starts at this radius [mm]; 0: the hole is accepted", ge=0)
    anti0_outer_mm: float = assumed(1080.0, "ANTI0 acceptance ends at this radius [mm]", gt=0)
    chod_margin_mm: float = assumed(20.0, "impact point at most so far outside a CHOD tile [mm]", ge=0)
    chod_window_ns: float = assumed(10.0, "CHOD hit within this of the trigger time [ns]", gt=0)
    chod_pmt_window_ns: float = assumed(10.0, "two PMTs of a CHOD tile belong together within this [ns]", gt=0)
    na48chod_slab_mm: float = assumed(68.75, "width of a NA48-CHOD slab, 16 equal ones a quadrant [mm]", gt=0)
    na48chod_margin_mm: float = assumed(70.0, "impact point at most so far outside a slab [mm]", ge=0)
    na48chod_window_ns: float = assumed(5.0, "NA48-CHOD hit within this of the CHOD time [ns]", gt=0)
    track_window_ns: float = known(5.0, "track time within this of the trigger time [ns]", gt=0)
    lkr_radius_mm: float = known(50.0, "LKr cluster within this of the impact point [mm]", gt=0)
    lkr_window_ns: float = known(6.0, "LKr cluster within this of the track time [ns]", gt=0)
    muv3_scattering_mm_gev: float = known(
        530.0, "scattering at MUV3 times momentum [mm GeV/c]. Source: NA62 framework", gt=0
    )
    muv3_n_sigma: float = known(4.0, "search radius at MUV3 in units of the scattering. Source: NA62 framework", gt=0)
    muv3_window_ns: float = known(5.0, "MUV3 hit within this of the track time [ns]", gt=0)
    muv3_pmt_window_ns: float = assumed(10.0, "hits of one MUV3 tile within this are one hit [ns]", gt=0)
    muon_max_ep: float = known(0.2, "E/p of a muon below this", gt=0)
    electron_min_ep: float = known(0.95, "E/p of an electron above this", gt=0)
    electron_max_ep: float = known(1.05, "E/p of an electron below this", gt=0)
    vertex_max_cda_mm: float = assumed(10.0, "distance of the two tracks at the vertex below this [mm]", gt=0)
    vertex_min_z_m: float = known(105.0, "fiducial volume starts here [m]")
    vertex_max_z_m: float = known(180.0, "fiducial volume ends here [m]")
    lav_window_ns: float = known(10.0, "LAV hit within this of the reference time vetoes [ns]", ge=0)


class BoxM(Section):
    """Open rectangle in Z_TAX [m] and CDA_TAX [mm]: z_min_m < Z_TAX < z_max_m and CDA_TAX < cda_max_mm.

    A limit in another unit is refused: none of a search lies further out than these.
    """

    z_min_m: float = Field(ge=-FURTHEST_M, le=FURTHEST_M)
    z_max_m: float = Field(ge=-FURTHEST_M, le=FURTHEST_M)
    cda_max_mm: float = Field(le=FURTHEST_MM)

    @model_validator(mode="after")
    def _not_empty(self) -> BoxM:
        if not (self.z_min_m < self.z_max_m and self.cda_max_mm > 0):
            msg = "an empty box: wanted z_min_m < z_max_m and cda_max_mm > 0"
            raise ValueError(msg)
        return self


class EllipseM(Section):
    """Half ellipse in Z_TAX [m] and CDA_TAX [mm] about (z_centre_m, 0)."""

    z_centre_m: float = Field(ge=-FURTHEST_M, le=FURTHEST_M)
    z_half_m: float = Field(le=FURTHEST_M)
    cda_half_mm: float = Field(le=FURTHEST_MM)

    @model_validator(mode="after")
    def _not_empty(self) -> EllipseM:
        if not (self.z_half_m > 0 and self.cda_half_mm > 0):
            msg = "an empty ellipse: wanted z_half_m > 0 and cda_half_mm > 0"
            raise ValueError(msg)
        return self


class RegionsConfig(Section):
    """Regions in the plane of Z_TAX and CDA_TAX. The mu mu paper calls the CR 'VR' and the OCR1-3 'CR1-3'."""

    ks_half_width_gev: float = known(
        0.0057, "K_S window, half width [GeV/c2]. Source: Vulcano talk 2024", gt=0, le=WIDEST_GEV
    )
    mumu_sr: BoxM = known(BoxM(z_min_m=6, z_max_m=40, cda_max_mm=20), "CERN-EP-2023-032 eq. (11)")
    mumu_cr: BoxM = known(BoxM(z_min_m=-4, z_max_m=50, cda_max_mm=150), "CERN-EP-2023-032 eq. (12)")
    ee_sr: EllipseM = assumed(EllipseM(z_centre_m=23, z_half_m=23, cda_half_mm=40), "as for hadrons")
    ee_cr: BoxM = assumed(BoxM(z_min_m=-7, z_max_m=53, cda_max_mm=150), "as for hadrons")
    hadron_sr: EllipseM = known(EllipseM(z_centre_m=23, z_half_m=23, cda_half_mm=40), "Vulcano talk 2024")
    hadron_cr: BoxM = known(BoxM(z_min_m=-7, z_max_m=53, cda_max_mm=150), "Vulcano talk 2024")
    ocr1: BoxM = assumed(BoxM(z_min_m=-15, z_max_m=61, cda_max_mm=255), "fitted to the published mu mu counts")
    ocr2: BoxM = assumed(BoxM(z_min_m=-32, z_max_m=78, cda_max_mm=430), "fitted to the published mu mu counts")
    ocr3: BoxM = assumed(BoxM(z_min_m=-92, z_max_m=138, cda_max_mm=860), "fitted to the published mu mu counts")


class GateConfig(Section):
    """What is masked. Every key can only be turned towards more masking without a decision of the collaboration."""

    guard_z_m: float = known(5.0, "the mask reaches so far beyond every SR and CR in Z_TAX [m]", ge=0)
    guard_cda_mm: float = known(30.0, "the mask reaches so far beyond every SR and CR in CDA_TAX [mm]", ge=0)
    ks_half_width_gev: float = known(0.008, "masked half width around the K_S mass [GeV/c2]", ge=0.0057, le=WIDEST_GEV)
    open_same_sign: bool = known(False, "same-sign mu mu and e mu pairs, positively identified, are open everywhere")
    open_ks_leptons: bool = known(False, "pairs of positively identified leptons are open in the K_S window")
    max_tracks: int = assumed(32, "an event with more tracks is masked without being looked at", ge=2, le=1000)
