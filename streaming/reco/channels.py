"""Final states as a table: a new one is a row here and a name at the end of `streaming.tally.CHANNELS`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np

from streaming.masked import SEALED_CHANNELS
from streaming.reco.arrays import I64, Flags
from streaming.tally import CHANNELS


class Pid(IntEnum):
    """What a track is, when that is certain."""

    UNKNOWN = 0
    MUON = 1
    ELECTRON = 2
    HADRON = 3


class PairCharge(IntFlag):
    """Charges of the two tracks."""

    OPPOSITE = 1
    PLUS = 2
    MINUS = 4


SAME = PairCharge.PLUS | PairCharge.MINUS


class Veto(IntFlag):
    """What rejects an event: activity of a detector, or a track of the pair in the hole of ANTI0."""

    NONE = 0
    LAV = 1
    ANTI0 = 2
    SAV = 4
    ANTI0_HOLE = 8


class Neutral(IntFlag):
    """What the neutral clusters of an event make; one bit is set."""

    NOTHING = 1
    PHOTON = 2
    PI0 = 4
    TWO_PI0 = 8
    ETA = 16
    OTHER = 32


ANY_NEUTRAL = Neutral(63)

OF_PHOTONS = Neutral.PHOTON | Neutral.PI0 | Neutral.TWO_PI0 | Neutral.ETA
"""What is part of a final state; the photons of a channel that asks for one of these belong to its candidate."""


class KaonTag(IntFlag):
    """Whether the RICH prefers the kaon hypothesis for the positive track."""

    NO = 1
    YES = 2


ANY_TAG = KaonTag(3)


class Zone(IntFlag):
    """Where the vertex is; several bits can be set."""

    FIDUCIAL = 1
    UPSTREAM = 2
    CONES = 4


HADRON_VETOES = Veto.LAV | Veto.ANTI0 | Veto.SAV | Veto.ANTI0_HOLE
"""The hole is for hadrons alone: K+ of the beam come through it. Muons of signals may, and ANTI0 does not veto them."""

ANTI0_INVERTED = Veto.ANTI0 | Veto.ANTI0_HOLE
"""Acceptance and veto of ANTI0 inverted. Source: Vulcano talk 2024 (physics notes G.5)."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One final state, or one side sample.

    vetoes : bits of which none may be set
    active : bits of which one must be set; none: nothing is asked
    regions : the SR and CR of `RegionsConfig` that belong to it
    sealed : the name in `streaming.masked.SEALED_CHANNELS` under which its masked candidates are sealed; None: they are
        not, they are only never shown
    """

    name: str
    first: Pid
    second: Pid
    charge: PairCharge
    vetoes: Veto
    regions: str
    sealed: str | None = None
    neutral: Neutral = ANY_NEUTRAL
    kaon: KaonTag = ANY_TAG
    zone: Zone = Zone.FIDUCIAL
    active: Veto = Veto.NONE

    @property
    def takes_photons(self) -> bool:
        """Whether photons count in the line of the candidate; others that happen to be there do not."""
        return self.neutral & ~OF_PHOTONS == 0


def _hadrons(
    name: str, neutral: Neutral, kaon: KaonTag = KaonTag.NO, charge: PairCharge = PairCharge.OPPOSITE
) -> Channel:
    sealed = {"pipi_os": "pipi"}.get(name, name) if charge is PairCharge.OPPOSITE else None
    return Channel(name, Pid.HADRON, Pid.HADRON, charge, HADRON_VETOES, "hadron", sealed, neutral, kaon)


CHANNEL_TABLE: tuple[Channel, ...] = (
    Channel("mumu_os", Pid.MUON, Pid.MUON, PairCharge.OPPOSITE, Veto.LAV, "mumu", sealed="mumu"),
    Channel("mumu_pp", Pid.MUON, Pid.MUON, PairCharge.PLUS, Veto.LAV, "mumu"),
    Channel("mumu_mm", Pid.MUON, Pid.MUON, PairCharge.MINUS, Veto.LAV, "mumu"),
    Channel("emu_os", Pid.ELECTRON, Pid.MUON, PairCharge.OPPOSITE, Veto.LAV, "mumu"),
    Channel("emu_ss", Pid.ELECTRON, Pid.MUON, SAME, Veto.LAV, "mumu"),
    Channel(
        "ee_os", Pid.ELECTRON, Pid.ELECTRON, PairCharge.OPPOSITE, Veto.LAV | Veto.ANTI0, "ee", "ee", zone=Zone.CONES
    ),
    Channel("ee_ss", Pid.ELECTRON, Pid.ELECTRON, SAME, Veto.LAV | Veto.ANTI0, "ee", zone=Zone.CONES),
    _hadrons("pipi_os", Neutral.NOTHING),
    _hadrons("pipi_ss", Neutral.NOTHING, ANY_TAG, SAME),
    Channel("mupi_os", Pid.MUON, Pid.HADRON, PairCharge.OPPOSITE, Veto.LAV, "hadron"),
    Channel("mupi_ss", Pid.MUON, Pid.HADRON, SAME, Veto.LAV, "hadron"),
    _hadrons("pipi_gamma", Neutral.PHOTON),
    _hadrons("pipi_pi0", Neutral.PI0),
    _hadrons("pipi_2pi0", Neutral.TWO_PI0),
    _hadrons("pipi_eta", Neutral.ETA),
    _hadrons("kk", Neutral.NOTHING, KaonTag.YES),
    _hadrons("kk_pi0", Neutral.PI0, KaonTag.YES),
    Channel("lav_inverted", Pid.MUON, Pid.MUON, PairCharge.OPPOSITE, Veto.NONE, "mumu", active=Veto.LAV),
    Channel("anti0_inverted", Pid.HADRON, Pid.HADRON, PairCharge.OPPOSITE, Veto.NONE, "hadron", active=ANTI0_INVERTED),
    Channel("upstream", Pid.HADRON, Pid.HADRON, PairCharge.OPPOSITE, Veto.NONE, "hadron", zone=Zone.UPSTREAM),
)
"""The first row that fits is the channel of an event. Source: CERN-EP-2023-032, section 5; veto matrix and channels of
the talks 2024 and 2025 (physics notes E.3 to E.5). Side samples come last, so that they take what no search takes."""


def channel_rows() -> I64:
    """Table for the kernel, shape (n_channels, 8), in the order of `CHANNELS`.

    Columns: first, second, charge bits, vetoes, neutral bits, kaon bits, zone bits, vetoes of which one is active.
    """
    by_name = {channel.name: channel for channel in CHANNEL_TABLE}
    rows = [by_name[name] for name in CHANNELS]
    return np.array(
        [(c.first, c.second, c.charge, c.vetoes, c.neutral, c.kaon, c.zone, c.active) for c in rows], np.int64
    )


def photon_rows() -> Flags:
    """`Channel.takes_photons` of each of `CHANNELS`."""
    by_name = {channel.name: channel.takes_photons for channel in CHANNEL_TABLE}
    return np.array([by_name[name] for name in CHANNELS])


def sealed_rows() -> I64:
    """Row of `SEALED_CHANNELS` of each of `CHANNELS`, -1 for one that is not sealed."""
    by_name = {channel.name: channel.sealed for channel in CHANNEL_TABLE}
    sealed = [by_name[name] for name in CHANNELS]
    return np.array([-1 if name is None else SEALED_CHANNELS.index(name) for name in sealed], np.int64)
