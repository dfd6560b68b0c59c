"""`dumpwatch live`, `collector`, `monitor`, and the ledger commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Ledger = Annotated[str | None, typer.Option(help="ledger URL, sqlite:///PATH or postgresql+psycopg://...")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file")]
Display = Annotated[str, typer.Option(help="endpoint of the display stream")]
RoleName = Annotated[str, typer.Option(hidden=True, help="name towards the supervisor")]
Host = Annotated[str, typer.Option(help="address of the page")]
Port = Annotated[int, typer.Option(help="port of the page; 0 takes a free one and prints it", min=0, max=65535)]


def live(
    spills: Annotated[int | None, typer.Option(help="stop after so many spills", min=1)] = None,
    cycle: Annotated[float, typer.Option(help="SOB to SOB [s] at --speed 1", min=4.9)] = 14.4,
    speed: Annotated[str, typer.Option(help="1 (real time) or max")] = "1",
    workers: Annotated[int | None, typer.Option(help="worker processes", min=1, show_default="cores - 1")] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the detector", min=0, show_default="run number")] = None,
    run: Annotated[int | None, typer.Option(help="run number", min=1, max=999_999, show_default="next free")] = None,
    b2: Annotated[float | None, typer.Option(help="current of magnet B2 [A]")] = None,
    scenario: Annotated[str | None, typer.Option(help="name or file, see `dumpwatch scenarios`")] = None,
    record: Annotated[Path | None, typer.Option(help="keep the recorded bursts in this folder")] = None,
    ledger: Ledger = None,
    host: Host = "127.0.0.1",
    port: Port = 8062,
    mode: Annotated[
        str, typer.Option(help="beam: every particle; two-track, signal, control: a part of many spills, see docs")
    ] = "beam",
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document at the end")] = False,
) -> None:
    """Run the whole chain on this machine with the emulated detector."""
    from daq.config import load_config
    from daq.source.modes import RunMode
    from monitor.services.live import LiveOptions, run_live

    if speed not in {"1", "max"}:
        msg = f"'{speed}'; wanted 1 or max"
        raise typer.BadParameter(msg, param_hint="--speed")
    options = LiveOptions(
        spills=spills,
        cycle_seconds=cycle if speed == "1" else 0.0,
        workers=workers,
        seed=seed,
        run=run,
        b2_current_a=b2,
        scenario=scenario,
        mode=RunMode.named(mode, scenario),
        record=record,
        ledger=ledger,
        host=host,
        port=port,
        as_json=as_json,
    )
    raise typer.Exit(run_live(load_config(config), options))


def collector(
    results: Annotated[str, typer.Option(help="endpoint where workers send results")] = "tcp://127.0.0.1:8064",
    control: Annotated[str, typer.Option(help="endpoint where sources talk")] = "tcp://127.0.0.1:8065",
    display: Display = "tcp://127.0.0.1:8066",
    ledger: Ledger = None,
    config: ConfigFile = None,
    role_name: RoleName = "collector",
) -> None:
    """Run the collector role: closes bursts, commits them."""
    from daq.config import load_config
    from monitor.services.roles import Endpoints, run_collector
    from streaming.services.lifetime import Lifetime

    settings = load_config(config)
    at = Endpoints(work="", results=results, control=control, display=display)
    lifetime = Lifetime(role_name)
    raise typer.Exit(lifetime.end(run_collector(settings, ledger or settings.paths.ledger, at, lifetime)))


def monitor(
    display: Display = "tcp://127.0.0.1:8066",
    ledger: Ledger = None,
    host: Host = "127.0.0.1",
    port: Port = 8062,
    config: ConfigFile = None,
    role_name: RoleName = "monitor",
) -> None:
    """Run the monitor role: page, API, metrics."""
    from daq.config import load_config
    from monitor.services.roles import run_monitor
    from streaming.services.lifetime import Lifetime

    settings = load_config(config)
    url = ledger or settings.paths.ledger
    lifetime = Lifetime(role_name)
    raise typer.Exit(lifetime.end(run_monitor(settings, url, display, host, port, lifetime)))


def register(app: typer.Typer) -> None:
    """Mount the commands of this folder."""
    from monitor import commands_alarms, commands_blind, commands_deadman, commands_ledger, commands_log

    app.command()(live)
    app.command()(collector)
    app.command()(monitor)
    commands_ledger.register(app)
    commands_alarms.register(app)
    commands_deadman.register(app)
    commands_log.register(app)
    commands_blind.register(app)
