"""The one list of alerts. Rules, absence rules, promtool tests and the check of the runbook are made from it."""

from __future__ import annotations

from tools.alerting.rule import JOB, Rule, alarm, alarm_or_unknown, alarm_state

_OF_A_STREAM = (
    ("observed per 1e12 protons", "dumpwatch_stream_counts_per_1e12_protons"),
    ("expected", "dumpwatch_stream_expected_per_1e12_protons"),
    ("sigma", "dumpwatch_stream_excess_sigma"),
    ("predicted false alarms per week", "dumpwatch_predicted_false_alarms_per_week"),
)
_CURRENTS = (("B2 [A]", "dumpwatch_last_spill_b2_current_amperes"), ("set", "dumpwatch_last_spill_b2_setting_amperes"))
_POT = (("POT of the newest spill", "dumpwatch_last_spill_pot_protons"),)
_BOOKS = (
    ("generated", "dumpwatch_events_generated_total"),
    ("counted", "dumpwatch_events_counted_total"),
    ("missing", "dumpwatch_events_missing_total"),
)
_BOOKED = (("newest row booked at", "dumpwatch_last_booking_timestamp_seconds"),)
_LIVE = (("live fraction", "dumpwatch_last_spill_live_ratio"),)
_WEEK = (("predicted per week, all streams", "instance:dumpwatch_predicted_false_alarms_per_week:sum"),)
_LATE = "max by (instance) (time() - dumpwatch_last_booking_timestamp_seconds) > 120"
_UNBALANCED = "max by (instance) (dumpwatch_ledger_imbalance_events) != 0"
_UNKNOWN = 'dumpwatch_alarm_state{alarm!~"NoSpills|ChainSilent|LedgerUnreadable|AlertmanagerSilent"}'
"""All but the alarms whose UNKNOWN is the fault itself, and has its own alert."""

_STREAM = "{{ $labels.stream }}"


def _told(
    name: str, severity: str, method: str, summary: str, numbers: tuple[tuple[str, str], ...], evidence: str = ""
) -> Rule:
    """Alarm of the program about a spill: no `for`, and held for two minutes so that one spill is seen."""
    fires = alarm(name, evidence, warns=method == "flag")
    return Rule(name, severity, method, summary, fires, numbers, alarm_state(name), hold="2m")


SPILL_RULES = (
    _told("BackgroundRateExcursion", "page", "shewhart", f"{_STREAM} is outside its control limits", _OF_A_STREAM),
    _told("BackgroundDrift", "page", "cusum", f"{_STREAM} has drifted from its reference", _OF_A_STREAM),
    _told("RatioExcursion", "ticket", "betabinomial", f"Ratio {_STREAM} has changed", ()),
    _told("TriggerRateExcursion", "page", "shewhart", f"Trigger rate {_STREAM} has changed", _OF_A_STREAM),
    _told("TriggerSilent", "page", "count", "A mask made no trigger although protons came", _POT),
    _told("PotMonitorSuspect", "page", "ratio", "All streams moved and no ratio did: suspect the protons", _POT),
    _told("PotMissing", "page", "count", "Spills in a row without a usable T10 intensity", _POT),
    _told("ScalerBad", "ticket", "flag", "A scaler ran backwards or was read badly", ()),
    _told("MagnetOffWorkingPoint", "page", "setting", "B2 is off its setting", _CURRENTS),
    _told("DeadTimeHigh", "ticket", "flag", "Dead time is high", _LIVE),
    _told("SpillIncomplete", "ticket", "flag", "A spill is incomplete", _BOOKS),
    _told("SealingKeysMissing", "page", "flag", "Spills are taken without sealing keys", ()),
    _told("ClockStep", "ticket", "flag", "The clock of the spills has stepped", ()),
    _told("DetectorMiscalibrated", "ticket", "poisson", "More alarms in a week than the thresholds predict", _WEEK),
    _told("LedgerImbalance", "page", "books", "The books do not balance", _BOOKS, _UNBALANCED),
)


