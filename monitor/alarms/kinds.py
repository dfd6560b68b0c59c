"""The alarms a desk raises: name, system, severity, what to do. Their texts carry the numbers."""

from __future__ import annotations

from typing import NamedTuple

from monitor.alarms.model import Severity, System

JUMP, TRIGGER, DRIFT, RATIO = "BackgroundRateExcursion", "TriggerRateExcursion", "BackgroundDrift", "RatioExcursion"
POT_SUSPECT, POT_MISSING, MAGNET = "PotMonitorSuspect", "PotMissing", "MagnetOffWorkingPoint"
SCALER, INCOMPLETE, CLOCK, DEAD = "ScalerBad", "SpillIncomplete", "ClockStep", "DeadTimeHigh"
MISCALIBRATED, KEYS = "DetectorMiscalibrated", "SealingKeysMissing"


class Kind(NamedTuple):
    """What is the same for every alarm of a name."""

    system: System
    severity: Severity
    action: str


KINDS = {
    JUMP: Kind(
        "background",
        "page",
        "Look at B2, collimators and beam steering; compare the other streams and the time profile of the spill. "
        "If the beam was changed on purpose and stays so, re-base the reference.",
    ),
    TRIGGER: Kind(
        "trigger",
        "page",
        "Compare with the scalers of Q1 and MUV3: if they are quiet it is the trigger (hot channel, masks, timing), "
        "otherwise the beam.",
    ),
    DRIFT: Kind(
        "background",
        "page",
        "The rate has moved over several spills. Look at the trend since it began, at B2 and at the T10 reading. "
        "Do not re-base before the cause is known.",
    ),
    RATIO: Kind(
        "trigger",
        "ticket",
        "A ratio needs no protons, so T10 is not the cause: look for dead or hot channels in the illumination, "
        "and for changed thresholds or masks.",
    ),
    POT_SUSPECT: Kind(
        "accounting",
        "page",
        "Check the T10 monitor: gain, high voltage, readout. Compare with the other beam intensity monitors. "
        "The protons of these spills are to be corrected later.",
    ),
    POT_MISSING: Kind(
        "accounting",
        "page",
        "Check the T10 monitor and its data link; the spills are kept, they are not good ones, rates are not judged.",
    ),
    MAGNET: Kind(
        "beam",
        "page",
        "Check the power supply of B2 with the control room. Rates are not judged until the current is back.",
    ),
    SCALER: Kind(
        "background",
        "ticket",
        "Check the readout of the scalers; the spill is kept, rates of a bad scaler are not judged.",
    ),
    INCOMPLETE: Kind("accounting", "ticket", "Replay the recorded burst: a complete replay upgrades it."),
    CLOCK: Kind("accounting", "ticket", "Check the time service of the source. Order and sums do not depend on it."),
    DEAD: Kind("trigger", "ticket", "Look at the trigger rate and at what chokes the readout."),
    KEYS: Kind(
        "chain",
        "page",
        "Give collector and workers the key set ([sealing] keys) and restart them; until then no event with several "
        "tracks is looked at. Single tracks, triggers and scalers are counted as ever.",
    ),
    MISCALIBRATED: Kind(
        "alarms",
        "ticket",
        "If the alarms had real causes, do nothing. Otherwise the noise has changed: calibrate and re-base "
        "(`dumpwatch alarms calibrate`).",
    ),
}


def jump_name(stream: str) -> str:
    """Name of the single-spill alarm of a stream: H2 is the trigger's."""
    return TRIGGER if stream == "h2" else JUMP
