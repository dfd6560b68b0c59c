"""The long form: python -m tests.noninterference.campaign --examples 200000 --seed 1 --processes 2

An example is a pair of low-equivalent streams that went through every verb. Exit code 1: a leak was found; the
shortest pair of streams that shows it is saved.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, seed, settings

from tests.noninterference.compare import Leak
from tests.noninterference.place import Keys
from tests.noninterference.streams import Burst, bursts
from tests.noninterference.world import LOOKS, world

FILLINGS, BURSTS = 11, 100
"""Of a batch: 1000 examples, in ledgers of 100 rows."""

PER_BATCH = BURSTS * (FILLINGS - 1)
SHM = Path("/dev/shm")


@dataclass(frozen=True)
class Batch:
    """What a batch found."""

    n_pairs: int
    leak: str = ""
    burst: dict | None = None


def run_batch(number: int) -> Batch:
    """Check one batch of bursts; its seed is its number."""
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory(dir=SHM if SHM.is_dir() else None) as name:
        keys = Keys(Path(name))
        last: list[Burst] = []
        with world(Path(name) / "w", keys, FILLINGS) as chains:

            @seed(number)
            @settings(max_examples=BURSTS, deadline=None, database=None)
            @given(bursts(FILLINGS))
            def nobody_can_tell(burst):
                last[:] = [burst]
                chains.check(burst)

            try:
                nobody_can_tell()
                chains.finish()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the streams that show it
                text = str(error) if isinstance(error, Leak) else f"{type(error).__name__}: {error}"
                return Batch(chains.n_pairs, text, last[0].plain() if last else None)
            return Batch(chains.n_pairs)


def batches(first: int, n: int, processes: int) -> Iterator[Batch]:
    """Run batches, in this process or in others."""
    numbers = range(first, first + n)
    if processes == 1:
        yield from map(run_batch, numbers)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(run_batch, numbers)


def show(path: Path) -> int:
    """Run saved streams once more, through everything."""
    burst = Burst.of_plain(json.loads(path.read_text())["burst"])
    with tempfile.TemporaryDirectory() as name:
        keys = Keys(Path(name))
        with world(Path(name) / "w", keys, len(burst.slots)) as chains:
            try:
                chains.check(burst, tuple(LOOKS))
            except Leak as leak:
                sys.stdout.write(f"{leak}\n")
                return 1
    sys.stdout.write("no leak\n")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--save", type=Path, default=Path("leak.json"))
    parser.add_argument("--show", type=Path, help="run a saved leak again, and nothing else")
    asked = parser.parse_args()
    if asked.show:
        return show(asked.show)
    n = -(-asked.examples // PER_BATCH)
    begin, done = time.monotonic(), 0
    for number, batch in enumerate(batches(asked.seed * 1_000_000, n, asked.processes), start=1):
        done += batch.n_pairs
        if batch.leak:
            asked.save.write_text(json.dumps({"leak": batch.leak, "burst": batch.burst}, indent=1))
            sys.stdout.write(f"seed {asked.seed}: LEAK after {done} examples, saved in {asked.save}\n{batch.leak}\n")
            return 1
        if number % 5 == 0 or number == n:
            seconds = time.monotonic() - begin
            sys.stdout.write(f"seed {asked.seed}: {done} examples, {seconds:.0f} s, no leak\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
