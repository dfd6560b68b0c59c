"""The dashboards: committed as they are made, every metric known, every panel with unit and words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.metrics import CATALOGUE
from tests.deploy.programs import DEPLOY
from tools import dashboards
from tools.alerting.recording import RECORDING
from tools.grafana.boards import BOARDS
from tools.grafana.panels import DATASOURCE, metric

FILES = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
FROM_PROMETHEUS = {"up", "ALERTS", "scrape_duration_seconds"}


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def panels(file: Path) -> list[dict[str, Any]]:
    return [panel for panel in read(file)["panels"] if panel["type"] != "row"]


def expressions() -> set[str]:
    return {target["expr"] for file in FILES for panel in panels(file) for target in panel["targets"]}


def test_the_committed_files_are_what_the_generator_writes() -> None:
    assert dashboards.main(["--check"]) == 0, "run python -m tools.dashboards"
    assert {file.name for file in FILES} == set(dashboards.files())


def test_there_are_the_six_dashboards() -> None:
    titles = {read(file)["title"].removeprefix("dumpwatch: ") for file in FILES}
    wanted = {"Shift overview", "Trigger and rates", "Halo and B2", "Protons on target", "System health", "Alarms"}
    assert titles == wanted == {board.title for board in BOARDS}


def test_every_metric_is_exported_and_every_exported_metric_is_used() -> None:
    text = "\n".join(expressions())
    rules = (DEPLOY / "prometheus" / "alert.rules.yml").read_text()
    rules += (DEPLOY / "prometheus" / "recording.rules.yml").read_text()
    recorded = set(re.findall(r"\w+:dumpwatch_\w+:\w+", text))
    plain = set(re.findall(r"dumpwatch_\w+", re.sub(r"\w+:dumpwatch_\w+:\w+", "", text)))
    assert plain - set(CATALOGUE) == set()
    assert recorded - set(RECORDING) == set()
    assert [name for name in CATALOGUE if not re.search(rf"\b{name}\b", text + rules)] == []
    assert set(RECORDING) - recorded == set(), "a recording rule that nobody reads"
    others = re.sub(r"dumpwatch\w*|\w+:\w+:\w+|\"[^\"]*\"", "", text)
    assert {name for name in re.findall(r"\b(\w+)\{", others)} <= FROM_PROMETHEUS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_panels_have_unit_words_and_the_fixed_data_source(file: Path) -> None:
    document = read(file)
    assert document["uid"].startswith("dumpwatch-") and document["editable"] is False
    assert [v["name"] for v in document["templating"]["list"]] == ["instance"]
    (rings,) = document["annotations"]["list"]
    assert rings["datasource"]["uid"] == DATASOURCE.uid and "ALERTS" in rings["expr"]
    ids = [panel["id"] for panel in document["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels(file):
        where = f"{file.stem}: {panel['title']}"
        assert panel["fieldConfig"]["defaults"]["unit"], where
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], where
        assert len(panel["description"]) > 10, where
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": DATASOURCE.uid}, where
            assert "$instance" in target["expr"] or "ALERTS" in target["expr"], where


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_panel_lies_on_another_one(file: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in read(file)["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= dashboards.WIDTH, panel["title"]
        taken |= cells


def test_a_panel_about_an_unknown_metric_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        metric("no_such_metric")
    with pytest.raises(KeyError):
        metric("workers_ready", stream="muv3")


def test_the_data_source_is_provisioned_under_the_name_that_the_panels_use() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "dumpwatch.yml").read_text())["datasources"]
    assert (source["uid"], source["type"], source["editable"]) == (DATASOURCE.uid, "prometheus", False)
    (provider,) = yaml.safe_load((folder / "dashboards" / "dumpwatch.yml").read_text())["providers"]
    assert provider["allowUiUpdates"] is False and provider["options"]["path"] == "/etc/grafana/dumpwatch/dashboards"


def test_nothing_masked_has_a_name_on_a_dashboard() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    assert not re.search(r"\b(SR|VR|CR)\b|region=|burst=|run=", text)