def _chain(
    name: str, severity: str, summary: str, fires: str, numbers: tuple[tuple[str, str], ...] = (), wait: str = "15s"
) -> Rule:
    """Alarm about a state that lasts; a role that is restarted within `wait` is not told."""
    return Rule(name, severity, "state", summary, fires, numbers, alarm_state(name), wait=wait)


CHAIN_RULES = (
    _chain(
        "NoSpills", "page", "No spill has been booked for two minutes", alarm_or_unknown("NoSpills", _LATE), _BOOKED
    ),
    _chain(
        "ChainSilent",
        "page",
        "The chain says nothing",
        alarm_or_unknown("ChainSilent", "max by (instance) (dumpwatch_chain_silence_seconds) > 30"),
        (("silent for [s]", "dumpwatch_chain_silence_seconds"),),
        wait="30s",
    ),
    _chain(
        "WorkersDown",
        "page",
        "No worker is ready",
        alarm("WorkersDown", "max by (instance) (dumpwatch_workers_ready) == 0"),
        (("workers", "dumpwatch_workers_ready"), ("open bursts", "dumpwatch_open_bursts")),
    ),
    _chain(
        "LedgerUnreadable",
        "page",
        "The ledger cannot be read",
        alarm_or_unknown("LedgerUnreadable", "max by (instance) (dumpwatch_ledger_readable) == 0"),
    ),
    _chain(
        "LedgerUnwritable",
        "page",
        "The ledger does not take what is written",
        alarm("LedgerUnwritable", warns=True),
        (
            ("bursts waiting", "dumpwatch_unbooked_bursts"),
            ("free disk", "dumpwatch_ledger_disk_free_ratio"),
        ),
    ),
    _chain(
        "FramesBad",
        "ticket",
        "Frames were refused as damaged",
        alarm("FramesBad", "sum by (instance) (increase(dumpwatch_frames_bad_total[5m])) > 0", warns=True),
        wait="",
    ),
    _chain(
        "BurstsRefused",
        "ticket",
        "A burst was refused: the ledger has other content under its number",
        alarm("BurstsRefused", "max by (instance) (increase(dumpwatch_bursts_refused_total[5m])) > 0", warns=True),
        (("refused since start", "dumpwatch_bursts_refused_total"),),
        wait="",
    ),
    _chain(
        "AlertmanagerSilent",
        "ticket",
        "No word of Alertmanager reaches the page",
        alarm_or_unknown("AlertmanagerSilent"),
        wait="1m",
    ),
)

ABOUT_ALARMS = (
    Rule(
        "DiskNearlyFull",
        "ticket",
        "limit",
        "The disk of the ledger is nearly full",
        "max by (instance) (dumpwatch_ledger_disk_free_ratio) < 0.05",
        (("free part", "dumpwatch_ledger_disk_free_ratio"),),
        wait="1m",
    ),
    Rule(
        "AlarmUnknown",
        "ticket",
        "state",
        "Alarms that cannot be judged",
        f"count by (instance) ({_UNKNOWN} == 3 unless dumpwatch_alarm_inhibited == 1) > 0",
        wait="2m",
    ),
    Rule(
        "UnlistedAlarm",
        "page",
        "state",
        "The program raises an alarm that these rules do not know",
        alarm("other"),
    ),
    Rule(
        "MonitorDown",
        "page",
        "up",
        "The monitor does not answer: no alarm can be judged",
        f'up{{job="{JOB}"}} == 0\nor absent(up{{job="{JOB}"}})',
        wait="30s",
    ),
    Rule(
        "Watchdog",
        "none",
        "heartbeat",
        "Always firing: the dead-man's switch speaks when it stops",
        # a value that moves on, so that a repeated notification of a dead Prometheus is no sign of life
        "vector(time())",
    ),
)

RULES = (*SPILL_RULES, *CHAIN_RULES, *ABOUT_ALARMS)
NEVER_ABSENT = {
    "AlarmUnknown": "it tells an absence itself",
    "UnlistedAlarm": "its metric is there only when it rings",
    "MonitorDown": "it tells an absence itself",
    "Watchdog": "its absence is what the dead-man's switch is for",
    "DiskNearlyFull": "a PostgreSQL ledger lies on a disk that the monitor cannot see",
}
"""Alerts without an absence rule, and why."""
