"""Both databases of the ledger for tests: a file, and a PostgreSQL server of its own.

A test module imports the fixtures it wants. The server is started once, on a Unix socket only.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

_NUMBERS = count(1)


def _tool(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


@cache
def start_server() -> Path | None:
    """Start a server, stopped when the tests end; None where there is none to start."""
    initdb, pg_ctl = _tool("initdb"), _tool("pg_ctl")
    users = {user.pw_name for user in pwd.getpwall()}
    if initdb is None or pg_ctl is None or (os.geteuid() == 0 and "postgres" not in users):
        return None
    folder = Path(tempfile.mkdtemp(prefix="dw-pg-", dir="/tmp"))
    # PostgreSQL refuses to run as root, so it runs as its own user
    become = {"user": "postgres"} if os.geteuid() == 0 else {}
    if become:
        shutil.chown(folder, "postgres")

    def tell(*args: str) -> None:
        subprocess.run(args, check=True, capture_output=True, cwd=folder, **become)

    def stop() -> None:
        tell(pg_ctl, "-D", str(folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(folder)

    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    tell(initdb, "-D", str(folder / "data"), "-U", "dumpwatch", "--auth=trust", "--no-sync")
    tell(pg_ctl, "-D", str(folder / "data"), "-o", options, "-l", str(folder / "log"), "-w", "start")
    atexit.register(stop)
    return folder


@pytest.fixture(scope="session")
def cluster() -> str:
    """Folder of the socket of a PostgreSQL server."""
    folder = start_server()
    if folder is None:
        pytest.skip("PostgreSQL's server is missing: THE LEDGER ON POSTGRESQL IS NOT TESTED")
    return str(folder)


@pytest.fixture
def postgres_url(cluster: str) -> str:
    """URL of an empty database."""
    name = f"ledger{next(_NUMBERS)}"
    with psycopg.connect(host=cluster, user="dumpwatch", dbname="postgres", autocommit=True) as raw:
        raw.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://dumpwatch@/{name}?host={cluster}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a place for a ledger, in each of the databases in turn."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/deep/er/ledger.db"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a file that is not there yet."""
    return f"sqlite:///{tmp_path}/deep/er/ledger.db"
