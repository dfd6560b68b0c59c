"""Writes the dashboards of Grafana from the metric list.

`python -m tools.dashboards` writes deploy/grafana/dashboards/*.json; with `--check` nothing is written, and the exit
code is 1 when a file is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from tools.grafana.boards import BOARDS, Board
from tools.grafana.panels import DATASOURCE, build

FOLDER = Path(__file__).parent.parent / "deploy" / "grafana" / "dashboards"
WIDTH = 24
"""Columns of Grafana's grid."""

RINGS = 'ALERTS{alertstate="firing",alertname!="Watchdog"}'


def files() -> dict[str, str]:
    """Contents of every dashboard, by file name."""
    return {f"{board.uid.removeprefix('dumpwatch-')}.json": _document(board) for board in BOARDS}


def _document(board: Board) -> str:
    made = _frame(board)
    grid = _Grid()
    for title, panels in board.rows:
        made.with_row(dashboard.Row(title).id(grid.number + 1).grid_pos(grid.take(WIDTH, 1)))
        for panel in panels:
            place = grid.take(panel.span, panel.height)
            made.with_panel(build(panel, grid.number).grid_pos(place))
    document: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(made.build()))
    # the SDK does not know the keys that name an annotation of Prometheus
    document["annotations"]["list"][0] |= {
        "titleFormat": "{{alertname}} {{stream}}",
        "step": "15s",
        "useValueForTime": False,
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


class _Grid:
    """Places panels from left to right, and below when there is no room."""

    def __init__(self) -> None:
        self.number = 0
        self._x = self._y = self._height = 0

    def take(self, width: int, height: int) -> models.GridPos:
        """Take the next free place."""
        if self._x + width > WIDTH:
            self._x, self._y, self._height = 0, self._y + self._height, 0
        place = models.GridPos(h=height, w=width, x=self._x, y=self._y)
        self.number += 1
        self._x += width
        self._height = max(self._height, height)
        return place


def _frame(board: Board) -> dashboard.Dashboard:
    variable = (
        dashboard.QueryVariable("instance")
        .label("Monitor")
        .query('label_values(up{job="dumpwatch"}, instance)')
        .datasource(DATASOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .include_all(True)
        .multi(True)
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )
    rings = dashboard.AnnotationQuery().name("Alarms").datasource(DATASOURCE).enable(True).icon_color("red").expr(RINGS)
    others = dashboard.DashboardLink("Dashboards").type(models.DashboardLinkType.DASHBOARDS).tags(["dumpwatch"])
    return (
        dashboard.Dashboard(f"dumpwatch: {board.title}")
        .uid(board.uid)
        .description(board.text)
        .tags(["dumpwatch"])
        .refresh("10s")
        .time("now-3h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(others.as_dropdown(True).keep_time(True))
        .with_variable(variable)
        .annotation(rings)
    )


def main(arguments: list[str]) -> int:
    """Write or check."""
    wanted = files()
    old = [name for name, text in wanted.items() if not _same(FOLDER / name, text)]
    if "--check" in arguments:
        for name in old:
            print(f"{FOLDER / name} is out of date: run python -m tools.dashboards", file=sys.stderr)
        return int(bool(old))
    for name in old:
        (FOLDER / name).write_text(wanted[name], encoding="utf-8")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
