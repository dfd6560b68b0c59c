"""Writes the rules of Prometheus, and their tests, from the list of alerts.

`python -m tools.alert_rules` writes deploy/prometheus/*.yml; with `--check` nothing is written, and the exit code is 1
when a file is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from tools.alerting.cases import cases
from tools.alerting.recording import HELD_STATE, RECORDING
from tools.alerting.rule import absence, alert
from tools.alerting.rules import RULES

FOLDER = Path(__file__).parent.parent / "deploy" / "prometheus"
INTERVAL = "5s"
MARK = "# Made by `python -m tools.alert_rules` from tools/alerting; do not edit.\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def files() -> dict[str, str]:
    """Contents of every generated file, by name."""
    recording = [{"record": name, "expr": expression} for name, expression in RECORDING.items()]
    absences = [absence(rule) for rule in RULES if rule.needs]
    groups = [
        # one group: its rules are evaluated in this order, so that an alarm is seen in the moment it is recorded
        _group("dumpwatch_alarms", [HELD_STATE, *map(alert, RULES)]),
        _group("dumpwatch_absent", absences),
    ]
    return {
        "recording.rules.yml": _yaml({"groups": [_group("dumpwatch_recording", recording)]}),
        "alert.rules.yml": _yaml({"groups": groups}),
        "every_alert_test.yml": _yaml(cases()),
    }


def _group(name: str, rules: Any) -> dict[str, Any]:
    return {"name": name, "interval": INTERVAL, "rules": list(rules)}


def _yaml(content: dict[str, Any]) -> str:
    return MARK + yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)


def main(arguments: list[str]) -> int:
    """Write or check."""
    old = [name for name, text in files().items() if not _same(FOLDER / name, text)]
    if "--check" in arguments:
        for name in old:
            print(f"{FOLDER / name} is out of date: run python -m tools.alert_rules", file=sys.stderr)
        return int(bool(old))
    for name in old:
        (FOLDER / name).write_text(files()[name], encoding="utf-8")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
