"""`dumpwatch bench l0|vertex|emulator|chain|close|replay|alarms`: figures, a reference in the same run, the machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

bench_app = typer.Typer(no_args_is_help=True, help="Speeds, each beside a reference measured in the same run.")

Json = Annotated[bool, typer.Option("--json", help="print one JSON document")]


def _show(name: str, figures: dict[str, Any], *, as_json: bool) -> None:
    from offline.bench.machine import machine

    if as_json:
        import json

        typer.echo(json.dumps({"bench": name, "figures": figures, "machine": machine()}))
        return
    typer.echo(f"{name}:")
    for key, value in figures.items():
        typer.echo(f"  {key:40} {value:.4g}" if isinstance(value, float) else f"  {key:40} {value}")
    typer.echo("  " + ", ".join(f"{key} {value}" for key, value in machine().items()))


@bench_app.command("l0")
def l0(as_json: Json = False) -> None:
    """Level-0 emulation: CHOD hits per second and core."""
    from l0emu.bench import bench_l0

    _show("l0", bench_l0(), as_json=as_json)


@bench_app.command("vertex")
def vertex(as_json: Json = False) -> None:
    """Two-track vertex kernel: pairs per second and core, with and without the residual field."""
    from streaming.reco.bench import bench_vertex

    _show("vertex", bench_vertex(), as_json=as_json)


@bench_app.command("reco")
def reco(as_json: Json = False) -> None:
    """Full reconstruction of an emulated burst, nine final states and gate: events per second and core."""
    from daq.config import Config
    from offline.bench.reco import bench_reco

    _show("reco", bench_reco(Config()), as_json=as_json)


@bench_app.command("emulator")
def emulator(
    spills: Annotated[int, typer.Option(help="unbiased spills to make", min=1)] = 5,
    equivalent_pot: Annotated[float, typer.Option(help="two-track bursts stand for so many protons", min=1)] = 1.4e17,
    as_json: Json = False,
) -> None:
    """Emulated detector: seconds per spill and per 2021 sample, signal decays per second, memory."""
    from daq.config import Config
    from offline.bench.emulator import bench_emulator

    _show("emulator", bench_emulator(Config(), spills, equivalent_pot), as_json=as_json)


@bench_app.command("chain")
def chain(
    bursts: Annotated[int, typer.Option(help="bursts to send", min=1)] = 40,
    workers: Annotated[int, typer.Option(help="worker processes", min=1)] = 1,
    as_json: Json = False,
) -> None:
    """Recorded bursts -> source -> TCP -> worker -> collector -> ledger: events per second, and lost ones."""
    from daq.config import Config
    from offline.bench.chain import bench_chain

    _show("chain", bench_chain(Config(), bursts, workers), as_json=as_json)


@bench_app.command("close")
def close(
    bursts: Annotated[int, typer.Option(help="bursts to close", min=10)] = 300,
    as_json: Json = False,
) -> None:
    """EOB to committed row, in milliseconds."""
    from daq.config import Config
    from offline.bench.chain import bench_close

    _show("close", bench_close(Config(), bursts), as_json=as_json)


@bench_app.command("replay")
def replay(
    bursts: Annotated[int, typer.Option(help="recorded bursts of 33 MB each", min=2)] = 16,
    workers: Annotated[int, typer.Option(help="local workers of the second measurement", min=2)] = 2,
    as_json: Json = False,
) -> None:
    """Replay of recorded bursts: events per second, beside plain pyarrow and an awkward and vector analysis."""
    from daq.config import Config
    from offline.bench.replay import bench_replay

    _show("replay", bench_replay(Config(), bursts, workers), as_json=as_json)


@bench_app.command("limits")
def limits(as_json: Json = False) -> None:
    """Limit grid of 100 x 100 points: samples made, and samples kept."""
    from daq.config import Config
    from offline.signal.bench import bench_limits

    _show("limits", bench_limits(Config()), as_json=as_json)


@bench_app.command("alarms")
def alarms(
    weeks: Annotated[int, typer.Option(help="simulated weeks of quiet spills, for each kind of noise", min=1)] = 300,
    seed: Annotated[int, typer.Option(help="of all draws", min=0)] = 20_211,
    as_json: Json = False,
) -> None:
    """False pages a week, power and delay of the excursion detectors, each beside the published figure."""
    from daq.config.alarms import AlarmsConfig
    from offline.bench.alarms import bench_alarms

    _show("alarms", bench_alarms(AlarmsConfig(), weeks, seed), as_json=as_json)
