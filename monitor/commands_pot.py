"""`dumpwatch pot`: protons on target, goals, gaps, the K3pi cross-check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.commands_ledger import (
    B2,
    ConfigFile,
    Day,
    Json,
    LedgerUrl,
    QualityOption,
    Run,
    open_ledger,
    print_json,
    selection,
    settings,
)

pot_app = typer.Typer(help="Sum protons on target.", invoke_without_command=True)


@pot_app.callback()
def pot(
    context: typer.Context,
    run: Run = None,
    by: Annotated[str, typer.Option("--by", help="spill, run, day or b2.")] = "run",
    quality: QualityOption = "all",
    day: Day = None,
    b2: B2 = None,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values on stdout.")] = False,
    ledger: LedgerUrl = None,
    config: ConfigFile = None,
) -> None:
    """Sum protons on target; the 20 % error is fully correlated, so it is added linearly."""
    if context.invoked_subcommand is not None:
        return
    from daq.errors import ConfigError
    from monitor.show_pot import pot_document, print_csv, show_pot

    if by not in ("spill", "run", "day", "b2"):
        msg = f"pot --by: got '{by}', wanted one of spill, run, day, b2"
        raise ConfigError(msg)
    if json and csv:
        msg = "pot: got both --json and --csv; give one of them"
        raise ConfigError(msg)
    wanted = selection(run, quality, day, b2)
    with open_ledger(ledger, config) as books:
        rows = books.pot(by, wanted=wanted)  # type: ignore[arg-type]
        if json:
            print_json(pot_document(books, by, rows, wanted))
    if csv:
        print_csv(rows)
    elif not json:
        show_pot(by, rows)


@pot_app.command()
def goals(json: Json = False, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Compare the protons of the good spills with the goals, and project when they are reached."""
    from datetime import UTC, datetime

    from monitor.accounting.projection import project
    from monitor.ledger import Selection
    from monitor.show_pot import show_goals

    chosen = settings(config)
    with open_ledger(ledger, config) as books:
        days = {row.key: row.pot for row in books.pot("day", wanted=Selection(quality="good"))}
        good = books.good()
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    answer = [project(days, goal, today, chosen.accounting.projection_days) for goal in chosen.monitor.pot_goals]
    if json:
        print_json({"today": today, "good": good.model_dump(), "goals": [row.model_dump() for row in answer]})
    else:
        show_goals(good, answer)


@pot_app.command()
def gaps(run: Run = None, json: Json = False, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Show absent burst numbers, pauses, and bursts that were committed again."""
    from monitor.show_pot import show_gaps

    with open_ledger(ledger, config) as books:
        found = books.gaps(run)
    if json:
        print_json({"run": run, **found.model_dump()})
    else:
        show_gaps(found)


@pot_app.command()
def k3pi(
    run: Run = None,
    load: Annotated[Path | None, typer.Option("--import", help="CSV: run,burst,n_k3pi,downscaling.")] = None,
    who: Annotated[str, typer.Option("--who", help="Your name, with --import; it is kept.")] = "",
    json: Json = False,
    ledger: LedgerUrl = None,
    config: ConfigFile = None,
) -> None:
    """Compare K+ -> pi+ pi+ pi- selected in kaon mode with those expected from the protons."""
    from monitor.k3pi_file import read_k3pi
    from monitor.show_pot import k3pi_checks, show_k3pi

    chosen = settings(config)
    if load is not None:
        rows = read_k3pi(load)
        with open_ledger(ledger, config, readonly=False) as books:
            n_new = books.add_k3pi(rows, who, str(load))
        typer.echo(f"{load}: {len(rows)} rows, {n_new} of them new", err=True)
    with open_ledger(ledger, config) as books:
        found = books.k3pi(run)
    checks, n_without = k3pi_checks(found, chosen.accounting)
    if json:
        document = {"run": run, "rows": [row.model_dump() for row in checks], "n_without_pot": n_without}
        print_json(document)
    else:
        show_k3pi(checks, n_without, chosen.accounting.k3pi_agreement)
