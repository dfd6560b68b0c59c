"""The command `dumpwatch scan-b2`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def scan_b2(
    first: Annotated[float | None, typer.Option("--from", help="first setting of B2 [A]")] = None,
    last: Annotated[float | None, typer.Option("--to", help="last setting [A]")] = None,
    step: Annotated[float | None, typer.Option("--step", help="from one setting to the next [A], with sign")] = None,
    spills_per_step: Annotated[int, typer.Option(help="emulated spills at each setting", min=1, max=1000)] = 3,
    seed: Annotated[int, typer.Option(help="seed of the emulated detector", min=0)] = 1,
    ledger: Annotated[str | None, typer.Option(help="take recorded spills out of this ledger instead")] = None,
    run: Annotated[
        list[int] | None, typer.Option(help="run of the ledger; may be repeated", min=1, show_default="the newest")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for table, plot and JSON")] = Path("scan-b2"),
    config: Annotated[Path | None, typer.Option("--config", help="TOML file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document at the end")] = False,
) -> None:
    """Scan the halo against B2, emulated or recorded, and fit its minimum."""
    from daq.config import load_config
    from offline.scan_b2.options import ScanOptions, read_span
    from offline.scan_b2.scan import run_scan

    settings = load_config(config)
    if run and ledger is None:
        ledger = settings.paths.ledger
    options = ScanOptions(read_span(first, last, step), spills_per_step, seed, ledger, tuple(run or ()), out, as_json)
    raise typer.Exit(run_scan(settings, options))
