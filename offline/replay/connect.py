"""Where bursts are counted: on this process, on local processes, or on a Dask cluster that runs already."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from daq.errors import ConfigError, PolicyError, TransportError
from offline.replay.engine import Engine

CONNECT_S = 15


@contextmanager
def engine(workers: int, scheduler: str | None) -> Iterator[Engine]:
    """Start an engine, and end it afterwards.

    workers : processes on this machine; 1 is this process itself
    scheduler : URL of a running Dask scheduler instead

    Raises
    ------
    ConfigError
        The URL is none of a scheduler.
    PolicyError
        It would be talked to in clear over a network.
    TransportError
        It does not answer.
    """
    import distributed

    make_client: Callable[..., Any] = distributed.Client
    if scheduler is not None:
        check_url(scheduler)
        try:
            client = make_client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            why = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}"
            msg = f"replay: scheduler {scheduler}: {why}; is it running, and are the TLS files those of the cluster?"
            raise TransportError(msg) from None
        try:
            yield Engine(client, f"scheduler {scheduler}")
        finally:
            client.close()
        return
    from offline.replay.cluster import in_process, on_this_machine

    cluster = in_process() if workers == 1 else on_this_machine(workers)
    try:
        with make_client(cluster, set_as_default=False) as client:
            yield Engine(client, "this process" if workers == 1 else f"{workers} local workers", cluster, workers)
    finally:
        cluster.close()


def check_url(url: str) -> None:
    """Refuse a scheduler that is talked to in clear beyond this machine.

    Raises
    ------
    ConfigError, PolicyError
        As `engine`.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("tcp", "tls") or not parts.hostname:
        msg = f"--scheduler {url}: wanted tls://HOST:PORT, or tcp://127.0.0.1:PORT on this machine"
        raise ConfigError(msg)
    if parts.scheme == "tcp" and not _is_loopback(parts.hostname):
        msg = (
            f"--scheduler {url}: in clear over a network; whoever reaches a Dask scheduler runs code as its owner. "
            "Start it with TLS and give tls://HOST:PORT, see docs/operator/batch.md"
        )
        raise PolicyError(msg)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
