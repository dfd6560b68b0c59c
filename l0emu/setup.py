"""The trigger menu as arrays that the kernels take. Built once per run from the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from daq.config.l0 import L0_INPUTS, ChodInputConfig, L0Config, LkrInputConfig
from daq.model import TriggerType
from daq.units import TICK_NS, ns_to_fine
from l0emu.chod_primitives import ChodMaps, chod_maps
from l0emu.conditions import chod_table, feature_table
from l0emu.decision import CONTROL_FLAG, FIFO_SCALE, RULES_DTYPE
from l0emu.masks import mask_table, mask_words


@dataclass(frozen=True, slots=True)
class InputSetup:
    """One primitive source.

    window, time_cut, dead_time : fine-time units
    threshold : summed energy that sets feature bit 0 [GeV]; infinite where there is none
    table : uint16    primitive bits for each packed count (CHOD) or feature word
    """

    window: int
    time_cut: int
    dead_time: int
    threshold: float
    table: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class L0Setup:
    """Everything fixed during a run.

    inputs : the detectors that some enabled line needs, in the order of the inputs A..G
    reference, control : detectors; control is None when the line is off
    others : detectors that enabled masks match with the reference
    shift : slot = time >> shift
    tables : uint16 (1 + len(others), 65536)    rows of the masks satisfied by words of the reference and the others
    control_table : uint16 (1, 65536)    1 where the control line is satisfied
    names : name in the counters -> row: enabled masks in the order of the configuration, then the control line
    flag, downscaling : int64 (k + 1,)    by row, with a row for the control line even when it is off
    rules : (1,) of `decision.RULES_DTYPE`
    """

    inputs: dict[str, InputSetup]
    reference: str
    control: str | None
    others: tuple[str, ...]
    fine_time_bits: int
    shift: int
    time_cut: NDArray[np.int64]
    tables: NDArray[np.uint16]
    control_table: NDArray[np.uint16]
    names: dict[str, int]
    flag: NDArray[np.int64]
    downscaling: NDArray[np.int64]
    rules: NDArray[np.void]
    chod: ChodMaps

    @classmethod
    def from_config(cls, config: L0Config) -> Self:
        """Build from a validated configuration."""
        masks = [mask for mask in config.masks if mask.enabled]
        conditions = {name.split(".")[0] for mask in masks for name in (*mask.require, *mask.veto)}
        others = tuple(name for name in L0_INPUTS if name in conditions - {config.reference})
        control = config.control.detector if config.control.enabled else None
        # without an enabled mask there is no candidate to look for, so the reference is not needed either
        needed = {*others, *([config.reference] if masks else []), *([control] if control else [])}
        inputs = {name: _input(name, config) for name in L0_INPUTS if name in needed}
        names = [*(mask.name for mask in masks), *([config.control.name] if control else [])]
        return cls(
            inputs=inputs,
            reference=config.reference,
            control=control,
            others=others,
            fine_time_bits=config.fine_time_bits,
            shift=8 - config.fine_time_bits,
            time_cut=np.array([inputs[name].time_cut for name in others], dtype=np.int64),
            tables=np.stack([_table(name, config) for name in (config.reference, *others)]),
            control_table=_control_table(config),
            names={name: row for row, name in enumerate(names)},
            flag=np.array([*(1 << mask.bit for mask in masks), CONTROL_FLAG], dtype=np.int64),
            downscaling=np.array([*(mask.downscaling for mask in masks), config.control.downscaling], dtype=np.int64),
            rules=_rules(config),
            chod=chod_maps(),
        )


def _input(name: str, config: L0Config) -> InputSetup:
    settings = getattr(config.inputs, name)
    is_chod = isinstance(settings, ChodInputConfig)
    return InputSetup(
        window=ns_to_fine(settings.window_ns),
        time_cut=ns_to_fine(settings.time_cut_ns),
        dead_time=ns_to_fine(settings.dead_time_ns) if is_chod else 0,
        threshold=settings.threshold_gev if isinstance(settings, LkrInputConfig) else np.inf,
        table=chod_table(settings.bits) if is_chod else feature_table(name, settings.bits),
    )


def _table(name: str, config: L0Config) -> NDArray[np.uint16]:
    bits = getattr(config.inputs, name).bits
    masks = [mask for mask in config.masks if mask.enabled]
    return mask_table([mask_words(name, bits, mask.require, mask.veto) for mask in masks])


def _control_table(config: L0Config) -> NDArray[np.uint16]:
    control = config.control
    bits = getattr(config.inputs, control.detector).bits
    return mask_table([mask_words(control.detector, bits, control.require, control.veto)])[None, :]


def _rules(config: L0Config) -> NDArray[np.void]:
    rules = np.zeros(1, dtype=RULES_DTYPE)
    choke = config.choke
    rules["start_delay"] = config.start_delay_ticks
    rules["primitive_dt"] = config.primitive_dt_ticks
    rules["words"] = choke.trigger_words * FIFO_SCALE
    rules["drain"] = round(choke.drain_words_per_second * TICK_NS * 1e-9 * FIFO_SCALE)
    rules["on"] = choke.on_words * FIFO_SCALE
    rules["off"] = choke.off_words * FIFO_SCALE
    rules["no_stamp"] = 1 << 60
    rules["type_physics"] = TriggerType.PHYSICS
    rules["type_control"] = TriggerType.CONTROL
    return rules
