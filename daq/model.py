"""The event model: what a triggered event holds, column by column, with type, unit and meaning.

This one table makes the Arrow schema, the hit blocks of the detector and the documentation. Schema
`dumpwatch.event/1`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

SCHEMA_NAME = "dumpwatch.event/1"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, little-endian NumPy type, unit, meaning."""

    name: str
    dtype: str
    unit: str
    meaning: str


class TriggerType(IntFlag):
    """How an event was triggered; bits may be set together. Source: NA62 farm-lib, Event.h."""

    PHYSICS = 0x01
    PERIODIC = 0x02
    CONTROL = 0x10
    SPECIAL = 0x20


class Sav(IntEnum):
    """Small-angle veto detectors."""

    IRC = 0
    SAC = 1


class Mode(IntEnum):
    """What kind of data a burst holds. Anything but BEAM_DUMP and KAON is emulated and says so on the page."""

    BEAM_DUMP = 0
    KAON = 1
    EMULATED = 2
    BIASED = 3


HEADER: tuple[Column, ...] = (
    Column("event_number", "<u4", "", "24 bits, from 0 at SOB"),
    Column("timestamp", "<u4", "24.951059536 ns", "ticks since SOB"),
    Column("fine_time", "<u1", "1/256 tick", "fine part of the trigger time"),
    Column("trigger_flags", "<u2", "", "one bit per L0 mask, after its downscaling"),
    Column("trigger_type", "<u1", "", "bits of TriggerType"),
)

_TIME = Column("time", "<f4", "ns", "hit time minus trigger time")

DETECTORS: dict[str, tuple[Column, ...]] = {
    "straw": (
        Column("x", "<f4", "mm", "position at Z = 180 m"),
        Column("y", "<f4", "mm", "position at Z = 180 m"),
        Column("tx", "<f4", "rad", "slope dx/dz upstream of the magnet"),
        Column("ty", "<f4", "rad", "slope dy/dz"),
        Column("p", "<f4", "GeV/c", "momentum"),
        Column("charge", "<i1", "e", "charge"),
        Column("chi2", "<f4", "", "track fit chi2"),
        Column("chambers", "<u1", "", "number of chambers in the track"),
        Column("kaon", "<u1", "", "1 when the RICH prefers the kaon hypothesis"),
    ),
    "chod": (_TIME, Column("id", "<u2", "", "readout channel: 100 quadrant + tile, +50 for the second PMT")),
    "na48chod": (_TIME, Column("id", "<u2", "", "slab 0..127: vertical plane, then horizontal, 16 a quadrant")),
    "muv3": (_TIME, Column("id", "<u2", "", "readout channel: tile 0..151, +200 for the second PMT")),
    "lav": (_TIME, Column("station", "<u1", "", "station 1..12")),
    "anti0": (_TIME, Column("x", "<f4", "mm", "position"), Column("y", "<f4", "mm", "position")),
    "sav": (_TIME, Column("detector", "<u1", "", "0 IRC, 1 SAC")),
    "lkr": (
        _TIME,
        Column("x", "<f4", "mm", "cluster position"),
        Column("y", "<f4", "mm", "cluster position"),
        Column("energy", "<f4", "GeV", "cluster energy"),
        Column("detector", "<u1", "", "always 0"),
    ),
    "muv12": (
        _TIME,
        Column("x", "<f4", "mm", "cluster position"),
        Column("y", "<f4", "mm", "cluster position"),
        Column("energy", "<f4", "GeV", "cluster energy"),
        Column("detector", "<u1", "", "1 MUV1, 2 MUV2"),
    ),
}
