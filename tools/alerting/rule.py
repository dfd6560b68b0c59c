"""What an alert rule is, and how it is written for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.metrics import CATALOGUE

RUNBOOK = "http://127.0.0.1:8062/runbook"
JOB = "dumpwatch"
HELD = "alarm_stream:dumpwatch_alarm_state:held"


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert. Everything that is said about it is made from this record."""

    name: str
    severity: str
    """page: somebody must act now. ticket: before the next shift. none: the dead-man's switch."""
    method: str
    """How it is decided."""
    summary: str
    fires: str
    numbers: tuple[tuple[str, str], ...] = ()
    """(what, metric): told in the description, of the same instance and stream."""
    needs: str = ""
    """Selector of what it is decided from; when it is not there, <name>Absent fires. Empty: has no such rule."""
    wait: str = ""
    """`for`: empty where the threshold carries the false-alarm rate already."""
    hold: str = ""
    """`keep_firing_for`: a one-spill alarm stays visible."""


def alarm(name: str, evidence: str = "", *, warns: bool = False) -> str:
    """Condition: the program says ALARM, or said so before it went silent; or the evidence itself.

    `warns`: the program tells this one as WARN at most.
    """
    said = f'max by (instance, stream) ({HELD}{{alarm="{name}"}})'
    said += " >= 1 < 3" if warns else " == 2"
    return f"{said}\nor {evidence}" if evidence else said


def alarm_or_unknown(name: str, evidence: str = "") -> str:
    """Condition for an alarm whose UNKNOWN is the fault itself."""
    said = f"max by (instance, stream) ({alarm_state(name)}) >= 2"
    return f"{said}\nor {evidence}" if evidence else said


def alarm_state(name: str) -> str:
    """Selector of the state of an alarm."""
    return f'dumpwatch_alarm_state{{alarm="{name}"}}'


def alert(rule: Rule) -> dict[str, object]:
    """Write a rule in the form of Prometheus."""
    notes = {
        "summary": rule.summary,
        "description": _description(rule),
        "runbook_url": f"{RUNBOOK}#{rule.name.lower()}",
    }
    beat = {"heartbeat": "{{ $value }}"} if rule.method == "heartbeat" else {}
    return _alert(rule.name, rule.fires, rule.wait, rule.hold, rule) | {"annotations": notes | beat}


def absence(rule: Rule) -> dict[str, object]:
    """Write the paired rule: an alarm that cannot be judged because its metric is gone.

    With a monitor that is known to Prometheus it is `up` without the metric. With none at all it is `absent`.
    """
    gone = (
        f'max by (instance) (up{{job="{JOB}"}} unless on (instance) {rule.needs})\n'
        f'or max by (instance) (absent({rule.needs}) unless on () up{{job="{JOB}"}})'
    )
    return _alert(f"{rule.name}Absent", gone, "30s", "", rule) | {
        "annotations": {
            "summary": f"{rule.name} can't be judged: its metric is gone",
            "description": f"{rule.needs} is not exported. An earlier {rule.name} is not over; it is not known.",
            "runbook_url": f"{RUNBOOK}#alarmabsent",
        }
    }


def _alert(name: str, expression: str, wait: str, hold: str, rule: Rule) -> dict[str, object]:
    written: dict[str, object] = {"alert": name, "expr": expression}
    if wait:
        written["for"] = wait
    if hold:
        written["keep_firing_for"] = hold
    method = "absence" if name != rule.name else rule.method
    return written | {"labels": {"severity": rule.severity, "method": method}}


def _description(rule: Rule) -> str:
    told = [f"{what} {_number(metric)}" for what, metric in rule.numbers]
    where = "{{ with $labels.stream }}{{ . }}: {{ end }}"
    return where + (", ".join(told) if told else "value {{ $value }}") + "."


def _number(metric: str) -> str:
    """Template of the newest value of a metric; one with a stream is that of the alert's stream."""
    if metric in CATALOGUE and "stream" in CATALOGUE[metric].labels:
        asked = f'printf `{metric}{{instance="%s",stream="%s"}}` $labels.instance $labels.stream'
    else:
        asked = f'printf `{metric}{{instance="%s"}}` $labels.instance'
    shown = '{{ . | first | value | printf "%.5g" }}'
    return f"{{{{ with {asked} | query }}}}{shown}{{{{ else }}}}unknown{{{{ end }}}}"
