"""`dumpwatch emulator validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

emulator_app = typer.Typer(name="emulator", help="The emulated detector.", no_args_is_help=True)


@emulator_app.callback()
def _emulator() -> None:
    """Group of commands; typer would make a single command the group itself."""


@emulator_app.command("validate")
def validate(
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for table, plots and JSON")],
    short: Annotated[bool, typer.Option("--short", help="seconds, not minutes: larger errors")] = False,
    seed: Annotated[int, typer.Option(help="seed of everything", min=0)] = 1,
    config: Annotated[Path | None, typer.Option("--config", help="TOML file with altered parameters")] = None,
    docs: Annotated[Path | None, typer.Option(help="write the page here too, its plots to images/")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document at the end")] = False,
) -> None:
    """Hold the emulated detector against every published number; exit 1 when one is out of tolerance."""
    from daq.config import load_config
    from offline.validation.write import Options, run_validation

    raise typer.Exit(run_validation(load_config(config), Options(output, short, seed, docs, as_json)))
