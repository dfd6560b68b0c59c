"""`dumpwatch replay` and `dumpwatch bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="print one JSON document at the end")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file")]


def replay(
    paths: Annotated[list[Path], typer.Argument(help="recorded bursts, or folders with them")],
    speed: Annotated[str, typer.Option(help="max, or 1 for the time between bursts as recorded")] = "max",
    verify: Annotated[bool, typer.Option("--verify", help="compare every spill with the ledger")] = False,
    workers: Annotated[int | None, typer.Option(help="worker processes", min=1, show_default="cores - 1")] = None,
    ledger: Annotated[str | None, typer.Option(help="ledger to compare with and to book what it lacks")] = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Send recorded bursts through the same chain as live ones."""
    from daq.config import load_config
    from offline.replay import ReplayOptions, run_replay

    if speed not in {"1", "max"}:
        msg = f"'{speed}'; wanted 1 or max"
        raise typer.BadParameter(msg, param_hint="--speed")
    options = ReplayOptions(tuple(paths), speed == "1", verify, workers, ledger, as_json)
    raise typer.Exit(run_replay(load_config(config), options))


def register(app: typer.Typer) -> None:
    """Mount the commands of this folder."""
    from offline import commands_books  # noqa: F401 - adds export and import to `books`
    from offline.bench.commands import bench_app
    from offline.commands_emulator import emulator_app
    from offline.scan_b2.commands import scan_b2

    app.command()(replay)
    app.command("scan-b2")(scan_b2)
    app.add_typer(bench_app, name="bench")
    app.add_typer(emulator_app, name="emulator")
