"""`dumpwatch analyse` and `dumpwatch export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="print one JSON document at the end")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file")]
Workers = Annotated[int, typer.Option(help="local processes; 1: this one", min=1)]
Scheduler = Annotated[str | None, typer.Option(help="URL of a Dask scheduler instead")]


class ExportFormat(StrEnum):
    """Formats of `export`."""

    PARQUET = "parquet"
    ROOT = "root"


def analyse(
    runs: Annotated[list[str], typer.Argument(help="recorded runs, or folders with their mini-records")],
    into: Annotated[Path, typer.Option("-o", "--output", help="folder of the report")],
    ledger: Annotated[str | None, typer.Option(help="ledger whose audited opening log says what is open")] = None,
    keys: Annotated[list[Path] | None, typer.Option(help="public key set of the ledger; several may be given")] = None,
    model: Annotated[list[str] | None, typer.Option(help="MODEL/STATE, such as photon/mumu; several")] = None,
    points: Annotated[int, typer.Option(help="masses and couplings of a plane, each", min=2, max=1000)] = 40,
    pot: Annotated[float | None, typer.Option(help="protons of the limits", show_default="of the sample")] = None,
    full: Annotated[bool, typer.Option("--full", help="large acceptance samples: minutes instead of seconds")] = False,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    seed: Annotated[int, typer.Option(help="of everything that is drawn", min=0)] = 1,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Backgrounds, limits and a report from recorded runs; what is masked stays masked."""
    from daq.config import load_config
    from offline.analyse import AnalyseOptions, run_analyse

    models = tuple(_model(name) for name in model or ["photon/mumu"])
    options = AnalyseOptions(
        tuple(runs), into, ledger, tuple(keys or ()), models, points, pot, full, workers, scheduler, seed, as_json
    )
    raise typer.Exit(run_analyse(load_config(config), options))


def export(
    runs: Annotated[list[str], typer.Argument(help="recorded runs, or folders with their mini-records")],
    form: Annotated[ExportFormat, typer.Option("--format", help="parquet: a file a table; root: one file")],
    into: Annotated[
        Path, typer.Option("-o", "--output", help="folder; the ROOT file is minirecords.root in it")
    ] = Path("dumpwatch-export"),
    workers: Workers = 1,
    scheduler: Scheduler = None,
    config: ConfigFile = None,
) -> None:
    """Single tracks, visible pairs and spills of recorded runs, for pandas, awkward, RDataFrame."""
    import sys

    from daq.config import load_config
    from offline.analyse import AnalyseOptions, collect
    from offline.minirecords.export import export_records

    options = AnalyseOptions(tuple(runs), into, workers=workers, scheduler=scheduler)
    records, missing = collect(load_config(config), options)
    place = into / "minirecords.root" if form is ExportFormat.ROOT else into
    for path in export_records(records, place, form.value):
        sys.stdout.write(f"{path}\n")
    left = (*records.refused, *missing)
    for line in left:
        sys.stderr.write(f"{line}\n")
    raise typer.Exit(1 if left else 0)


def _model(name: str) -> tuple[str, str]:
    model, slash, state = name.partition("/")
    if not slash:
        msg = f"'{name}'; wanted MODEL/STATE, such as photon/mumu"
        raise typer.BadParameter(msg, param_hint="--model")
    return model, state
