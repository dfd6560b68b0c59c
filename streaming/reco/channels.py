"""Final states as a table: a new one is a row here and a name at the end of `streaming.tally.CHANNELS`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np

from streaming.masked import SEALED_CHANNELS
from streaming.reco.arrays import I64
from streaming.tally import CHANNELS


class Pid(IntEnum):
    """What a track is, when that is certain."""

    UNKNOWN = 0
    MUON = 1
    ELECTRON = 2
    PION = 3


class PairCharge(IntFlag):
    """Charges of the two tracks."""

    OPPOSITE = 1
    PLUS = 2
    MINUS = 4


class Veto(IntFlag):
    """Detectors whose activity rejects an event."""

    LAV = 1


@dataclass(frozen=True, slots=True)
class Channel:
    """One final state.

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


CHANNEL_TABLE: tuple[Channel, ...] = (
    Channel("mumu_os", Pid.MUON, Pid.MUON, PairCharge.OPPOSITE, Veto.LAV, "mumu", sealed="mumu"),
    Channel("mumu_pp", Pid.MUON, Pid.MUON, PairCharge.PLUS, Veto.LAV, "mumu"),
    Channel("mumu_mm", Pid.MUON, Pid.MUON, PairCharge.MINUS, Veto.LAV, "mumu"),
    Channel("emu_os", Pid.ELECTRON, Pid.MUON, PairCharge.OPPOSITE, Veto.LAV, "mumu"),
    Channel("emu_ss", Pid.ELECTRON, Pid.MUON, PairCharge.PLUS | PairCharge.MINUS, Veto.LAV, "mumu"),
)
"""Source: CERN-EP-2023-032, section 5; veto matrix of the LDMA talk 2025."""


def channel_rows() -> I64:
    """Table for the kernel, shape (n_channels, 4): first, second, charge bits, veto bits; order of `CHANNELS`."""
    by_name = {channel.name: channel for channel in CHANNEL_TABLE}
    rows = [by_name[name] for name in CHANNELS]
    return np.array([(c.first, c.second, c.charge, c.vetoes) for c in rows], np.int64)


def sealed_rows() -> I64:
    """Row of `SEALED_CHANNELS` of each of `CHANNELS`, -1 for one that is not sealed."""
    by_name = {channel.name: channel.sealed for channel in CHANNEL_TABLE}
    sealed = [by_name[name] for name in CHANNELS]
    return np.array([-1 if name is None else SEALED_CHANNELS.index(name) for name in sealed], np.int64)
