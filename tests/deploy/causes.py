"""What the exporter shows in each situation, and which alerts must fire on it: no more, no fewer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import get_args

from monitor import metrics
from monitor.alarms.model import Alarm, Inhibit, State, StreamPoint, StreamReference, StreamView, System, runbook
from monitor.metrics import ALARMS, STREAMS, Snapshot
from monitor.totals import sum_spills
from tests.monitor.synthetic import make_spill
from tools.alerting.rules import RULES

TOTALS = sum_spills([make_spill(burst=burst)[0] for burst in (1, 2, 3)])
LAST = make_spill(burst=3)[0]
CHAIN = {"workers": 2, "open_bursts": 1, "unbooked": 0, "age_s": 0.2, "duplicates": 3, "refused": 0}
EVERY_ABSENT = {f"{rule.name}Absent" for rule in RULES if rule.needs}
OF_A_STREAM = ("BackgroundRateExcursion", "BackgroundDrift", "TriggerRateExcursion")


def one_alarm(name: str, state: State = State.OK, stream: str | None = None, inhibited: Inhibit | None = None) -> Alarm:
    return Alarm(
        name=name,
        system=get_args(System)[0],
        severity="page",
        stream=stream,
        state=state,
        text="",
        action="",
        runbook=runbook(name),
        inhibited=inhibited,
    )


def quiet_alarms() -> list[Alarm]:
    return [one_alarm(name) for name in ALARMS]


def with_state(name: str, state: State, stream: str | None = None) -> list[Alarm]:
    return [alarm for alarm in quiet_alarms() if alarm.name != name] + [one_alarm(name, state, stream)]


def stream_view(name: str, p_high: float = 0.4) -> StreamView:
    point = StreamPoint(
        run=1,
        burst=3,
        n=9000,
        value=9000.0,
        expected=8950.0,
        low=8000.0,
        high=9900.0,
        cusum_up=0.3,
        cusum_down=0.0,
        p_high=p_high,
        p_low=1 - p_high,
        state=State.OK,
    )
    reference = StreamReference(mean_per_1e12_pot=8950.0, phi=4e-4, phi_eff=9e-4, rho=0.1, n_spills=300)
    return StreamView(
        name=name,
        label=name,
        unit="",
        state=State.OK,
        reference=reference,
        reason="",
        predicted_false_alarms_per_week=0.03,
        points=[point],
    )


def quiet() -> Snapshot:
    """A good run, now."""
    return Snapshot(
        totals=TOTALS,
        last_spill=LAST,
        chain={**CHAIN, "bad_frames": {}},
        streams=[stream_view(name) for name in STREAMS],
        alarms=quiet_alarms(),
        viewers=1,
        last_spill_booked_ns=time.time_ns(),
        good_spills=3,
        http_refused={"host": 1},
        disk_free_ratio=0.4,
    )


def changed(**values: object) -> Callable[[], Snapshot]:
    return lambda: replace(quiet(), **values)


def told(name: str, stream: str | None = None, state: State = State.ALARM) -> Callable[[], Snapshot]:
    return changed(alarms=with_state(name, state, stream))


def bad_frames() -> Callable[[], Snapshot]:
    start = time.monotonic()
    return lambda: replace(
        quiet(), chain={**CHAIN, "bad_frames": {"checksum": max(0, int(time.monotonic() - start) - 4)}}
    )


def refused_bursts() -> Callable[[], Snapshot]:
    start = time.monotonic()
    return lambda: replace(quiet(), chain={**CHAIN, "refused": max(0, int(time.monotonic() - start) - 4)})


def no_books() -> Callable[[], Snapshot]:
    """The ledger is away: alarms are not known, and the program says so."""
    unknown = [one_alarm(name, State.UNKNOWN) for name in ALARMS if name not in ("AlertmanagerSilent", "ChainSilent")]
    quiet_ones = [one_alarm("AlertmanagerSilent"), one_alarm("ChainSilent")]
    return changed(totals=None, last_spill=None, last_spill_booked_ns=None, alarms=unknown + quiet_ones, streams=())


@dataclass(frozen=True)
class Cause:
    """A situation and the alerts that it must raise; `held_back` of them are not sent to people."""

    name: str
    shown: Callable[[], Snapshot] | None
    """None: nobody answers."""
    fires: set[str] = field(default_factory=set)
    held_back: set[str] = field(default_factory=set)
    moves: bool = False
    """Whether it is another one at each scrape."""

    def page(self) -> Callable[[], bytes]:
        """What the exporter answers; made once where nothing moves, so that the test's own machine has no work."""
        assert self.shown is not None
        shown, once = self.shown, metrics.render(self.shown())
        return (lambda: metrics.render(shown())) if self.moves else (lambda: once)


