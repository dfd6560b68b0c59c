"""Cases for `promtool test rules`: each alert fires on its cause, not without it, and its absence is told."""

from __future__ import annotations

from typing import Any

from tools.alerting.rule import JOB, Rule
from tools.alerting.rules import CHAIN_RULES, RULES, SPILL_RULES

_UP = {"series": f'up{{job="{JOB}",instance="a"}}', "values": "1x120"}


def cases() -> dict[str, Any]:
    """All cases in the form of promtool."""
    judged = [_judged(rule) for rule in (*SPILL_RULES, *CHAIN_RULES)]
    return {
        "rule_files": ["alert.rules.yml", "recording.rules.yml"],
        "evaluation_interval": "5s",
        "tests": [*judged, _all_absent(), _nothing_at_all()],
    }


def _judged(rule: Rule) -> dict[str, Any]:
    """OK until 55 s, ALARM from 60 s on."""
    series = f'dumpwatch_alarm_state{{alarm="{rule.name}",instance="a"}}'
    value = 1 if ">= 1 < 3" in rule.fires else 2
    late = "2m30s" if rule.wait else "1m"
    return {
        "name": f"{rule.name} fires on its cause and not before",
        "interval": "5s",
        "input_series": [_UP, {"series": series, "values": f"0x11 {value}x108"}],
        "promql_expr_test": [_firing(rule.name, "55s", []), _firing(rule.name, late, [_labels(rule, "a")])],
    }


def _all_absent() -> dict[str, Any]:
    told = [_firing(f"{rule.name}Absent", "40s", [_absent(rule, "a")]) for rule in RULES if rule.needs]
    return {
        "name": "a monitor that answers and exports nothing: every alarm is told to be absent",
        "interval": "5s",
        "input_series": [_UP],
        "promql_expr_test": [*told, _firing("MonitorDown", "2m", [])],
    }


def _nothing_at_all() -> dict[str, Any]:
    down = f'{{alertname="MonitorDown",alertstate="firing",job="{JOB}",method="up",severity="page"}}'
    told = [_firing(f"{rule.name}Absent", "40s", [_absent(rule, "")]) for rule in RULES if rule.needs]
    return {
        "name": "no monitor at all",
        "interval": "5s",
        "promql_expr_test": [*told, _firing("MonitorDown", "25s", []), _firing("MonitorDown", "1m", [down])],
    }


def _firing(name: str, at: str, labels: list[str]) -> dict[str, Any]:
    return {
        "expr": f'ALERTS{{alertname="{name}",alertstate="firing"}}',
        "eval_time": at,
        "exp_samples": [{"labels": f"ALERTS{text}", "value": 1} for text in labels],
    }


def _labels(rule: Rule, instance: str) -> str:
    return _written(rule.name, rule.method, rule.severity, instance)


def _absent(rule: Rule, instance: str) -> str:
    return _written(f"{rule.name}Absent", "absence", rule.severity, instance)


def _written(name: str, method: str, severity: str, instance: str) -> str:
    where = f'instance="{instance}",' if instance else ""
    return f'{{alertname="{name}",alertstate="firing",{where}method="{method}",severity="{severity}"}}'
