"""Small HTTP servers of the tests: one exports snapshots, one listens to what Alertmanager tells."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from monitor import metrics


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    pages: Mapping[str, Callable[[], bytes]]
    heard: list[dict[str, Any]]
    tokens: list[str]

    def handle_error(self, request: object, client_address: object) -> None:
        """A scrape that was given up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path)
        body = page() if page else b""
        self.send_response(200 if page else 404)
        self.send_header("content-type", metrics.CONTENT_TYPE)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.heard.append(message)
        self.server.tokens.append(self.headers.get("authorization", ""))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve(pages: Mapping[str, Callable[[], bytes]] | None = None, port: int = 0) -> Iterator[_Server]:
    """Serve pages at their paths, and keep what is posted in `heard`."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.pages, server.heard, server.tokens = pages or {}, [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
