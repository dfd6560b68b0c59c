"""Sockets, endpoints and keys. The only home of zmq."""

from streaming.transport.endpoints import check_endpoint, is_private, runtime_endpoints
from streaming.transport.keys import load_keys, make_keys
from streaming.transport.links import Hub, Link, Pattern

__all__ = [
    "Hub",
    "Link",
    "Pattern",
    "check_endpoint",
    "is_private",
    "load_keys",
    "make_keys",
    "runtime_endpoints",
]
