"""B2 as a regime: at its setting, on the way to a new one, or off. Rates are judged in the first only."""

from __future__ import annotations

from dataclasses import dataclass, replace

from daq.config.alarms import AlarmsConfig
from monitor.alarms.model import Inhibit


@dataclass(frozen=True, slots=True)
class Magnet:
    """What is known about B2.

    set_a : setting of the last spill [A]
    arrived : the current has been at that setting
    ramping : spills of the ramp so far; 0: none
    off : why rates are not judged; None: it is where it should be
    """

    set_a: float | None = None
    arrived: bool = True
    ramping: int = 0
    off: Inhibit | None = None


def follow(magnet: Magnet, current_a: float | None, set_a: float | None, cfg: AlarmsConfig) -> Magnet:
    """State after a spill. A change of setting allows a ramp of `ramp_spills`; leaving a setting is a trip."""
    if current_a is None:
        return replace(magnet, off=Inhibit.BAD_SPILL)
    if set_a is None:
        return replace(magnet, off=None)
    planned = magnet.set_a is not None and abs(set_a - magnet.set_a) > cfg.b2_tolerance_a
    if abs(current_a - set_a) <= cfg.b2_tolerance_a:
        return Magnet(set_a)
    ramping = 1 if planned else magnet.ramping + (0 if magnet.arrived else 1)
    is_ramp = 0 < ramping <= cfg.ramp_spills
    off = Inhibit.MAGNET_RAMP if is_ramp else Inhibit.MAGNET_OFF
    return Magnet(set_a, arrived=not ramping, ramping=ramping, off=off)
