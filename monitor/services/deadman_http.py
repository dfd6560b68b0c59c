"""The small HTTP side of the dead-man's switch: one path to write, one to read, constant answers."""

from __future__ import annotations

import ipaddress
import json
import queue
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from daq.errors import PolicyError
from monitor.opslog.token import is_bearer
from monitor.services.listen import listen
from monitor.services.silence import Told, read_message

BODY_LIMIT = 256 * 1024
"""A larger message is refused [bytes]."""

TIMEOUT_S = 10
MAX_THREADS = 16
"""More connections than this at once are closed unheard."""


class Receiver:
    """Listens while it is open; puts what it hears on a queue."""

    def __init__(
        self,
        host: str,
        port: int,
        heard: queue.Queue[list[Told]],
        is_calm: Callable[[], bool],
        token: str | None,
    ) -> None:
        listener = listen(host, port)
        if token is None and not ipaddress.ip_address(listener.getsockname()[0]).is_loopback:
            listener.close()
            msg = f"deadman: {host} can be reached by others, who could fake a heartbeat; give --token-file"
            raise PolicyError(msg)
        listener.setblocking(True)
        self.port = int(listener.getsockname()[1])
        self._server = _Server(listener, heard, is_calm, token)
        self._thread = threading.Thread(target=self._server.serve_forever, name="deadman-http", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(TIMEOUT_S)


_Request = socket.socket | tuple[bytes, socket.socket]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        listener: socket.socket,
        heard: queue.Queue[list[Told]],
        is_calm: Callable[[], bool],
        token: str | None,
    ) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.heard = heard
        self.is_calm = is_calm
        self.token = token
        self._slots = threading.BoundedSemaphore(MAX_THREADS)

    def process_request(self, request: _Request, client_address: object) -> None:
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: _Request, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: _Request, client_address: object) -> None:
        """A peer that goes away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT_S
    server_version = "dumpwatch"
    sys_version = ""

    def do_GET(self) -> None:
        """Say whether there is an alarm."""
        if self.path != "/healthz":
            self._answer(404)
            return
        calm = self.server.is_calm()
        self._answer(200 if calm else 503, {"state": "calm" if calm else "alarm"})

    def do_POST(self) -> None:
        """Take in a message of Alertmanager."""
        self.close_connection = True
        if self.path != "/alertmanager":
            self._answer(404)
        elif self.server.token is not None and not is_bearer(self.server.token, self._authorizations()):
            self._answer(401)
        else:
            self._answer(self._take())

    def _take(self) -> int:
        length = self.headers.get("content-length", "")
        if not length.isdecimal():
            return 411
        if int(length) > BODY_LIMIT:
            return 413
        try:
            self.server.heard.put_nowait(read_message(json.loads(self.rfile.read(int(length)))))
        except (ValueError, RecursionError):
            return 400
        except queue.Full:
            return 503
        return 200

    def _authorizations(self) -> list[bytes]:
        return [value.encode("latin-1", "replace") for value in self.headers.get_all("authorization", [])]

    def _answer(self, status: int, body: dict[str, str] | None = None) -> None:
        raw = json.dumps(body if body is not None else {}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: what a request says does not belong into a log."""
