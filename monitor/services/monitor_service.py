"""The monitor role: serves the page, the API and the metrics until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import uvicorn

from daq.config.monitor import MonitorConfig
from monitor.api.app import Setup, Site, make_app
from monitor.api.guard import HEADER_LIMIT
from monitor.api.view import LedgerView
from monitor.services.listen import check_host, listen
from monitor.services.patience import HEAD_SECONDS, patient_protocol

log = logging.getLogger(__name__)

GRACE_S = 1
"""Open connections are cut so long after a stop [s]."""


class ProvisionalFeed(Protocol):
    """Where the provisional status of the chain comes from; updated by somebody else's thread."""

    def latest(self) -> Mapping[str, object]:
        """Give the newest status; empty when nothing was heard yet."""


class NoFeed:
    """A feed that knows nothing: the monitor of a ledger that nobody fills now."""

    def latest(self) -> Mapping[str, object]:
        """Give nothing."""
        return {}


def serve(
    ledger_url: str,
    host: str,
    port: int,
    provisional_feed: ProvisionalFeed,
    cfg: MonitorConfig,
    on_ready: Callable[[int], None],
    setup: Setup | None = None,
    stop: threading.Event | None = None,
    head_seconds: float = HEAD_SECONDS,
) -> None:
    """Serve until SIGTERM or SIGINT (in the main thread) or until `stop` is set; then return.

    Parameters
    ----------
    ledger_url : it need not exist yet; nothing is written to it but lines of the operations log
    host, port : where to listen; port 0 takes a free one
    provisional_feed : status of the chain
    on_ready : called once with the port that is really in use, when answers are given
    setup : what the control room watches, and its token
    stop : ends the server when it is set
    head_seconds : a client has so long for the header of a request [s]

    Raises
    ------
    PolicyError
        A wildcard address without a list of allowed host names.
    TransportError
        The address cannot be had.
    """
    listener = listen(host, port)
    check_host(listener, cfg)
    _warn_of_host(listener)
    setup = setup or Setup()
    site = Site(LedgerView(ledger_url, setup.accounting), provisional_feed.latest, cfg, time.time_ns, setup)
    config = uvicorn.Config(
        make_app(site, (host, *cfg.allowed_hosts)),
        http=patient_protocol(site.refusals, head_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=HEADER_LIMIT,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=GRACE_S,
    )
    real_port = listener.getsockname()[1]
    server = _Server(config, site, lambda: on_ready(real_port), stop or threading.Event())
    try:
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        listener.close()
    if site.fault is not None:
        raise site.fault


class _Server(uvicorn.Server):
    """Ends event streams first when it stops, and leaves no trace of the signal that stopped it."""

    def __init__(self, config: uvicorn.Config, site: Site, on_ready: Callable[[], None], stop: threading.Event) -> None:
        super().__init__(config)
        self._site = site
        self._on_ready = on_ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stop.is_set() or self._site.fault is not None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._site.broadcaster.close()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # came in while the others were told to go
            connection.transport.abort()
        await asyncio.sleep(0)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again after its shutdown; a role that drained well exits 0 instead
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {which: signal.signal(which, self.handle_exit) for which in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)


def _warn_of_host(listener: socket.socket) -> None:
    host = listener.getsockname()[0]
    if not ipaddress.ip_address(host).is_loopback:
        log.warning("the page listens on %s: anybody who reaches it may read it; put TLS and a token before it", host)
