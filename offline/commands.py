"""`dumpwatch replay`, `dumpwatch watch` and `dumpwatch bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="print one JSON document at the end")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file")]


def replay(
    paths: Annotated[list[str], typer.Argument(help="recorded bursts, or folders with them: paths or fsspec URLs")],
    speed: Annotated[str, typer.Option(help="max, or 1 for the time between bursts as recorded")] = "max",
    verify: Annotated[bool, typer.Option("--verify", help="compare every spill with the ledger")] = False,
    workers: Annotated[int, typer.Option(help="processes on this machine; 1 is this one", min=1)] = 1,
    scheduler: Annotated[str | None, typer.Option(help="running Dask scheduler: tls://HOST:PORT")] = None,
    ledger: Annotated[str | None, typer.Option(help="ledger to compare with and to book what it lacks")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="folder that keeps what was counted, to go on after a stop")
    ] = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Count recorded bursts again, by the functions that counted them live."""
    from daq.config import load_config
    from offline.replay import ReplayOptions, run_replay

    if speed not in {"1", "max"}:
        msg = f"'{speed}'; wanted 1 or max"
        raise typer.BadParameter(msg, param_hint="--speed")
    _one_of(scheduler, workers)
    how = (speed == "1", verify, workers, scheduler)
    options = ReplayOptions(tuple(paths), *how, ledger=ledger, resume=resume, as_json=as_json)
    raise typer.Exit(run_replay(load_config(config), options))


def watch(
    folder: Annotated[Path, typer.Argument(help="folder that recorded bursts land in")],
    ledger: Annotated[str | None, typer.Option(help="ledger to book into; default: paths.ledger")] = None,
    once: Annotated[bool, typer.Option("--once", help="count what is there, then end")] = False,
    every: Annotated[float, typer.Option(help="time between two looks [s]", min=0.1)] = 2.0,
    settle: Annotated[float, typer.Option(help="a file that is not whole is left for so long [s]", min=0)] = 5.0,
    workers: Annotated[int, typer.Option(help="processes on this machine; 1 is this one", min=1)] = 1,
    scheduler: Annotated[str | None, typer.Option(help="running Dask scheduler: tls://HOST:PORT")] = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Count and book each recorded burst that lands in a folder, once."""
    from daq.config import load_config
    from offline.watch import WatchOptions, run_watch

    _one_of(scheduler, workers)
    options = WatchOptions(folder, ledger, once, every, settle, workers, scheduler, as_json)
    raise typer.Exit(run_watch(load_config(config), options))


def _one_of(scheduler: str | None, workers: int) -> None:
    if scheduler is not None and workers > 1:
        msg = "a scheduler has workers of its own; leave one of the two out"
        raise typer.BadParameter(msg, param_hint="--workers")


def register(app: typer.Typer) -> None:
    """Mount the commands of this folder."""
    from offline import commands_books  # noqa: F401 - adds export and import to `books`
    from offline.bench.commands import bench_app
    from offline.commands_analyse import analyse, export
    from offline.commands_emulator import emulator_app
    from offline.scan_b2.commands import scan_b2

    app.command()(replay)
    app.command()(watch)
    app.command("analyse")(analyse)
    app.command("export")(export)
    app.command("scan-b2")(scan_b2)
    app.add_typer(bench_app, name="bench")
    app.add_typer(emulator_app, name="emulator")
