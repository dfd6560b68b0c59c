"""Scenario files: TOML in, a checked scenario out; every fault with file, line and reason, all of them at once.

::

    title = "halo twice as high for five spills"

    [[step]]
    from = 6            # first burst
    to = 10             # last burst; without it, to the end of the run
    effect = "halo"     # one of EFFECTS
    factor = 2.0        # what this effect needs
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from daq.config.beam import BeamConfig
from daq.errors import ConfigError
from daq.source.scenario.check import contradictions, misfits
from daq.source.scenario.model import EFFECTS, Scenario
from daq.source.scenario.shipped import shipped_scenarios, shipped_text
from daq.source.scenario.step import Step

STEP_HEADER = re.compile(r"""^\s*\[\[\s*["']?step["']?\s*\]\]""")
TOP_KEYS = ("title", "step")


def load_scenario(which: str, beam: BeamConfig) -> Scenario:
    """Scenario by its name, or from a file, checked against the beam it shall run with.

    Raises
    ------
    ConfigError
        No such name or file, not TOML, unknown effect or key, value out of bounds, contradictory steps, currents or
        intensities that the beam can't have.
    """
    if which in shipped_scenarios():
        scenario = parse_scenario(shipped_text(which), which)
    else:
        scenario = parse_scenario(_read(which), which)
    _refuse(misfits(scenario, beam))
    return scenario


def parse_scenario(text: str, source: str) -> Scenario:
    """Read and check the text of a scenario; `source` names it in messages.

    Raises
    ------
    ConfigError
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"scenario {source}: not TOML ({error}); see `dumpwatch scenarios`"
        raise ConfigError(msg) from None
    title, tables = _top(tree, source)
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines, 1) if STEP_HEADER.match(line)]
    if len(starts) != len(tables):
        msg = f"scenario {source}: {len(tables)} steps, {len(starts)} headers; write each step under its own [[step]]"
        raise ConfigError(msg)
    steps: list[Step] = []
    faults: list[str] = []
    for i, (start, table) in enumerate(zip(starts, tables, strict=True)):
        stop = starts[i + 1] - 1 if i + 1 < len(starts) else len(lines)
        found = _read_step(table)
        if isinstance(found, Step):
            steps.append(found)
            continue
        effect = f" ({table['effect']})" if isinstance(table.get("effect"), str) else ""
        faults += [
            f"scenario {source}:{_line(lines, start, stop, key)}: step {i + 1}{effect}: {why}" for key, why in found
        ]
    _refuse(faults)
    scenario = Scenario(source, title, tuple(steps), tuple(starts))
    _refuse(contradictions(scenario))
    return scenario


def _top(tree: dict[str, Any], source: str) -> tuple[str, list[dict[str, Any]]]:
    for key in tree:
        if key not in TOP_KEYS:
            msg = f"scenario {source}: unknown key '{key}'; nearest known key is '{_nearest(key, TOP_KEYS)}'"
            raise ConfigError(msg)
    title, tables = tree.get("title"), tree.get("step", [])
    if not isinstance(title, str) or not title.strip() or "\n" in title:
        msg = f"scenario {source}: title = {title!r}, wanted one line of text that says what the scenario shows"
        raise ConfigError(msg)
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        msg = f"scenario {source}: 'step' is not a list of tables; write each step under its own [[step]]"
        raise ConfigError(msg)
    return title, tables


def _read_step(table: dict[str, Any]) -> Step | list[tuple[str, str]]:
    """Step of a table, or its faults as (key, reason)."""
    effect = table.get("effect")
    if not isinstance(effect, str):
        return [("effect", f"effect = {effect!r}; wanted one of {', '.join(EFFECTS)}")]
    if effect not in EFFECTS:
        return [("effect", f"unknown effect '{effect}'; nearest known effect is '{_nearest(effect, EFFECTS)}'")]
    kind = EFFECTS[effect]
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        return [_explain(kind, fault) for fault in error.errors()]


def _explain(kind: type[Step], fault: Any) -> tuple[str, str]:  # noqa: ANN401 - pydantic's ErrorDetails
    key = str(fault["loc"][0]) if fault["loc"] else ""
    if fault["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in kind.model_fields.items()]
        return key, f"unknown key '{key}'; nearest known key is '{_nearest(key, known)}'"
    if fault["type"] == "missing":
        return key, f"'{key}' is missing"
    if not key:
        return key, str(fault["msg"]).removeprefix("Value error, ")
    path = ".".join(str(part) for part in fault["loc"])
    return key, f"{path}: {fault['msg']}, got {fault['input']!r}"


def _line(lines: list[str], start: int, stop: int, key: str) -> int:
    """Line of a key of the step in lines `start` to `stop`, of the step itself when the key is not there."""
    wanted = re.compile(rf"""^\s*["']?{re.escape(key)}["']?\s*=""")
    inside = range(start, stop + 1)
    return next((number for number in inside if key and wanted.match(lines[number - 1])), start)


def _nearest(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    return (difflib.get_close_matches(word, names, n=1, cutoff=0.0) or names[:1])[0]


def _read(which: str) -> str:
    path = Path(which)
    if not path.exists() and not path.suffix and path.name == which:
        nearest = _nearest(which, shipped_scenarios())
        msg = f"scenario '{which}': no such name; nearest one is '{nearest}', `dumpwatch scenarios` lists all"
        raise ConfigError(msg)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"scenario {which}: cannot be read ({error}); give a name or an existing UTF-8 TOML file"
        raise ConfigError(msg) from error


def _refuse(faults: list[str]) -> None:
    if faults:
        raise ConfigError("\n".join(faults))
