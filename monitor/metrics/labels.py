"""Every label there is, and every value it can have. What is not in a set is told as `other`, never as itself."""

from __future__ import annotations

from monitor.spill import Quality
from streaming.tally import CHANNELS

OTHER = "other"
"""What is not in a closed set is counted under this."""

NONE = ""
"""No stream: an alarm of the whole chain. For Prometheus an empty label is one that is not there."""

MASKS = ("Q1", "H2", "LKR")

FRAME_REASONS = ("truncated", "magic", "version", "checksum", "meta", "wire")
"""Reasons of `daq.errors.WireError`."""

HTTP_REASONS = (
    "viewers",
    "request",
    "token",
    "host",
    "origin",
    "path",
    "method",
    "slow",
    "state",
    "body",
    "type",
    "rate",
    "header",
    "fault",
    "unavailable",
)
"""Why a request was refused."""

STREAMS = ("muv3", "q1", "h2", "lav", "anti0", "pairs", "vertices", "h2/q1", "muv3/q1", "lav/q1", "pot")
"""Watched streams, the ratios that need no protons, and the protons themselves."""

ALARMS = (
    "BackgroundRateExcursion",
    "BackgroundDrift",
    "RatioExcursion",
    "PotMonitorSuspect",
    "MagnetOffWorkingPoint",
    "PotMissing",
    "ScalerBad",
    "SpillIncomplete",
    "ClockStep",
    "SealingKeysMissing",
    "TriggerRateExcursion",
    "TriggerSilent",
    "DeadTimeHigh",
    "DetectorMiscalibrated",
    "LedgerImbalance",
    "LedgerUnreadable",
    "LedgerUnwritable",
    "NoSpills",
    "ChainSilent",
    "WorkersDown",
    "FramesBad",
    "BurstsRefused",
    "AlertmanagerSilent",
)
"""Alarms that the program judges itself. Prometheus adds those about the program itself: tools/alerting."""

STATES = {"OK": 0, "WARN": 1, "ALARM": 2, "UNKNOWN": 3}
"""Numbers of the alarm states."""

SIDES = ("up", "down")

LABEL_VALUES: dict[str, frozenset[str]] = {
    "mask": frozenset({*MASKS, OTHER}),
    "channel": frozenset(CHANNELS),
    "state": frozenset({"complete", "incomplete"}),
    "reason": frozenset({*(flag.value.lower() for flag in Quality), *FRAME_REASONS, *HTTP_REASONS, OTHER}),
    "stream": frozenset({*STREAMS, OTHER, NONE}),
    "alarm": frozenset({*ALARMS, OTHER}),
    "side": frozenset(SIDES),
}
"""Every label, and its values."""