def causes() -> list[Cause]:
    """Every situation, each an exporter of its own."""
    warned = {"ScalerBad", "SpillIncomplete", "ClockStep", "DeadTimeHigh", "FramesBad", "BurstsRefused"}
    silent = {"NoSpills", "ChainSilent", "LedgerUnreadable", "AlertmanagerSilent"}
    each = [
        Cause(
            f"told-{name}",
            told(
                name,
                "muv3" if name in OF_A_STREAM else None,
                State.WARN if name in warned else State.UNKNOWN if name in silent else State.ALARM,
            ),
            {name},
        )
        for name in ALARMS
    ]
    imbalanced = TOTALS.model_copy(update={"n_counted": 1})
    waiting = Inhibit.LEARNING
    return [
        Cause("quiet", quiet),
        *each,
        Cause("learning", changed(alarms=with_inhibited("BackgroundDrift", waiting))),
        Cause("warned-drift", told("BackgroundDrift", "lav", State.WARN)),
        Cause("unknown-drift", told("BackgroundDrift", "lav", State.UNKNOWN), {"AlarmUnknown"}),
        Cause("workers-gone", changed(chain={**CHAIN, "workers": 0, "bad_frames": {}}), {"WorkersDown"}),
        Cause("chain-silent", changed(chain={**CHAIN, "age_s": 31.0, "bad_frames": {}}), {"ChainSilent"}),
        Cause("no-spills", changed(last_spill_booked_ns=time.time_ns() - 130 * 10**9), {"NoSpills"}),
        Cause("imbalance", changed(totals=imbalanced), {"LedgerImbalance"}),
        Cause("bad-frames", bad_frames(), {"FramesBad"}, moves=True),
        Cause("refused", refused_bursts(), {"BurstsRefused"}, moves=True),
        Cause("disk", changed(disk_free_ratio=0.03), {"DiskNearlyFull"}),
        Cause("unlisted", changed(alarms=[*quiet_alarms(), one_alarm("Novel", State.ALARM)]), {"UnlistedAlarm"}),
        Cause("no-desk", changed(alarms=()), EVERY_ABSENT),
        Cause(
            "no-ledger",
            no_books(),
            {"LedgerUnreadable", "NoSpills", "AlarmUnknown"},
            {"NoSpills", "AlarmUnknown"},
        ),
        Cause(
            "excursion-without-beam",
            changed(
                alarms=with_state("BackgroundRateExcursion", State.ALARM, "muv3"),
                last_spill_booked_ns=time.time_ns() - 130 * 10**9,
            ),
            {"BackgroundRateExcursion", "NoSpills"},
            {"BackgroundRateExcursion"},
        ),
        Cause(
            "excursion-of-all",
            changed(alarms=both("PotMonitorSuspect", "BackgroundDrift", "q1")),
            {"PotMonitorSuspect", "BackgroundDrift"},
            {"BackgroundDrift"},
        ),
        Cause(
            "excursion-off-the-working-point",
            changed(alarms=both("MagnetOffWorkingPoint", "BackgroundRateExcursion", "muv3")),
            {"MagnetOffWorkingPoint", "BackgroundRateExcursion"},
            {"BackgroundRateExcursion"},
        ),
        Cause("dead", None, {"MonitorDown", *EVERY_ABSENT}, EVERY_ABSENT),
    ]


def both(first: str, second: str, stream: str) -> list[Alarm]:
    others = [alarm for alarm in quiet_alarms() if alarm.name not in (first, second)]
    return [*others, one_alarm(first, State.ALARM), one_alarm(second, State.ALARM, stream)]


def with_inhibited(name: str, why: Inhibit) -> list[Alarm]:
    others = [alarm for alarm in quiet_alarms() if alarm.name != name]
    return [*others, one_alarm(name, State.UNKNOWN, "muv3", why)]
