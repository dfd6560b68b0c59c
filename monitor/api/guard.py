"""The outer wall of the HTTP side: host allow-list, read-only, small requests, security headers on every answer."""

from __future__ import annotations

import json
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 64 * 1024
"""A larger request is refused [bytes]. Nothing here reads a body at all."""

HEADER_LIMIT = 16 * 1024
"""A larger request header is refused [bytes]."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

ERRORS = {
    400: "bad request",
    403: "host not allowed",
    404: "not found",
    405: "read only",
    413: "request too large",
    431: "header too large",
    500: "internal error",
    503: "not available",
}
"""Bodies of all error answers: constant, so that they tell nothing."""


def error_body(status: int) -> bytes:
    """Give the constant body of an error answer."""
    return json.dumps({"error": ERRORS.get(status, "error")}).encode()


class Guard:
    """Wraps the application; nothing gets in or out beside it.

    The `Host` header must name loopback, the bound host or a configured name: a web page elsewhere could otherwise
    point its own name at this address and read the answers (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = {host.lower() for host in (*LOOPBACK, *hosts) if host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and add headers."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        status = self._refusal(scope)
        answer = _with_headers(send, cached=scope["path"].startswith("/static/"))
        if status is None:
            await self._app(scope, receive, answer)
            return
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await answer({"type": "http.response.start", "status": status, "headers": headers})
        await answer({"type": "http.response.body", "body": error_body(status)})

    def _refusal(self, scope: Scope) -> int | None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or _host_name(hosts[0]) not in self._hosts:
            return 403
        if sum(len(name) + len(value) for name, value in headers) > HEADER_LIMIT:
            return 431
        if scope["method"] not in ("GET", "HEAD"):
            return 405
        lengths = [value for name, value in headers if name == b"content-length"]
        if any(not value.isdigit() or int(value) > BODY_LIMIT for value in lengths):
            return 413
        return None


def _host_name(value: bytes) -> str:
    """Host without its port; the brackets of an IPv6 address are removed."""
    text = value.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def _with_headers(send: Send, *, cached: bool) -> Send:
    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message.get("headers", [])}
            extra = {**_HEADERS, "cache-control": "no-cache" if cached else "no-store"}
            fresh = [(k.encode(), v.encode()) for k, v in extra.items() if k.encode() not in own]
            message = {**message, "headers": [*message.get("headers", []), *fresh]}
        await send(message)

    return add
