"""`dumpwatch analyse`: from recorded runs, or their mini-records, to a report."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from daq.config import Config
from daq.errors import PolicyError
from monitor.sealed.books import key_folder
from offline.minirecords.make import selection_digest
from offline.minirecords.read import Records, is_records, read_records
from offline.minirecords.run import make_records
from offline.report.analysis import Wanted, analyse
from offline.report.content import make_page
from offline.report.opened import NOTHING, Opened, read_opened
from offline.report.sample import split
from offline.report.write import PAGE, result, write_report
from offline.signal.effort import SHORT, Effort

MADE = "minirecords"
"""Folder below that of the report for the mini-records of recordings."""


@dataclass(frozen=True, slots=True)
class AnalyseOptions:
    """Options of `dumpwatch analyse`; None stands for the default."""

    runs: tuple[str, ...]
    into: Path
    ledger: str | None = None
    keys: tuple[Path, ...] = ()
    models: tuple[tuple[str, str], ...] = (("photon", "mumu"),)
    points: int = 40
    pot: float | None = None
    full: bool = False
    workers: int = 1
    scheduler: str | None = None
    seed: int = 1
    as_json: bool = False


def run_analyse(config: Config, options: AnalyseOptions) -> int:
    """Analyse runs; returns the exit code: 1 when bursts are missing from the numbers.

    Raises
    ------
    DumpwatchError
        Nothing could be analysed; the message says why.
    """
    cache = options.into / "acceptance"
    effort = Effort(seed=options.seed, cache=cache) if options.full else replace(SHORT, seed=options.seed, cache=cache)
    wanted = Wanted(options.models, options.points, options.pot, effort, options.seed)
    opened = _opened(config, options)
    records, missing = collect(config, options)
    sample = split(records, missing)
    analysis = analyse(sample, config, wanted, opened)
    refused = (*records.refused, *missing)
    page = make_page(analysis, refused)
    paths = write_report(analysis, page, options.into)
    if options.as_json:
        sys.stdout.write(json.dumps(result(analysis, page)) + "\n")
    else:
        label = f"partial: {len(refused)} bursts are in no number; " if refused else ""
        sys.stdout.write(f"{label}{len(paths)} files, {sample.pot:.4g} protons: {options.into / PAGE}\n")
    for line in refused:
        sys.stderr.write(f"{line}\n")
    return 1 if refused else 0


def collect(config: Config, options: AnalyseOptions) -> tuple[Records, tuple[str, ...]]:
    """Mini-records of all runs, made where recordings were given; and what is missing from them.

    Raises
    ------
    PolicyError
        The mini-records are of another selection or mask than the configuration.
    """
    ready = [Path(run) for run in options.runs if is_records(Path(run))]
    recorded = [run for run in options.runs if not is_records(Path(run))]
    missing: tuple[str, ...] = ()
    if recorded:
        folder = options.into / MADE
        made = make_records(config, recorded, folder, workers=options.workers, scheduler=options.scheduler)
        missing = (*made.refused, *(("stopped before all bursts were read; start it again",) if made.stopped else ()))
        ready.append(folder)
    records = read_records(ready)
    _check_selection(records, config)
    return records, missing


def _check_selection(records: Records, config: Config) -> None:
    digest = str(records.spills["selection_digest"][0].as_py())
    if digest != selection_digest(config):
        msg = (
            f"mini-records are of selection {digest[:12]}, the configuration is {selection_digest(config)[:12]}: cuts, "
            "regions and mask are fixed when mini-records are made. Give the --config they were made with, or the "
            "recordings to make them anew"
        )
        raise PolicyError(msg)


def _opened(config: Config, options: AnalyseOptions) -> Opened:
    if options.ledger is None:
        return NOTHING
    given: Sequence[Path | None] = options.keys or (None,)
    return read_opened(options.ledger, [key_folder(one, config.sealing.keys, options.ledger) for one in given])
