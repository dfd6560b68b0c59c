"""The level-0 trigger menu: primitives, masks, control line, choke.

A condition is written `detector.NAME`, for example `chod.H2`. The names stand here; what they mean stands in
`l0emu.conditions`. Source of the logic: physics notes, part B.
"""

from __future__ import annotations

import difflib
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from daq.config.base import Section, assumed, known

L0Detector = Literal["na48chod", "lav", "muv3", "chod", "lkr"]

L0_INPUTS: tuple[str, ...] = ("na48chod", "rich", "lav", "muv3", "chod", "talk", "lkr")
"""Inputs A..G of the L0 trigger processor; rich and talk are not emulated. Source: NA62 firmware."""

CONDITIONS: dict[str, tuple[str, ...]] = {
    "na48chod": ("N1", "NVH"),
    "lav": ("LAV12",),
    "muv3": ("M1", "MO1"),
    "chod": (
        *("H1", "HT1", "H2", "HT2", "HO1", "HTO1", "UTMC", "UTMCO", "Q1", "Q2", "QX", "QTB"),
        *("QE1", "QE2", "QE3", "QE4", "Q02", "Q13", "Q4", "Q02EX", "Q13EX"),
    ),
    "lkr": ("E1",),
}
"""Condition bits that each detector can send. Source: NA62 framework, L0NewCHODEmulator and L0MUV3Emulator."""

_CHOD_BITS = {name: i for i, name in enumerate(("H1", "HT1", "H2", "HT2", "HO1", "HTO1", "UTMC", "UTMCO"))} | {
    name: i for i, name in enumerate(("Q1", "Q2", "QX", "QTB", "Q4", "Q02"), start=8)
}


class InputConfig(Section):
    """What every primitive source has."""

    window_ns: float = assumed(10.0, "hits less than this after the first one make one cluster [ns]", ge=0.1, le=100)
    time_cut_ns: float = assumed(10.0, "a primitive matches when strictly nearer to the reference [ns]", ge=0.1, le=100)


class ChodInputConfig(InputConfig):
    """CHOD tiles."""

    dead_time_ns: float = known(40.0, "dead time of a channel [ns]; 0 is off. Source: L0NewCHODEmulator", ge=0, le=1000)
    bits: dict[str, int] = assumed(_CHOD_BITS, "condition name = bit 0..15 of the primitive")


class Na48ChodInputConfig(InputConfig):
    """NA48-CHOD slabs."""

    bits: dict[str, int] = assumed({"N1": 0, "NVH": 1}, "condition name = bit 0..15 of the primitive")


class LavInputConfig(InputConfig):
    """LAV, station 12 only."""

    bits: dict[str, int] = assumed({"LAV12": 0}, "condition name = bit 0..15 of the primitive")


class Muv3InputConfig(InputConfig):
    """MUV3 tiles."""

    bits: dict[str, int] = assumed({"M1": 0, "MO1": 1}, "condition name = bit 0..15 of the primitive")


class LkrInputConfig(InputConfig):
    """LKr clusters, summed."""

    threshold_gev: float = assumed(1.0, "E1: summed energy above this [GeV]", ge=0)
    bits: dict[str, int] = assumed({"E1": 0}, "condition name = bit 0..15 of the primitive")


class InputsConfig(Section):
    """Primitive sources."""

    chod: ChodInputConfig = Field(default_factory=ChodInputConfig)
    na48chod: Na48ChodInputConfig = Field(default_factory=Na48ChodInputConfig)
    lav: LavInputConfig = Field(default_factory=LavInputConfig)
    muv3: Muv3InputConfig = Field(default_factory=Muv3InputConfig)
    lkr: LkrInputConfig = Field(default_factory=LkrInputConfig)

    @field_validator("*")
    @classmethod
    def _check_bits(cls, value: Section, info: object) -> Section:
        check_bits(str(getattr(info, "field_name", "")), value.bits)  # type: ignore[attr-defined]
        return value


class MaskConfig(Section):
    """One L0 mask: it fires when all required bits are set and no vetoed bit is; other bits are ignored."""

    name: str = Field(pattern=r"^[A-Za-z0-9_]{1,32}$", description="name in counters")
    bit: int = Field(ge=0, le=15, description="bit of the trigger flags")
    downscaling: int = Field(1, ge=1, le=1 << 20, description="firings D, 2D, 3D ... are kept")
    enabled: bool = Field(True, description="a mask that is off is not evaluated")
    require: tuple[str, ...] = Field((), description="conditions that must be set")
    veto: tuple[str, ...] = Field((), description="conditions that must not be set")


