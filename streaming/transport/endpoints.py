"""Which endpoints are allowed without keys."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from daq.errors import ConfigError, PolicyError

MAX_IPC_PATH = 107
"""Longest path of a Unix socket on Linux [bytes]."""


def is_private(endpoint: str) -> bool:
    """Whether only processes of this machine can reach an endpoint."""
    if endpoint.startswith("ipc://"):
        return True
    try:
        host = urlsplit(endpoint).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_endpoint(endpoint: str, *, have_keys: bool) -> None:
    """Refuse what can't be bound or must not be bound.

    Raises
    ------
    ConfigError
        Neither ipc nor tcp, or an ipc path that is too long.
    PolicyError
        Reachable from other machines, and no CURVE keys are configured.
    """
    odd = endpoint.startswith("ipc://@") or ";" in endpoint  # no file permissions; a second, hidden address
    if odd or not endpoint.startswith(("ipc://", "tcp://")):
        msg = f"endpoint '{endpoint}': wanted ipc://PATH or tcp://HOST:PORT"
        raise ConfigError(msg)
    if endpoint.startswith("ipc://") and len(endpoint[6:].encode()) > MAX_IPC_PATH:
        msg = f"endpoint '{endpoint}': path of {len(endpoint) - 6} bytes, at most {MAX_IPC_PATH}; set paths.runtime"
        raise ConfigError(msg)
    if not is_private(endpoint) and not have_keys:
        msg = (
            f"endpoint '{endpoint}': reachable from other machines without keys; make them with "
            "`dumpwatch config curve-keys DIR` and set streaming.curve_directory"
        )
        raise PolicyError(msg)


def runtime_endpoints(folder: Path) -> dict[str, str]:
    """Endpoints of a chain on one machine, in a private folder."""
    return {name: f"ipc://{folder / name}" for name in ("work", "results", "control", "display")}
