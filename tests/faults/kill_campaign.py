"""Kill -9 of the roles of a running chain at random instants, and the audit afterwards.

    python -m tests.faults.kill_campaign [--kills 20] [--seed 1] [source worker collector monitor all]

prints one line a role: kills, bursts, complete, incomplete, faults. The short form runs in the test suite.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.audit import Audit, audit

ROLES = ("source", "worker", "collector", "monitor", "all")
CONFIG = """
[beam]
pot_per_spill = 1.5e12
[streaming]
frame_events = 1024
stall_seconds = 0.5
"""


class Chain:
    """A `dumpwatch live` that can be hurt."""

    def __init__(self, folder: Path, spills: int) -> None:
        self.folder, self.spills = folder, spills
        self.ledger, self.recordings = folder / "l.db", folder / "rec"
        (folder / "c.toml").write_text(CONFIG)
        self.log = folder / "log"

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "dumpwatch",
            "live",
            "--run",
            "1",
            "--seed",
            "3",
            "--speed",
            "max",
            "--port",
            "0",
        ]
        command += ["--config", str(self.folder / "c.toml"), "--record", str(self.recordings)]
        command += ["--ledger", f"sqlite:///{self.ledger}", "--workers", "1", "--spills", str(self.spills)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def pids(self) -> dict[str, int]:
        """Process of each role, from /proc."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError):
                continue
            if parent == self.process.pid:
                found[words[5].decode()] = int(entry.name)
        return found

    def n_files(self) -> int:
        return sum(1 for _ in self.recordings.rglob("burst-*"))

    def wait_for_work(self, timeout: float = 60.0) -> bool:
        """Wait until a new file shows that the chain is at work; False when it ended instead."""
        before, end = self.n_files(), time.monotonic() + timeout
        while self.n_files() == before and self.process.poll() is None:
            assert time.monotonic() < end, f"no progress; see {self.log}"
            time.sleep(0.02)
        return self.process.poll() is None


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def hurt(chain: Chain, role: str) -> None:
    """Kill one role, or everything, the supervisor first."""
    if role != "all":
        if role in (pids := chain.pids()):
            kill(pids[role])
        return
    pids = chain.pids()
    kill(chain.process.pid)
    for pid in pids.values():
        kill(pid)
    chain.process.wait()
    chain.start()


def campaign(role: str, kills: int, seed: int, folder: Path) -> tuple[int, Audit]:
    """Hurt a chain `kills` times, let it finish, audit; returns kills done and the audit."""
    chance = random.Random(seed)
    chain = Chain(folder, spills=3 * kills + 3)
    chain.start()
    done = 0
    while done < kills and chain.wait_for_work():
        time.sleep(chance.random() * 1.0)
        hurt(chain, role)
        done += 1
    code = chain.process.wait(120)
    found = audit(chain.ledger, chain.recordings)
    if code:
        found.faults.append(f"exit code {code}")
    return done, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("roles", nargs="*", default=ROLES)
    options = parser.parse_args()
    worst = 0
    for role in options.roles:
        with tempfile.TemporaryDirectory() as folder:
            begin = time.monotonic()
            done, found = campaign(role, options.kills, options.seed, Path(folder))
            seconds = time.monotonic() - begin
            print(
                f"{role:10} kills {done:3} complete {found.complete:4} incomplete {found.incomplete:3} "
                f"events {found.events:9} faults {len(found.faults)} ({seconds:.0f} s)",
                flush=True,
            )
            for fault in found.faults:
                print("   ", fault)
            if found.faults:
                print((Path(folder) / "log").read_text()[-1500:])
            worst |= bool(found.faults) or done < options.kills
    return worst


if __name__ == "__main__":
    sys.exit(main())
