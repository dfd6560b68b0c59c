"""`dumpwatch deadman` and `dumpwatch ledger-age`: what speaks when everything else is dead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Mount the commands of this file."""
    app.command("deadman")(deadman)
    app.command("ledger-age")(ledger_age)


def deadman(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one", min=0, max=65535)] = 8067,
    silence: Annotated[float, typer.Option(help="speak after so long without a heartbeat [s]", min=1)] = 90.0,
    repeat: Annotated[float, typer.Option(help="an alarm that lasts is told again after [s]", min=1)] = 600.0,
    tell: Annotated[Path | None, typer.Option(help="program to call: STATE TEXT")] = None,
    textfile: Annotated[Path | None, typer.Option(help="metrics for a node exporter")] = None,
    token_file: Annotated[Path | None, typer.Option(help="file with the bearer token that Alertmanager sends")] = None,
    exit_on_alarm: Annotated[bool, typer.Option("--exit-on-alarm", help="end with exit code 1")] = False,
) -> None:
    """Speak when the heartbeat of Prometheus stops; for another machine than the one that is watched."""
    from monitor.opslog.token import read_token
    from monitor.services.deadman import DeadmanOptions, run_deadman
    from streaming.services.lifetime import Lifetime

    options = DeadmanOptions(
        host=host,
        port=port,
        silence_s=silence,
        repeat_s=repeat,
        tell=tell,
        textfile=textfile,
        token=None if token_file is None else read_token(token_file),
        exit_on_alarm=exit_on_alarm,
    )
    lifetime = Lifetime("deadman")
    raise typer.Exit(lifetime.end(run_deadman(options, lifetime)))


def ledger_age(
    limit: Annotated[float, typer.Option(help="an older newest row is a failure [s]", min=1)] = 300.0,
    ledger: Annotated[str | None, typer.Option(help="ledger URL; the configured one when not given")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="TOML file")] = None,
) -> None:
    """Check how long ago the newest row was booked; exit code 1 when that is too long. For a timer."""
    import time

    from daq.config import load_config
    from monitor.ledger import Ledger

    with Ledger.open(ledger or load_config(config).paths.ledger, readonly=True) as books:
        newest = books.entries_after(books.last_entry() - 1, 1)
    if not newest:
        typer.echo("the ledger is empty", err=True)
        raise typer.Exit(1)
    age_s = (time.time_ns() - newest[-1].booked_ns) / 1e9
    spill = newest[-1].spill
    typer.echo(f"run {spill.run} burst {spill.burst} was booked {age_s:.0f} s ago, limit {limit:.0f} s")
    raise typer.Exit(int(age_s > limit))
