"""`dumpwatch deadman` as a process of the test."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.programs import wait_for


class Switch:
    """A running switch: its address, and the lines it has written."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self.process, self._log, self.port = process, log, port
        self.url = f"http://127.0.0.1:{port}/alertmanager"

    def lines(self) -> list[dict[str, str]]:
        """What it said, oldest first."""
        said = [line for line in self._log.read_text().splitlines() if line.startswith('{"deadman"')]
        return [json.loads(line)["deadman"] for line in said]

    def state(self) -> str:
        """What it said last."""
        return self.lines()[-1]["state"] if self.lines() else "OK"


@contextmanager
def switch(folder: Path, *options: str) -> Iterator[Switch]:
    """Start it on a free port; ends it by SIGTERM, when it must exit 0, unless it has ended itself."""
    address, log = folder / "notify", folder / "deadman.log"
    command = [sys.executable, "-m", "dumpwatch", "deadman", "--port", "0", *options]
    notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notes.bind(str(address))
    notes.settimeout(30)
    environment = dict(os.environ, NOTIFY_SOCKET=str(address))
    with log.open("wb") as file:
        process = subprocess.Popen(command, stderr=file, env=environment)
    # a supervisor that does not read would block it: ours listens until the switch is ready, and is gone then
    try:
        with notes:
            while (found := re.search(rb"READY=1(?:.|\n)*X_PORT=(\d+)", notes.recv(4096))) is None:
                assert process.poll() is None, log.read_text()
        yield Switch(process, log, int(found[1]))
        if process.poll() is None:
            process.terminate()
            assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def wait_for_state(switched: Switch, state: str, seconds: float = 30.0) -> str:
    """Wait until it says so; returns the text."""
    wait_for(f"the switch to say {state}, it said {switched.lines()}", lambda: switched.state() == state, seconds)
    return switched.lines()[-1]["text"]
