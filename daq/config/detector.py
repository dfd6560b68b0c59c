"""The emulated detector: what arrives at it, how it answers, what it makes up.

Values marked "emulator model" are the calibrated effective model of the emulated halo: they reproduce published
yields, they are not measurements.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from daq.config.base import Section, assumed, known
from daq.config.quantities import (
    Fraction,
    Momentum,
    MomentumSpread,
    Position,
    Shape,
    check_order,
)

RESOLUTION_MM, RESOLUTION_NS = 500.0, 8.0
"""No detector is worse than this."""

HALO_END_MM = 180_000.0
"""Halo muons start upstream of this plane."""


Focus = Annotated[float, Field(ge=-10, le=10)]


class HaloConfig(Section):
    """Halo muons on the plane where they enter: effective density, positive and negative muons apart."""

    track_quality: float = assumed(
        0.617,
        "a halo muon with a track has a good one; fitted, through trigger and selection, on the published yields",
        ge=0,
        le=1,
    )
    per_pot: float = known(
        5.0e9 / 1.4e17, "muons in CHOD, LKr and MUV3, per POT. Source: CERN-EP-2023-032 sect. 5.1", ge=0, le=1e-4
    )
    soft_fraction: float = assumed(0.5, "part of them in the soft component. Emulator model", ge=0, lt=1)
    positive_fraction: float = assumed(0.707, "part of mu+. Emulator model", ge=0, le=1)
    origin_z_mm: tuple[Position, Position] = assumed((92000.0, 102400.0), "plane of origin, uniform [mm]: B5, B6, COL")
    radius_offset_mm: float = assumed(70.0, "radius = offset + Gamma [mm]", ge=0, le=5000)
    radius_shape: float = assumed(2.0, "shape of the Gamma of the radius", ge=0.05, le=100)
    radius_scale_mm: float = assumed(475.0, "scale of the Gamma of the radius [mm]", gt=0, le=5000)
    shift_x_mm: tuple[Position, Position] = assumed((403.6, -480.0), "shift in x of mu+, mu- [mm]")
    shift_y_mm: tuple[Position, Position] = assumed((120.0, -140.0), "shift in y of mu+, mu- [mm]")
    focus: tuple[Focus, Focus] = assumed((-0.20, -0.12), "slope over radius/lever of mu+, mu-; below 0 focuses")
    focus_spread: float = assumed(0.05, "spread of `focus` from muon to muon", ge=0, le=10)
    focus_lever_mm: float = assumed(70000.0, "lever of `focus` [mm]", ge=1000, le=1e6)
    divergence_rad: float = assumed(1.125e-3, "random slope [rad]", ge=0, le=0.5)
    divergence_rad_gev: float = assumed(
        0.010, "random slope times momentum, added in quadrature [rad GeV/c]", ge=0, le=1
    )
    kick_x_rad_gev: float = assumed(-0.025, "sweeping in x: slope = charge x this / p [rad GeV/c]", ge=-1, le=1)
    kick_y_rad_gev: float = assumed(-0.0004, "sweeping in y [rad GeV/c]", ge=-1, le=1)
    momentum_offset_gev: float = assumed(4.0, "hard component: p = offset + Gamma [GeV/c]", ge=0.5, le=400)
    momentum_shape: float = assumed(1.5, "shape of the Gamma of the momentum", ge=0.05, le=100)
    momentum_scale_gev: float = assumed(22.28, "scale of the Gamma of the momentum [GeV/c]", gt=0, le=400)
    soft_momentum_gev: tuple[Momentum, Momentum] = assumed(
        (3.5, 10.0), "soft component: p uniform in this range [GeV/c]"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_order("halo.origin_z_mm", self.origin_z_mm)
        check_order("halo.soft_momentum_gev", self.soft_momentum_gev)
        if not 0 < self.origin_z_mm[0] < self.origin_z_mm[1] <= HALO_END_MM:
            msg = (
                f"halo.origin_z_mm: wanted 0 to {HALO_END_MM} mm, got {self.origin_z_mm}; halo enters before the STRAW"
            )
            raise ValueError(msg)
        return self


class FillerConfig(Section):
    """Particles that only fill rates: what the halo model leaves open between its own and the trigger rates."""

    chod_per_pot: float = assumed(
        2.19e-7, "soft particles seen by the CHOD alone, per POT; makes Q1 about 280 kHz", ge=0, le=1e-4
    )
    chod_spread_mm: float = assumed(450.0, "Gaussian spread of their position in x and y [mm]", ge=30, le=1e4)
    lkr_per_pot: float = assumed(
        2.45e-9, "clusters seen by the LKr alone, per POT; makes the LKr line about 4 kHz", ge=0, le=1e-4
    )
    lkr_spread_mm: float = assumed(450.0, "Gaussian spread of their position in x and y [mm]", ge=30, le=1e4)
    lkr_energy_gev: tuple[Momentum, MomentumSpread] = assumed(
        (1.0, 3.0), "their energy = first + exponential of mean second [GeV]"
    )


class ChodResponse(Section):
    """CHOD tiles."""

    efficiency: float = assumed(
        0.995, "a particle through the tiles is seen at all (gaps); gives pairs of halo muons an H2 of 0.98", gt=0, le=1
    )
    pmt_efficiency: float = assumed(0.956, "of one PMT; gives the tight fraction 0.916 of kaon data", gt=0, le=1)
    time_ns: float = known(
        0.6, "resolution of the mean of the two PMTs [ns]. Source: CERN-EP-2023-032", ge=0, le=RESOLUTION_NS
    )
    delta_ray_probability: float = assumed(
        0.058,
        "a neighbouring tile fires too; with the row overlap 0.066 of particles fire two tiles: H2 about 18 kHz",
        ge=0,
        lt=1,
    )


class Na48ChodResponse(Section):
    """NA48-CHOD slabs."""

    efficiency: float = assumed(0.99, "of one slab", ge=0, le=1)
    time_ns: float = known(
        0.28, "resolution of one slab [ns]; two planes give 200 ps. Source: CERN-EP-2023-032", ge=0, le=RESOLUTION_NS
    )


class Muv3Response(Section):
    """MUV3 tiles."""

    pmt_efficiency: float = assumed(0.917, "of one PMT; gives the tight fraction 0.846 of kaon data", gt=0, le=1)
    time_ns: float = assumed(0.5, "resolution of the mean of the two PMTs [ns]", ge=0, le=RESOLUTION_NS)
    scattering_mm_gev: float = known(
        530.0, "scattering before MUV3 times p [mm GeV/c]. Source: NA62 framework", ge=0, le=1e4
    )
    punch_through: float = assumed(0.01, "a pion or kaon that gets to the calorimeters gets to MUV3", ge=0, le=1)


class StrawResponse(Section):
    """STRAW tracks."""

    kick_sign: int = assumed(-1, "sign of the MNP33 kick in x of a positive particle", ge=-1, le=1)
    efficiency: float = assumed(0.98, "a particle in the acceptance of the chambers gives a track", ge=0.01, le=1)
    charge_confusion: float = assumed(1.0e-4, "a track has the wrong charge", ge=0, le=1)
    tank_radius_mm: float = assumed(
        1080.0, "a muon outside this radius at ANTI0 goes through the tank's wall: no track [mm]", gt=0, le=1e4
    )
    momentum_constant: float = known(0.0030, "sigma_p/p. Source: CERN-EP-2023-032", ge=0, le=0.5)
    momentum_linear: float = known(
        0.00005, "sigma_p/p per GeV/c, in quadrature. Source: CERN-EP-2023-032", ge=0, le=0.1
    )
    slope_rad: float = assumed(34.6e-6, "slope resolution [rad]: 1.92 x 18 urad, from the K_S width", ge=0, le=0.1)
    slope_rad_gev: float = assumed(
        0.672e-3, "the same times p, in quadrature [rad GeV/c]: 1.92 x 0.35 mrad", ge=0, le=1
    )
    tail_fraction: float = assumed(0.10, "tracks with slopes worse by `tail_factor`", ge=0, le=1)
    tail_factor: float = assumed(3.0, "see `tail_fraction`", ge=1, le=100)
    position_mm: float = assumed(0.13, "position resolution at STRAW1 [mm]", ge=0, le=RESOLUTION_MM)
    time_ns: float = assumed(5.0, "resolution of the track time [ns]", ge=0, le=RESOLUTION_NS)


class RichResponse(Section):
    """Kaon tag of a track."""

    kaon_efficiency: float = assumed(0.90, "the track of a kaon is tagged", ge=0, le=1)
    misidentification: float = assumed(0.002, "any other track is tagged", ge=0, le=1)


class CalorimeterResponse(Section):
    """LKr clusters and MUV1, MUV2 energies."""

    muon_efficiency: float = assumed(0.95, "a muon makes a cluster in the LKr, MUV1, MUV2", ge=0, le=1)
    lkr_mip_gev: tuple[MomentumSpread, MomentumSpread] = assumed((0.45, 0.05), "muon in the LKr: mean and spread [GeV]")
    lkr_radiation: tuple[Fraction, Momentum] = assumed(
        (0.15, 0.4), "part of the muons with more energy, mean of it [GeV]"
    )
    muv1_mip_gev: tuple[MomentumSpread, MomentumSpread] = assumed((1.1, 0.2), "muon in MUV1: mean and spread [GeV]")
    muv2_mip_gev: tuple[MomentumSpread, MomentumSpread] = assumed((0.9, 0.2), "muon in MUV2: mean and spread [GeV]")
    lkr_stochastic: float = assumed(0.048, "electron and photon: sigma_E/E x sqrt(E)", ge=0, le=5)
    lkr_noise_gev: float = assumed(0.11, "electron and photon: sigma_E/E x E [GeV]", ge=0, le=100)
    lkr_constant: float = assumed(0.009, "electron and photon: sigma_E/E", ge=0, le=1)
    hadron_mip: float = assumed(0.4, "part of the pions and kaons that do not shower in the LKr", ge=0, le=1)
    hadron_shape: tuple[Shape, Shape] = assumed((2.0, 2.0), "the others, E/p in the LKr: shapes of a Beta ...")
    hadron_range: tuple[Fraction, Fraction] = assumed((0.1, 0.95), "... on this range")
    muv1_share_shape: tuple[Shape, Shape] = assumed(
        (4.0, 2.0), "part of the energy behind the LKr that is in MUV1: shapes of a Beta"
    )
    hadron_stochastic: float = assumed(0.50, "hadron in MUV1, MUV2: sigma_E/E x sqrt(E)", ge=0, le=5)
    hadron_constant: float = assumed(0.06, "hadron in MUV1, MUV2: sigma_E/E", ge=0, le=1)
    lkr_position_mm: float = assumed(1.0, "position resolution [mm]", ge=0, le=RESOLUTION_MM)
    lkr_time_ns: float = assumed(0.7, "time resolution [ns]", ge=0, le=RESOLUTION_NS)
    muv12_position_mm: float = assumed(20.0, "position resolution [mm]", ge=0, le=RESOLUTION_MM)
    muv12_time_ns: float = assumed(1.0, "time resolution [ns]", ge=0, le=RESOLUTION_NS)

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_order("calorimeter.hadron_range", self.hadron_range)
        return self


class VetoResponse(Section):
    """LAV, ANTI0, IRC, SAC."""

    lav_tag: float = assumed(0.03, "a muon leaves a hit in some LAV station", ge=0, le=1)
    lav12_efficiency: float = assumed(
        0.0, "a particle through the ring of LAV12 leaves a hit; 0: halo gets tags only", ge=0, le=1
    )
    lav_shower_efficiency: float = assumed(
        0.995, "a photon or electron into the ring of a LAV station is seen, and ends there", ge=0, le=1
    )
    sav_efficiency: float = assumed(0.99, "a photon into the IRC or the SAC is seen, and ends there", ge=0, le=1)
    sav_time_ns: float = assumed(1.0, "time resolution of IRC and SAC [ns]", ge=0, le=RESOLUTION_NS)
    lav_time_ns: float = assumed(1.0, "time resolution [ns]", ge=0, le=RESOLUTION_NS)
    anti0_efficiency: float = assumed(0.99, "of ANTI0", ge=0, le=1)
    anti0_hole_mm: float = assumed(
        145.0, "radius of its hole [mm]; fitted: 0.12 of K+ -> 3 pi pairs pass outside, as published", ge=0, le=1e4
    )
    anti0_outer_mm: float = assumed(1080.0, "its outer radius [mm]", gt=0, le=1e4)
    anti0_position_mm: float = assumed(36.0, "position resolution [mm]: 124 mm tiles", ge=0, le=RESOLUTION_MM)
    anti0_time_ns: float = assumed(1.0, "time resolution [ns]", ge=0, le=RESOLUTION_NS)

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_order("veto.anti0_hole_mm and anti0_outer_mm", (self.anti0_hole_mm, self.anti0_outer_mm))
        return self


class NoiseConfig(Section):
    """Hits without a particle, uniform through the spill."""

    chod_hz: float = assumed(10.0, "dark rate of one CHOD PMT [Hz]", ge=0, le=1e5)
    na48chod_hz: float = assumed(10.0, "dark rate of one NA48-CHOD slab [Hz]", ge=0, le=1e5)
    muv3_hz: float = assumed(10.0, "dark rate of one MUV3 PMT [Hz]", ge=0, le=1e5)
    lav_hz: float = assumed(1000.0, "random hits of one LAV station [Hz]", ge=0, le=1e7)
    sav_hz: float = assumed(5000.0, "random hits of the IRC, and of the SAC [Hz]", ge=0, le=1e7)


CHANNEL_DETECTORS = ("chod", "na48chod", "muv3", "lav", "sav")
ALL_DETECTORS = (*CHANNEL_DETECTORS, "straw", "anti0", "lkr", "muv12")


class ChannelsConfig(Section):
    """Channels that are not as they should be, for the whole run. Channels by their published number.

    A station of the LAV counts as one channel, and so do IRC (0) and SAC (1).
    """

    dead: tuple[tuple[str, int], ...] = assumed((), "channels without hits: (detector, channel)")
    noisy: tuple[tuple[str, int, float], ...] = assumed(
        (), "channels with hits of their own, on top of the noise of all: (detector, channel, rate [Hz])"
    )
    time_offsets_ns: tuple[tuple[str, float], ...] = assumed((), "hits of a detector are late by: (detector, [ns])")

    @model_validator(mode="after")
    def _check(self) -> Self:
        with_channels = [name for name, _ in self.dead] + [name for name, *_ in self.noisy]
        rows: list[tuple[str, tuple[str, ...]]] = [(name, CHANNEL_DETECTORS) for name in with_channels]
        rows += [(name, ALL_DETECTORS) for name, _ in self.time_offsets_ns]
        for detector, known_ones in rows:
            if detector not in known_ones:
                msg = f"detector.channels: '{detector}', wanted one of {', '.join(known_ones)}"
                raise ValueError(msg)
        if any(not 0 < rate <= 1e7 for *_, rate in self.noisy):
            msg = "detector.channels.noisy: rates above 0 and up to 1e7 Hz wanted"
            raise ValueError(msg)
        if any(abs(offset) > 25 for _, offset in self.time_offsets_ns):
            msg = "detector.channels.time_offsets_ns: at most 25 ns either way"
            raise ValueError(msg)
        return self


class ModesConfig(Section):
    """Bursts that are not beam: one stands for many spills, and holds a part of what happened in them."""

    spills_per_burst: int = assumed(1000, "spills of `beam.pot_per_spill` that one burst stands for", ge=1, le=100_000)
    pair_window_ns: float = assumed(
        12.0, "two-track: muons this close in time [ns]; further apart no trigger joins them", gt=0, le=50
    )
    spacing_ns: float = assumed(
        250.0, "pairs, or single tracks, of different spills are at least so far apart [ns]", ge=120, le=1e6
    )
    signal_decays: float = known(
        20_000.0, "signal: mean number of decays of `signal.injection` in a burst", gt=0, le=1e6
    )
    control_fraction: float = assumed(1.0e-3, "control: part of the halo muons that is kept; weight 1/this", gt=0, le=1)


class DetectorConfig(Section):
    """What arrives, response and noise of the emulated detector."""

    readout_window_ns: float = assumed(
        50.0, "hits within this time of a trigger belong to its event [ns]", gt=0, le=500
    )
    scaler_gate_ns: float = assumed(12.5, "pulses of a scaler closer than this merge; gate of QX [ns]", gt=0, le=1000)
    halo: HaloConfig = HaloConfig()
    filler: FillerConfig = FillerConfig()
    chod: ChodResponse = ChodResponse()
    na48chod: Na48ChodResponse = Na48ChodResponse()
    muv3: Muv3Response = Muv3Response()
    straw: StrawResponse = StrawResponse()
    rich: RichResponse = RichResponse()
    calorimeter: CalorimeterResponse = CalorimeterResponse()
    veto: VetoResponse = VetoResponse()
    noise: NoiseConfig = NoiseConfig()
    channels: ChannelsConfig = ChannelsConfig()
    modes: ModesConfig = ModesConfig()
