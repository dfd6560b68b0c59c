"""Answers that were made once and are given to every viewer, until the ledger has something new."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from pydantic import BaseModel
from starlette.responses import Response

MAX_ANSWERS = 64
MAX_BYTES = 64 * 1024 * 1024
"""All kept answers together are no larger than this, but for the newest [bytes]."""


class AnswerStore:
    """Bodies of answers by question, each for one version of the ledger. Safe to share between threads."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[Hashable, tuple[Hashable, bytes]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def answer(self, question: Hashable, version: Hashable, make: Callable[[], BaseModel]) -> Response:
        """Give the answer to a question; it is made once for each version, however many ask at the same time."""
        with self._lock:
            gate = self._making.setdefault(question, threading.Lock())
        with gate:
            body = self._kept(question, version)
            if body is None:
                body = make().model_dump_json().encode()
                self._keep(question, version, body)
        return Response(body, media_type="application/json")

    def _kept(self, question: Hashable, version: Hashable) -> bytes | None:
        with self._lock:
            found = self._bodies.get(question)
            return found[1] if found is not None and found[0] == version else None

    def _keep(self, question: Hashable, version: Hashable, body: bytes) -> None:
        with self._lock:
            self._bodies[question] = (version, body)
            self._bodies.move_to_end(question)
            while len(self._bodies) > 1 and (len(self._bodies) > MAX_ANSWERS or self._size() > MAX_BYTES):
                old, _ = self._bodies.popitem(last=False)
                self._making.pop(old, None)
            for other in [key for key in self._making if key not in self._bodies and key != question]:
                if not self._making[other].locked():
                    del self._making[other]

    def _size(self) -> int:
        return sum(len(body) for _, body in self._bodies.values())
