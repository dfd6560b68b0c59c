"""Server-sent events: every viewer has a short queue; who does not keep up is told so and let go."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

log = logging.getLogger(__name__)

SEND_LIMIT_S = 10.0
"""A viewer whose socket takes nothing for so long is let go [s]."""

_DROPPED = b'event: dropped\ndata: {"reason": "too slow"}\n\n'
_HEARTBEAT = b": still here\n\n"


class Viewer:
    """The queue of one event stream. `None` in it ends the stream."""

    def __init__(self, size: int) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(size + 2)
        self._size = size
        self.open = True

    def put(self, event: bytes) -> None:
        """Hand over an event; a full queue ends the stream with a notice."""
        if not self.open:
            return
        if self._queue.qsize() >= self._size:
            self._clear()
            self._queue.put_nowait(_DROPPED)
            self.stop()
            return
        self._queue.put_nowait(event)

    def stop(self) -> None:
        """End the stream after what is queued."""
        if self.open:
            self.open = False
            self._queue.put_nowait(None)

    async def next(self, heartbeat_s: float) -> bytes | None:
        """Wait for the next event, or a heartbeat when nothing happens."""
        try:
            return await asyncio.wait_for(self._queue.get(), heartbeat_s)
        except TimeoutError:
            return _HEARTBEAT

    def _clear(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()


class Broadcaster:
    """All viewers. Lives in one event loop; `publish` never waits for anybody."""

    def __init__(self, max_viewers: int, queue_size: int) -> None:
        self._max = max_viewers
        self._size = queue_size
        self._viewers: set[Viewer] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._viewers)

    def join(self) -> Viewer | None:
        """Take a place; None when all are taken or the service is stopping."""
        if self._closed or len(self._viewers) >= self._max:
            return None
        viewer = Viewer(self._size)
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Give the place back."""
        self._viewers.discard(viewer)

    def publish(self, event: str, data: str, number: int | None = None) -> None:
        """Send an event to everybody; `data` is one line of JSON."""
        message = encode_event(event, data, number)
        for viewer in list(self._viewers):
            viewer.put(message)
            if not viewer.open:
                self._viewers.discard(viewer)

    def close(self) -> None:
        """End all streams, and let nobody in any more."""
        self._closed = True
        for viewer in list(self._viewers):
            viewer.stop()
        self._viewers.clear()


def encode_event(event: str, data: str, number: int | None = None) -> bytes:
    """Write one server-sent event."""
    identity = "" if number is None else f"id: {number}\n"
    return f"{identity}event: {event}\ndata: {data}\n\n".encode()


class EventStream(Response):
    """The body of one stream: a first event, then what the viewer's queue brings."""

    media_type = "text/event-stream"

    def __init__(self, broadcaster: Broadcaster, viewer: Viewer, first: bytes, heartbeat_s: float) -> None:
        super().__init__(media_type=self.media_type)
        self._broadcaster = broadcaster
        self._viewer = viewer
        self._first = first
        self._heartbeat_s = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the viewer goes, is too slow, or the service stops."""
        headers = [item for item in self.raw_headers if item[0] != b"content-length"]
        gone = asyncio.create_task(self._watch(receive), name="viewer-gone")
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            chunk: bytes | None = b"retry: 1000\n\n" + self._first
            while chunk is not None:
                await _send(send, {"type": "http.response.body", "body": chunk, "more_body": True})
                chunk = await self._viewer.next(self._heartbeat_s)
            await _send(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.warning("a viewer took nothing for %s s and was let go", SEND_LIMIT_S)
        finally:
            gone.cancel()
            self._broadcaster.leave(self._viewer)

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._viewer.stop()


async def _send(send: Send, message: dict[str, Any]) -> None:
    await asyncio.wait_for(send(message), SEND_LIMIT_S)
