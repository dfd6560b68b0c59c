"""HTTP on a socket: no client may take its time over a request, and every refusal has the body of the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor.api.refusals import Refusal, Refusals, error_body

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

HEAD_SECONDS = 10.0
"""A request whose header is not there after so long is not waited for [s]."""

MAX_CONNECTIONS = 256
"""More connections at once are turned away; viewers have a limit of their own."""


def patient_protocol(refusals: Refusals, head_seconds: float = HEAD_SECONDS) -> type[H11Protocol]:
    """Make the protocol class of one server; what it refuses is counted in `refusals`."""

    class PatientProtocol(H11Protocol):
        """uvicorn's HTTP/1.1 with a limit on the time for a header."""

        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, app_state, _loop)
            self._patience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > MAX_CONNECTIONS:
                self._turn_away(Refusal(503))
            else:
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._stop_waiting()  # the header is complete; bodies and answers have their own limits
            elif self._patience is None and not self.transport.is_closing():
                self._wait()

        def send_400_response(self, msg: str) -> None:
            self._turn_away(Refusal(400))

        def _wait(self) -> None:
            self._patience = self.loop.call_later(head_seconds, self._out_of_patience)

        def _stop_waiting(self) -> None:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

        def _out_of_patience(self) -> None:
            self._patience = None
            self._turn_away(Refusal(408))

        def _turn_away(self, refusal: Refusal) -> None:
            self._stop_waiting()
            if self.transport.is_closing():
                return
            refusals.count(refusal)
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                self.transport.write(_raw(refusal.status))
            self.transport.close()

    return PatientProtocol


def _raw(status: int) -> bytes:
    body = error_body(status)
    words = {400: "Bad Request", 408: "Request Timeout", 503: "Service Unavailable"}
    head = (
        f"HTTP/1.1 {status} {words[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        "cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
