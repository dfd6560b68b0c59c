"""Links between the roles without sockets: queues in one process, and a note of everything that went over them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Any

from daq.codec import Kind

HEAD_KIND_AT = 6
"""Place of the kind in the header of a message."""


class Link:
    """One end of a pipe."""

    def __init__(self, wire: Wire, name: str, me: bytes, routed: bool) -> None:
        self.name, self.me, self.routed = name, me, routed
        self.inbox: deque[tuple[bytes, list[bytes]]] = deque()
        self.other: Link | None = None
        self._wire = wire

    def __hash__(self) -> int:
        # a hub gives its links as a set: the same order in every place
        return sum(self.name.encode()) + self.me[0]

    def __eq__(self, other: object) -> bool:
        return self is other

    def send(self, parts: Sequence[Any], to: bytes | None = None, timeout_ms: int = 0) -> bool:
        message = [bytes(part) for part in parts]
        self._wire.note(self.name, message)
        if self.other is not None:
            self.other.inbox.append((self.me, message))
        return True

    def receive(self) -> tuple[bytes, list[memoryview]] | None:
        if not self.inbox:
            return None
        peer, message = self.inbox.popleft()
        return (peer if self.routed else b""), [memoryview(part) for part in message]


class Hub:
    """Links of one role."""

    def __init__(self, *links: Link) -> None:
        self._links = links

    def wait(self, _timeout_ms: int) -> set[Link]:
        return {link for link in self._links if link.inbox}


class Wire:
    """All pipes of a chain."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.status: dict[str, object] = {}
        """What the chain said of itself last."""
        self.work_source, self.work_worker = self._pipe("work", routed=True)
        self.control_source, self.control_collector = self._pipe("control", routed=True)
        self.results_worker, self.results_collector = self._pipe("results", routed=False)
        self.display = Link(self, "display", b"collector", routed=False)

    def _pipe(self, name: str, *, routed: bool) -> tuple[Link, Link]:
        one, two = Link(self, name, b"one", routed), Link(self, name, b"two", routed)
        one.other, two.other = two, one
        return one, two

    def note(self, name: str, message: list[bytes]) -> None:
        """Note what an onlooker may see of a message: everything, or its shape where the content is restricted.

        Frames and what identifies them (length, checksum, digest of a burst) are restricted: events travel in clear
        between our own processes. A result has a payload of constant size; its envelope names the frame.
        """
        kind = (
            Kind(int.from_bytes(message[0][HEAD_KIND_AT : HEAD_KIND_AT + 2], "little")) if name != "display" else None
        )
        if kind is Kind.FRAME:
            shape = [len(message[0]), len(message[1])]
            self.notes.append(f"{name} FRAME {len(message)} parts {shape}")
        elif kind in (Kind.RESULT, Kind.EOB, Kind.SOB):
            lengths = [len(message[0]), len(message[2])]
            self.notes.append(f"{name} {kind.name} {len(message)} parts {lengths}")
        else:
            self.notes.append(f"{name} {b' '.join(message)!r}")
        if name == "display":
            self.status = json.loads(message[0])
