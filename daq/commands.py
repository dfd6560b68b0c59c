"""`dumpwatch config`: show, check, and make transport keys. `dumpwatch scenarios`: what can be played."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

config_app = typer.Typer(no_args_is_help=True, help="Configuration: show, check, make keys.")

FileOption = Annotated[Path | None, typer.Argument(help="TOML file; without it the defaults", show_default=False)]


@config_app.command("show")
def show(file: FileOption = None) -> None:
    """Print the effective configuration as TOML; assumptions are marked."""
    from daq.config import load_config, render_config

    typer.echo(render_config(load_config(file)), nl=False)


@config_app.command("check")
def check(file: FileOption = None) -> None:
    """Validate a configuration file: exit 0 when it is good, 2 when it is not."""
    from daq.config import load_config

    config = load_config(file)
    typer.echo(f"good: physics digest {config.digest()}, mask digest {config.mask_digest()}")


def scenarios() -> None:
    """List the scenarios for `dumpwatch live --scenario`: name, last burst in which something changes, title."""
    from daq.source.scenario import parse_scenario, shipped_scenarios, shipped_text

    for name in shipped_scenarios():
        scenario = parse_scenario(shipped_text(name), name)
        typer.echo(f"{name:16} {scenario.last_event():4}  {scenario.title}")


def register(app: typer.Typer) -> None:
    """Mount the commands of this folder."""
    app.add_typer(config_app, name="config")
    app.command()(scenarios)
