"""What a drill has to find when it opens: the emulated bursts of a live run, made again and counted another way.

    python -m tools.drill_truth --config mumu.toml --seed 11 --run 1 --spills 3 > mumu.truth.json
    python -m tools.drill_truth --compare mumu.truth.json opened.json [events.json ...]

The bursts come from the emulator in this process, with the seed of the run, so nothing is taken from a ledger or a
recording (decision 11). They are counted by the slow, plain-Python twin of the selection, which shares no code with
the chain. `--compare` holds the JSON of `dumpwatch blind open` and the files of `dumpwatch blind events` against that.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

Truth = dict[str, list[list[int]]]
"""Compartment -> [run, burst, event number] of each candidate in it."""


def truth(config_file: Path | None, seed: int, run: int, spills: int) -> Truth:
    """Masked candidates of the bursts 1 to `spills`, by the twin."""
    from daq.config import load_config
    from daq.source.emulator import EmulatedDetector
    from daq.source.modes import RunMode
    from offline.validation.chain import Burst
    from tests.reference import selection_slow

    config = load_config(config_file)
    source = EmulatedDetector(config.beam, config.detector, seed, config.processes, config.signal, RunMode.SIGNAL)
    cuts = (config.reco, config.regions, config.gate, config.channels)
    found: Truth = {}
    for burst in range(1, spills + 1):
        for frame in Burst(source, burst, config):
            for i in range(frame.n_events):
                flags, number = (int(frame.header[name][i]) for name in ("trigger_flags", "event_number"))
                hits = selection_slow.event_lists(frame, i)
                for channel, region in selection_slow.analyse_event(flags, hits, *cuts)[1]:
                    found.setdefault(f"{channel}/{region}", []).append([run, burst, number])
    return found


def compare(wanted: Truth, opened: dict, events: list[dict]) -> list[str]:
    """One line a compartment; those that differ begin with DIFFERS."""
    lines = []
    for one in opened["opened"]:
        name, n = one["compartment"], len(wanted.get(one["compartment"], []))
        lines.append(said(one["count"] == n, f"{name}: {one['count']} opened, {n} injected"))
    for one in events:
        listed = [[row[key] for key in ("run", "burst", "event_number")] for row in one["events"]]
        same = sorted(listed) == sorted(wanted.get(one["compartment"], []))
        lines.append(said(same, f"{one['compartment']}: {len(listed)} events by number"))
    return lines


def said(same: bool, text: str) -> str:
    return f"{'equal  ' if same else 'DIFFERS'} {text}"


def main(arguments: list[str]) -> int:
    """Print the truth, or the comparison; the exit code is 1 when anything differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path)
    for name in ("--seed", "--run", "--spills"):
        parser.add_argument(name, type=int, default=1)
    parser.add_argument("--compare", nargs="+", type=Path, metavar="FILE")
    args = parser.parse_args(arguments)
    if not args.compare:
        sys.stdout.write(json.dumps(truth(args.config, args.seed, args.run, args.spills)) + "\n")
        return 0
    wanted, opened, *events = (json.loads(path.read_text(encoding="utf-8")) for path in args.compare)
    lines = compare(wanted, opened, events)
    sys.stdout.write("".join(f"  {line}\n" for line in lines))
    return int(any(line.startswith("DIFFERS") for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