class ControlConfig(Section):
    """The control line: tested in parallel on the primitives of its own detector."""

    name: str = known("LKR", "name in counters", pattern=r"^[A-Za-z0-9_]{1,32}$")
    enabled: bool = True
    detector: L0Detector = assumed("lkr", "control detector")
    downscaling: int = assumed(1, "firings D, 2D, 3D ... are kept", ge=1, le=1 << 20)
    require: tuple[str, ...] = assumed(("lkr.E1",), "conditions of the control detector that must be set")
    veto: tuple[str, ...] = assumed((), "conditions of the control detector that must not be set")


class ChokeConfig(Section):
    """The output FIFO of the trigger processor."""

    on_words: int = known(8000, "choke goes on at this filling [words]. Source: firmware", ge=1, le=1 << 20)
    off_words: int = known(7488, "choke goes off at this filling [words]. Source: firmware", ge=0, le=1 << 20)
    trigger_words: int = known(24, "words of one trigger: 96 bytes. Source: L0TP data block", ge=1, le=10_000)
    drain_words_per_second: float = assumed(31.25e6, "speed of the output: one gigabit link [words/s]", ge=100, le=1e10)

    @model_validator(mode="after")
    def _check_levels(self) -> Self:
        if self.off_words >= self.on_words:
            msg = f"off_words {self.off_words} must be below on_words {self.on_words}"
            raise ValueError(msg)
        return self


_DEFAULT_MASKS = (
    MaskConfig(name="Q1", bit=0, downscaling=20, require=("chod.Q1",)),
    MaskConfig(name="H2", bit=1, downscaling=1, require=("chod.H2",)),
)


class L0Config(Section):
    """Level-0 settings. Plain keys first, tables after them."""

    reference: L0Detector = assumed("chod", "reference detector: its primitives are the candidates")
    fine_time_bits: int = assumed(1, "alignment slots of 25 ns / 2^this; 0..3", ge=0, le=3)
    start_delay_ticks: int = assumed(0, "no trigger in the first ticks after SOB [ticks]", ge=0, le=1 << 30)
    primitive_dt_ticks: int = assumed(
        0, "a trigger at most this far from the last one is dropped [ticks]", ge=0, le=1 << 20
    )
    masks: tuple[MaskConfig, ...] = Field(_DEFAULT_MASKS, max_length=16, description="menu. Source: NA62 talks 2024-25")
    control: ControlConfig = Field(default_factory=ControlConfig)
    choke: ChokeConfig = Field(default_factory=ChokeConfig)
    inputs: InputsConfig = Field(default_factory=InputsConfig)

    @model_validator(mode="after")
    def _check_menu(self) -> Self:
        _check_unique("bit", [mask.bit for mask in self.masks])
        _check_unique("name", [mask.name for mask in self.masks] + [self.control.name])
        available = {f"{d}.{name}" for d in CONDITIONS for name in getattr(self.inputs, d).bits}
        for mask in self.masks:
            _check_conditions(f"mask {mask.name}", mask.require, mask.veto, available)
        own = {name for name in available if name.startswith(self.control.detector + ".")}
        _check_conditions(f"control line {self.control.name}", self.control.require, self.control.veto, own)
        return self


def check_bits(detector: str, bits: dict[str, int]) -> None:
    """Refuse a bit map with unknown names, positions outside 0..15 or a position used twice."""
    for name, position in bits.items():
        if name not in CONDITIONS[detector]:
            msg = f"unknown condition '{name}' of {detector}; {_nearest(name, CONDITIONS[detector])}"
            raise ValueError(msg)
        if not 0 <= position <= 15:
            msg = f"condition '{name}' of {detector}: bit {position}, wanted 0..15"
            raise ValueError(msg)
    _check_unique(f"bit of {detector}", list(bits.values()))


def _check_conditions(where: str, require: tuple[str, ...], veto: tuple[str, ...], available: set[str]) -> None:
    for name in (*require, *veto):
        if name not in available:
            msg = f"{where}: condition '{name}' is not in the bit map; {_nearest(name, tuple(sorted(available)))}"
            raise ValueError(msg)
    if both := sorted(set(require) & set(veto)):
        msg = f"{where}: condition '{both[0]}' is required and vetoed; keep one"
        raise ValueError(msg)


def _check_unique(what: str, values: list[int] | list[str]) -> None:
    for value in values:
        if values.count(value) > 1:  # type: ignore[arg-type]
            msg = f"{what} {value!r} is used twice; give each its own"
            raise ValueError(msg)


def _nearest(name: str, known_names: tuple[str, ...]) -> str:
    nearest = difflib.get_close_matches(name, known_names, n=1, cutoff=0.0)
    return f"nearest known is '{nearest[0]}'" if nearest else "none is known"
