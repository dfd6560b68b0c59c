"""The outer wall of the HTTP side: host allow-list, three paths that may be written to, small requests, headers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.api.operators import WRITES, Operators
from monitor.api.refusals import ERRORS, VIEWERS, Refusal, Refusals, error_body

__all__ = ["BODY_LIMIT", "ERRORS", "HEADER_LIMIT", "Guard", "error_body"]

BODY_LIMIT = 64 * 1024
"""A larger request is refused [bytes], whether or not it says so beforehand."""

BODY_SECONDS = 10.0
"""A body that is not there after so long is not waited for [s]."""

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


class Guard:
    """Wraps the application; nothing gets in or out beside it.

    The `Host` header must name loopback, the bound host or a configured name: a web page elsewhere could otherwise
    point its own name at this address and read the answers (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, operators: Operators, refusals: Refusals, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._operators = operators
        self._refusals = refusals
        self._hosts = {host.lower() for host in (*LOOPBACK, *hosts) if host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and add headers."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._refusals, scope["path"])
        found = self._refusal(scope)
        if found is None and scope["method"] == "POST":
            body = await _read_body(receive)
            found = body if isinstance(body, Refusal) else None
            receive = receive if isinstance(body, Refusal) else _again(body, receive)
        if found is None:
            await self._app(scope, receive, answer.send)
        else:
            await answer.refuse(found)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or _host_name(hosts[0]) not in self._hosts:
            return Refusal(403)
        if sum(len(name) + len(value) for name, value in headers) > HEADER_LIMIT:
            return Refusal(431)
        writes = scope["method"] == "POST" and WRITES.fullmatch(scope["path"]) is not None
        if scope["method"] not in ("GET", "HEAD") and not writes:
            return Refusal(405)
        lengths = [value for name, value in headers if name == b"content-length"]
        if any(not _is_short(value) for value in lengths):
            return Refusal(413)
        return self._operators.refusal(scope) if writes else None


def _host_name(value: bytes) -> str:
    """Host without its port; the brackets of an IPv6 address are removed."""
    text = value.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def _is_short(length: bytes) -> bool:
    digits = length.lstrip(b"0") or b"0"
    return digits.isdigit() and len(digits) < 9 and int(digits) <= BODY_LIMIT


async def _read_body(receive: Receive) -> bytes | Refusal:
    """Read a whole body, or say why not; a chunked one does not announce its size."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return Refusal(400)
                body += message.get("body", b"")
                if len(body) > BODY_LIMIT:
                    return Refusal(413)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return Refusal(408)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read to who asks for it next."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay


class _Answer:
    """Sends with the headers that every answer has, and counts the ones that refuse."""

    def __init__(self, send: Send, refusals: Refusals, path: str) -> None:
        self._send = send
        self._refusals = refusals
        self._is_stream = path == "/api/v1/stream"
        cached = path.startswith("/static/")
        self._extra = {**_HEADERS, "cache-control": "no-cache" if cached else "no-store"}
        self._counted = False

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            own = {name for name, _ in message.get("headers", [])}
            fresh = [(k.encode(), v.encode()) for k, v in self._extra.items() if k.encode() not in own]
            message = {**message, "headers": [*message.get("headers", []), *fresh]}
            if message["status"] >= 400 and not self._counted:
                full = self._is_stream and message["status"] == 503
                self._refusals.count(Refusal(message["status"], VIEWERS if full else ""))
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Send a constant answer and end the connection: what else is on it was not looked at."""
        self._refusals.count(refusal)
        self._counted = True
        body = error_body(refusal.status)
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        headers.append((b"content-length", b"%d" % len(body)))
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
