"""`dumpwatch replay`: recorded bursts through the same chain, compared with the ledger and booked where they lack."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from daq.config import Config
from daq.errors import ConfigError, ContentConflict, RecordingError
from daq.recording import RecordedBurst, find_bursts
from daq.records import BurstKey
from monitor.ledger import Ledger
from monitor.services.live import default_workers, run_chain, work_place
from monitor.spill import Spill, spill_report
from monitor.totals import sum_spills

BAD = ("differs", "not booked")
"""Results of a comparison that make `--verify` fail."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Options of `dumpwatch replay`; None stands for the default."""

    paths: tuple[Path, ...]
    in_true_time: bool
    verify: bool
    workers: int | None
    ledger: str | None
    as_json: bool


def run_replay(config: Config, options: ReplayOptions) -> int:
    """Replay recordings; returns the exit code.

    The chain counts into a ledger of its own that is thrown away, so that a burst that is booked already is counted
    anew and can be compared. With `ledger`, bursts it lacks are booked and incomplete ones upgraded.
    """
    paths = recordings(options.paths)
    url = options.ledger or config.paths.ledger
    books = Ledger.open(url, readonly=options.ledger is None) if options.verify or options.ledger else None
    with tempfile.TemporaryDirectory(prefix="dumpwatch-replay-") as folder:
        scratch_url = f"sqlite:///{folder}/scratch.db"
        with Ledger.open(scratch_url) as scratch:
            code = _run(config, options, paths, scratch_url, scratch)
            spills = scratch.spills()
            results = [(spill, compare(books, scratch, spill, may_book=bool(options.ledger))) for spill in spills]
    _report(options, results)
    for key in sorted({_key(path) for path in paths} - {spill.key for spill in spills}):
        sys.stderr.write(f"run {key[0]} burst {key[1]}: not counted; its message stands above\n")
        code = 1
    failed = options.verify and any(result in BAD for _, result in results)
    return 1 if failed else code


def recordings(paths: Sequence[Path]) -> list[Path]:
    """Recorded bursts below the given files and folders, each run and burst once.

    Raises
    ------
    ConfigError
        A path does not exist or holds no recording.
    RecordingError
        A recording can't be used, or two hold the same run and burst.
    """
    found: dict[BurstKey, Path] = {}
    for path in paths:
        below = find_bursts(path)
        if not below:
            unfinished = len(find_bursts(path, journals=True))
            hint = (
                f"{unfinished} unfinished journals: restart `live` with --record on it" if unfinished else "none found"
            )
            msg = f"replay {path}: wanted recorded bursts (run-*/burst-*.arrows), {hint}"
            raise ConfigError(msg)
        for file in below:
            key = _key(file)
            if key in found and found[key] != file:
                msg = f"recordings {found[key]} and {file} both hold run {key[0]} burst {key[1]}; give one of them"
                raise RecordingError(msg)
            found[key] = file
    return [found[key] for key in sorted(found)]


def compare(books: Ledger | None, scratch: Ledger, spill: Spill, *, may_book: bool) -> str:
    """Compare one replayed spill with the ledger, and book it where that is allowed and right."""
    if books is None:
        return "not compared"
    booked = books.measured(*spill.key)
    if booked is not None and booked.content() == spill.content():
        return "identical"
    if not may_book:
        return "not booked" if booked is None else "differs"
    tally = scratch.histograms(*spill.key).tally
    try:
        if booked is None:
            books.commit(spill.not_sealed(), tally)
            return "booked"
        if booked.state == "INCOMPLETE" and spill.n_counted > booked.n_counted:
            books.upgrade(spill.not_sealed(), tally, who="replay", why="recording replayed")
            return "upgraded"
    except ContentConflict as error:
        sys.stderr.write(f"{error}\n")
    return "differs"


def _run(config: Config, options: ReplayOptions, paths: list[Path], scratch_url: str, scratch: Ledger) -> int:
    with work_place(config, scratch_url) as chain:
        chain.add_back_end(options.workers or default_workers())
        listing = chain.folder / "recordings"
        listing.write_text("\n".join(str(path.resolve()) for path in paths), encoding="utf-8")
        arguments = [
            "--run",
            str(_key(paths[0])[0]),
            "--replay",
            str(listing),
            "--journals",
            str(chain.folder / "none"),
        ]
        cycle = ["--cycle", "1" if options.in_true_time else "0"]
        chain.add("source", "source", *arguments, *cycle, *chain.endpoints.options(("work", "control")), one_shot=True)
        return run_chain(chain, lambda _: None, scratch.n_spills, len(paths))


def _key(path: Path) -> BurstKey:
    recorded = RecordedBurst(path)
    recorded.close()
    return recorded.sob.key


def _report(options: ReplayOptions, results: list[tuple[Spill, str]]) -> None:
    spills = [spill for spill, _ in results]
    runs = {spill.run for spill in spills}
    totals = sum_spills(spills)
    if options.as_json:
        report = spill_report(spills, totals.model_dump(mode="json"), runs.pop() if len(runs) == 1 else None)
        report["verify"] = [{"run": spill.run, "burst": spill.burst, "result": result} for spill, result in results]
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for spill, result in results:
        if result not in ("identical", "not compared"):
            sys.stdout.write(f"run {spill.run} burst {spill.burst}: {result}\n")
    counts = {name: sum(result == name for _, result in results) for _, name in results}
    said = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    sys.stdout.write(f"{len(spills)} spills replayed, {totals.n_events} events, {totals.n_missing} missing: {said}\n")
