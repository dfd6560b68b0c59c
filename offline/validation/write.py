"""From the options of the command to files and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import copyfile
from typing import NamedTuple

from daq.config import Config
from offline.validation.document import Made, as_json
from offline.validation.effort import FULL, SHORT
from offline.validation.plots import draw
from offline.validation.report import as_markdown
from offline.validation.row import Row, Verdict
from offline.validation.run import PARTS, Validation, validate

PAGE, DOCUMENT, DECISIONS = "emulator.md", "validation.json", "DECISIONS"


class Options(NamedTuple):
    """What was asked for on the command line."""

    output: Path
    short: bool
    seed: int
    docs: Path | None
    as_json: bool


def run_validation(config: Config, options: Options) -> int:
    """Validate, write everything, say what is wrong; 0 when nothing is out of tolerance, 1 otherwise."""
    effort = SHORT if options.short else FULL
    names = list(PARTS)

    def progress(name: str) -> None:
        sys.stderr.write(f"validate: {names.index(name) + 1} of {len(names)}, {name}\n")

    validation = validate(config, effort, options.seed, progress)
    made = Made(config, effort.name, options.seed)
    options.output.mkdir(parents=True, exist_ok=True)
    plots = draw(validation, config.regions, options.output)
    document = as_json(validation, made)
    (options.output / DOCUMENT).write_text(document + "\n", encoding="utf-8")
    _write_page(options.output / PAGE, as_markdown(validation, made, ""), None)
    if options.docs is not None:
        images = options.docs.parent / "images"
        images.mkdir(parents=True, exist_ok=True)
        for plot in plots:
            copyfile(plot, images / plot.name)
        _write_page(options.docs, as_markdown(validation, made, "images/"), "decisions")
    sys.stdout.write(document + "\n" if options.as_json else _text(validation))
    return 0 if validation.passed else 1


def _write_page(path: Path, text: str, decisions: str | None) -> None:
    """Link to the decision from within the documentation; elsewhere there is nothing to link to."""
    link = f"[decision 11]({DECISIONS}/0011-validation-looks-inside-the-mask.md)"
    wanted = "decision 11" if decisions is None else link.replace(DECISIONS, decisions)
    path.write_text(text.replace(link, wanted), encoding="utf-8")


def _text(validation: Validation) -> str:
    lines = [_line(row) for row in validation.rows if row.verdict is not Verdict.IN]
    counts = ", ".join(f"{validation.count(verdict)} {verdict}" for verdict in Verdict)
    return "\n".join([*lines, f"{len(validation.rows)} lines: {counts}"]) + "\n"


def _line(row: Row) -> str:
    return (
        f"{row.verdict:5} {row.id}: {row.observable}: {row.emulator:.4g} +- {row.emulator_error:.2g}, wanted "
        f"{'below ' if row.sense == 'below' else ''}{row.value:.4g}, allowed {row.allowed:.2g} ({row.kind})"
    )
