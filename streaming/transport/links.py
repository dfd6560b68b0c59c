"""Sockets of one thread. Every bind, every option and every limit is set here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import Enum
from typing import Any

import zmq
from zmq.auth.thread import ThreadAuthenticator

from daq.errors import TransportError
from streaming.transport.endpoints import check_endpoint, is_private
from streaming.transport.keys import ZAP_DOMAIN, CurveKeys

Parts = list[memoryview]


class Pattern(Enum):
    """What a link is for: socket type and high-water mark [messages]."""

    WORK_SERVER = (zmq.ROUTER, 64)
    WORK_CLIENT = (zmq.DEALER, 64)
    RESULTS_IN = (zmq.PULL, 256)
    RESULTS_OUT = (zmq.PUSH, 16)
    CONTROL_SERVER = (zmq.ROUTER, 1000)
    CONTROL_CLIENT = (zmq.DEALER, 1000)
    # the display stream may lose messages by design; nothing on it is counted
    DISPLAY_OUT = (zmq.PUB, 10)
    DISPLAY_IN = (zmq.SUB, 10)


class Link:
    """One socket, used by one thread."""

    def __init__(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        self.socket = socket
        self.endpoint = endpoint
        self._routed = socket.type == zmq.ROUTER

    def send(self, parts: Sequence[Any], to: bytes | None = None, timeout_ms: int = 0) -> bool:
        """Hand a message over; False when no peer takes it within the timeout or the peer `to` is gone."""
        if timeout_ms and not self.socket.poll(timeout_ms, zmq.POLLOUT):
            return False
        message = [to, *parts] if to is not None else parts
        try:
            self.socket.send_multipart(message, zmq.DONTWAIT, copy=False)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno == zmq.EHOSTUNREACH:
                return False
            raise
        return True

    def receive(self) -> tuple[bytes, Parts] | None:
        """Next message as (peer, parts), None when there is none; the peer is empty where it isn't known."""
        try:
            frames = self.socket.recv_multipart(zmq.DONTWAIT, copy=False)
        except zmq.Again:
            return None
        parts = [frame.buffer for frame in frames]
        return (bytes(parts[0]), parts[1:]) if self._routed else (b"", parts)


class Hub:
    """All links of one thread."""

    def __init__(self, keys: CurveKeys | None, max_bytes: int) -> None:
        self._context = zmq.Context()
        self._keys = keys
        self._max_bytes = max_bytes
        self._links: list[Link] = []
        self._poller = zmq.Poller()
        self._authenticator: ThreadAuthenticator | None = None
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poller.register(self._wake_fd, zmq.POLLIN)

    def wake(self) -> None:
        """Make `wait` return now; may be called from any thread."""
        os.eventfd_write(self._wake_fd, 1)

    def bind(self, pattern: Pattern, endpoint: str) -> Link:
        """Bind an endpoint; `link.endpoint` is the real one when port 0 or * was asked for.

        Raises
        ------
        TransportError
            The endpoint is taken or can't be made.
        """
        socket = self._socket(pattern, endpoint)
        if self._keys is not None and not is_private(endpoint):
            self._authenticate(self._keys)
            socket.curve_server = True
            socket.curve_publickey, socket.curve_secretkey = self._keys.public, self._keys.secret
            socket.zap_domain = ZAP_DOMAIN
            socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:
            socket.close(linger=0)
            msg = f"endpoint {endpoint}: can't be bound ({error.strerror}); is another dumpwatch using it?"
            raise TransportError(msg) from None
        return self._add(socket, socket.getsockopt_string(zmq.LAST_ENDPOINT))

    def connect(self, pattern: Pattern, endpoint: str, server: str) -> Link:
        """Connect to an endpoint; `server` names the key of the peer where keys are used."""
        socket = self._socket(pattern, endpoint)
        if self._keys is not None and not is_private(endpoint):
            socket.curve_serverkey = self._keys.server(server)
            socket.curve_publickey, socket.curve_secretkey = self._keys.public, self._keys.secret
        socket.connect(endpoint)
        return self._add(socket, endpoint)

    def wait(self, timeout_ms: int) -> set[Link]:
        """Links with something to receive."""
        ready = {socket for socket, _ in self._poller.poll(timeout_ms)}
        if self._wake_fd in ready:
            os.eventfd_read(self._wake_fd)
        return {link for link in self._links if link.socket in ready}

    def close(self, linger_ms: int = 2000) -> None:
        """Close all links; messages not yet taken by a peer are given `linger_ms` to leave."""
        for link in self._links:
            link.socket.close(linger=linger_ms)
        if self._authenticator is not None:
            self._authenticator.stop()
        self._context.term()

    def _add(self, socket: zmq.Socket[bytes], endpoint: str) -> Link:
        link = Link(socket, endpoint)
        self._links.append(link)
        if socket.type not in (zmq.PUSH, zmq.PUB):
            self._poller.register(socket, zmq.POLLIN)
        return link

    def _socket(self, pattern: Pattern, endpoint: str) -> zmq.Socket[bytes]:
        check_endpoint(endpoint, have_keys=self._keys is not None)
        kind, high_water = pattern.value
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.SNDHWM, high_water)
        socket.setsockopt(zmq.RCVHWM, high_water)
        socket.setsockopt(zmq.LINGER, 2000)
        socket.setsockopt(zmq.MAXMSGSIZE, self._max_bytes)
        socket.setsockopt(zmq.RECONNECT_IVL, 50)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        socket.setsockopt(zmq.HANDSHAKE_IVL, 5000)
        if endpoint.startswith("tcp:"):
            socket.setsockopt(zmq.HEARTBEAT_IVL, 1000)
            socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 3000)
            socket.setsockopt(zmq.HEARTBEAT_TTL, 3000)
        if kind == zmq.ROUTER:
            socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        if kind in (zmq.PUSH, zmq.DEALER):
            socket.setsockopt(zmq.IMMEDIATE, 1)
        if kind == zmq.SUB:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        return socket

    def _authenticate(self, keys: CurveKeys) -> None:
        if self._authenticator is None:
            self._authenticator = ThreadAuthenticator(self._context)
            self._authenticator.start()
            self._authenticator.configure_curve(domain=ZAP_DOMAIN.decode(), location=str(keys.clients()))
