"""One list of alerts: rules, absence rules, promtool tests, runbook, routes and the program agree with it."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from monitor.alarms import kinds
from monitor.api.refusals import ORIGIN, REASONS, VIEWERS
from monitor.metrics import ALARMS, CATALOGUE, HTTP_REASONS
from tests.deploy.programs import ALERTMANAGER, DEPLOY, ROOT, find
from tools import alert_rules
from tools.alerting.recording import RECORDING
from tools.alerting.rule import HELD
from tools.alerting.rules import CHAIN_RULES, NEVER_ABSENT, RULES, SPILL_RULES

FOLDER = DEPLOY / "prometheus"
RUNBOOK = (ROOT / "docs" / "operator" / "runbook.md").read_text(encoding="utf-8")
PARTS = ("**Means.** ", " **Do.** ", " **Call.** ", " **Over.** ")


def written() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alert.rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def paragraph(name: str) -> str:
    found = re.search(rf"^### {name}\n\n((?:.+\n)+)", RUNBOOK, re.MULTILINE)
    return " ".join(found[1].split()) + " " if found else ""


def test_the_committed_files_are_what_the_list_gives() -> None:
    assert alert_rules.main(["--check"]) == 0, "run python -m tools.alert_rules"


def test_the_rules_are_about_the_alarms_of_the_program() -> None:
    assert {rule.name for rule in (*SPILL_RULES, *CHAIN_RULES)} == set(ALARMS)
    assert set(kinds.KINDS) <= set(ALARMS)
    assert set(HTTP_REASONS) == {*REASONS.values(), ORIGIN, VIEWERS}


@pytest.mark.parametrize("name", sorted(kinds.KINDS))
def test_severities_are_those_of_the_program(name: str) -> None:
    (rule,) = [rule for rule in RULES if rule.name == name]
    assert rule.severity == kinds.KINDS[name].severity


def test_every_alarm_has_an_absence_rule_or_a_reason() -> None:
    names = {rule["alert"] for rule in written()}
    for rule in RULES:
        assert (f"{rule.name}Absent" in names) == (rule.name not in NEVER_ABSENT), rule.name
    assert names == {rule.name for rule in RULES} | {f"{rule.name}Absent" for rule in RULES if rule.needs}


@pytest.mark.parametrize("rule", written(), ids=lambda rule: rule["alert"])
def test_labels_times_and_words(rule: dict[str, Any]) -> None:
    name = rule["alert"]
    assert set(rule["labels"]) == {"severity", "method"}  # `stream` and `instance` come from the series
    assert rule["labels"]["severity"] in {"page", "ticket", "none"}
    assert not ("for" in rule and "keep_firing_for" in rule)
    if rule["labels"]["method"] in {"shewhart", "cusum", "betabinomial"}:
        assert "for" not in rule and rule["keep_firing_for"] == "2m", "the threshold carries the false-alarm rate"
    notes = rule["annotations"]
    assert notes["summary"] and notes["description"]
    anchor = notes["runbook_url"].partition("#")[2]
    heads = {head.lower() for head in re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)}
    assert anchor in heads and anchor == ("alarmabsent" if name.endswith("Absent") else name.lower())


@pytest.mark.parametrize("name", [*(rule.name for rule in RULES), "AlarmAbsent"])
def test_the_runbook_says_what_it_means_what_to_do_whom_to_call_and_when_it_is_over(name: str) -> None:
    text = paragraph(name)
    places = [text.find(part) for part in PARTS]
    assert -1 not in places and places == sorted(places), text
    assert all(len(part.strip()) > 5 for part in re.split(r"\*\*\w+\.\*\*", text)[1:])


def test_the_runbook_has_no_paragraph_for_what_does_not_exist() -> None:
    assert set(re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)) == {*(r.name for r in RULES), "AlarmAbsent"}


def test_every_metric_that_is_used_exists() -> None:
    text = "\n".join((FOLDER / name).read_text() for name in ("alert.rules.yml", "recording.rules.yml"))
    plain = re.sub(r"\w+:dumpwatch_\w+:\w+", "", text)
    groups = {"dumpwatch_alarms", "dumpwatch_absent", "dumpwatch_recording"}
    assert set(re.findall(r"dumpwatch_\w+", plain)) - groups - set(CATALOGUE) == set()
    assert set(re.findall(r"\w+:dumpwatch_\w+:\w+", text)) == {*RECORDING, HELD}


def test_promtool_takes_rules_and_tests() -> None:
    promtool = find("promtool")
    rules = [promtool, "check", "rules", "alert.rules.yml", "recording.rules.yml"]
    config = [promtool, "check", "config", "prometheus.yml"]
    tests = [promtool, "test", "rules", *sorted(path.name for path in FOLDER.glob("*test*.yml"))]
    for command in (rules, config, tests):
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"alertname": "BackgroundRateExcursion", "severity": "page", "stream": "muv3"}, "page"),
        ({"alertname": "RatioExcursion", "severity": "ticket"}, "ticket"),
        ({"alertname": "NoSpillsAbsent", "severity": "page"}, "page"),
        ({"alertname": "MonitorDown", "severity": "page"}, "deadman,page"),
        ({"alertname": "Watchdog", "severity": "none"}, "live_page,deadman"),
        ({"alertname": "Whatever"}, "ticket"),
    ],
    ids=lambda value: value["alertname"] if isinstance(value, dict) else value,
)
def test_alerts_go_where_they_should(labels: dict[str, str], receivers: str) -> None:
    amtool, config = find("amtool"), f"--config.file={DEPLOY / 'alertmanager' / 'alertmanager.yml'}"
    command = [amtool, "config", "routes", "test", config, *(f"{key}={value}" for key, value in labels.items())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, receivers), done.stderr


def test_amtool_takes_the_configuration_and_every_name_in_it_exists() -> None:
    file = DEPLOY / "alertmanager" / "alertmanager.yml"
    done = subprocess.run([find("amtool"), "check-config", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load(file.read_text())
    routes = [matcher for route in config["route"]["routes"] for matcher in route["matchers"]]
    inhibits = [m for rule in config["inhibit_rules"] for m in (*rule["source_matchers"], *rule["target_matchers"])]
    names = {n for m in (*routes, *inhibits) if m.startswith("alertname") for n in re.findall(r"[A-Z]\w+", m)}
    assert names - {rule.name for rule in RULES} - {"Absent"} == set()
    assert all(rule["equal"] == ["instance"] for rule in config["inhibit_rules"])
    find(*ALERTMANAGER)
