"""What is out of order in a burst. Everything at its default is a quiet burst."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

T10Reading = Literal["good", "absent", "negative", "implausible"]


@dataclass(frozen=True, slots=True)
class Conditions:
    """State of the readout channels.

    dead_channels : (detector, published channel)
    hot_channels : (detector, published channel, rate [Hz]) of hits uniform through the spill
    time_offsets_ns : (detector, published channel, offset [ns]) added to the time of every hit
    """

    dead_channels: tuple[tuple[str, int], ...] = ()
    hot_channels: tuple[tuple[str, int, float], ...] = ()
    time_offsets_ns: tuple[tuple[str, int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class WireFaults:
    """What goes wrong between the detector and the workers; carried out by the source role.

    drop_eob : the end-of-burst record never comes
    duplicate : every frame is sent twice
    """

    drop_eob: bool = False
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class BeamConditions:
    """State of the beam line.

    intensity, halo : factors of the protons and of the halo rate
    t10_gain : factor of the response of the SEM
    b2_set_a, b2_current_a : set point and true current of B2 [A]; None: as configured
    t10 : what the T10 reading is like
    magnet_stamp_s : magnet stamp minus the stamp of the burst [s]; 0 when both are of one cycle
    """

    intensity: float = 1.0
    halo: float = 1.0
    t10_gain: float = 1.0
    b2_set_a: float | None = None
    b2_current_a: float | None = None
    t10: T10Reading = "good"
    magnet_stamp_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BurstConditions:
    """Everything about one burst that a scenario can change.

    skipped : the burst is never taken, its number does not appear
    clock_step_s : wall clock at SOB minus the right one [s]
    """

    beam: BeamConditions = field(default_factory=BeamConditions)
    channels: Conditions = field(default_factory=Conditions)
    wire: WireFaults = field(default_factory=WireFaults)
    skipped: bool = False
    clock_step_s: float = 0.0


QUIET = BurstConditions()
