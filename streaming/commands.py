"""`dumpwatch source`, `dumpwatch worker`, `dumpwatch config curve-keys`: one role each, for chains over hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Work = Annotated[str, typer.Option(help="endpoint where the source hands out frames")]
Results = Annotated[str, typer.Option(help="endpoint where the collector takes results")]
Control = Annotated[str, typer.Option(help="endpoint where the collector talks to sources")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file")]
RoleName = Annotated[str, typer.Option(hidden=True, help="name towards the supervisor")]


def source(
    run: Annotated[int, typer.Option(help="run number", min=1, max=999_999)],
    work: Work = "tcp://127.0.0.1:8063",
    control: Control = "tcp://127.0.0.1:8065",
    journals: Annotated[Path, typer.Option(help="folder of the journals")] = Path("dumpwatch-data/journals"),
    keep: Annotated[bool, typer.Option(help="keep committed recordings")] = False,
    first: Annotated[int, typer.Option(help="first burst", min=1)] = 1,
    last: Annotated[int | None, typer.Option(help="last burst; without it, until stopped")] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the emulated detector; default: the run number")] = None,
    cycle: Annotated[float, typer.Option(help="SOB to SOB [s]; 0 for as fast as possible", min=0)] = 14.4,
    replay: Annotated[Path | None, typer.Option(help="file with paths of recorded bursts, one a line")] = None,
    scenario: Annotated[str | None, typer.Option(help="name or file, see `dumpwatch scenarios`")] = None,
    mode: Annotated[str, typer.Option(help="beam, two-track, signal or control")] = "beam",
    config: ConfigFile = None,
    role_name: RoleName = "source",
) -> None:
    """Run the source role: detector, level-0 trigger, journal."""
    from daq.config import load_config
    from daq.source.modes import RunMode
    from daq.source.scenario import load_scenario
    from streaming.services.lifetime import Lifetime
    from streaming.services.roles import SourceTask, run_source

    if replay and scenario:
        msg = "--replay hands out what was recorded, nothing can be changed in it; leave one of the two out"
        raise typer.BadParameter(msg, param_hint="--scenario")
    recordings = tuple(Path(line) for line in replay.read_text("utf-8").splitlines()) if replay else ()
    settings = load_config(config)
    run_mode = RunMode.named(mode, scenario)
    story = load_scenario(scenario, settings.beam) if scenario else None
    task = SourceTask(
        run, run if seed is None else seed, first, last, cycle, journals, keep, recordings, story, run_mode
    )
    lifetime = Lifetime(role_name)
    raise typer.Exit(lifetime.end(run_source(settings, task, work, control, lifetime)))


def worker(
    work: Work = "tcp://127.0.0.1:8063",
    results: Results = "tcp://127.0.0.1:8064",
    config: ConfigFile = None,
    role_name: RoleName = "worker",
) -> None:
    """Run a worker role: reconstruct, classify."""
    from daq.config import load_config
    from streaming.services.lifetime import Lifetime
    from streaming.services.roles import run_worker

    lifetime = Lifetime(role_name)
    raise typer.Exit(lifetime.end(run_worker(load_config(config), work, results, lifetime)))


def curve_keys(folder: Annotated[Path, typer.Argument(help="new folder for the keys of one role")]) -> None:
    """Make the CURVE keys of a role, for endpoints that other machines can reach."""
    from streaming.transport import make_keys

    make_keys(folder)
    typer.echo(f"keys in {folder}: copy own.key to allowed/ or servers/ of the peers, theirs to this folder's")


def register(app: typer.Typer) -> None:
    """Mount the commands of this folder."""
    from daq.commands import config_app

    app.command()(source)
    app.command()(worker)
    config_app.command("curve-keys")(curve_keys)
