"""The socket on which the page is served."""

from __future__ import annotations

import ipaddress
import socket

from daq.config.monitor import MonitorConfig
from daq.errors import PolicyError, TransportError


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one.

    Raises
    ------
    TransportError
        The address cannot be had.
    """
    try:
        if not 0 <= port <= 65535:
            raise OverflowError("port must be 0-65535")  # noqa: TRY301, EM101 - some systems take it modulo 65536
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, OverflowError) as error:
        msg = f"page: host '{host}' port {port} is no address ({error}); give --host 127.0.0.1 and a port 0-65535"
        raise TransportError(msg) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        msg = (
            f"page: cannot listen on {host}:{port} ({error.strerror}); another program has it, or it is not yours: "
            "give another --port, or --port 0 for a free one"
        )
        raise TransportError(msg) from error
    return listener


def check_host(listener: socket.socket, cfg: MonitorConfig) -> None:
    """Look at the address that is really bound: a wildcard can be written in many ways.

    Raises
    ------
    PolicyError
        It is every address, and the configuration names no host; the listener is closed.
    """
    host = listener.getsockname()[0]
    if ipaddress.ip_address(host).is_unspecified and not cfg.allowed_hosts:
        listener.close()
        msg = (
            f"page: host '{host}' listens everywhere, but monitor.allowed_hosts names no host under which viewers may "
            "come; set it in the configuration, or give --host 127.0.0.1"
        )
        raise PolicyError(msg)
