"""Answers to bad requests: constant bodies that tell nothing, counted by reason."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

ERRORS = {
    400: "bad request",
    401: "token refused",
    403: "host not allowed",
    404: "not found",
    405: "read only",
    408: "too slow",
    409: "nothing to do",
    413: "request too large",
    415: "wanted application/json",
    429: "too many requests",
    431: "header too large",
    500: "internal error",
    503: "not available",
}
"""Bodies of all error answers, by HTTP status."""

REASONS = {
    400: "request",
    401: "token",
    403: "host",
    404: "path",
    405: "method",
    408: "slow",
    409: "state",
    413: "body",
    415: "type",
    429: "rate",
    431: "header",
    500: "fault",
    503: "unavailable",
}
"""What an error answer is counted under, by HTTP status."""

ORIGIN = "origin"
"""Reason of a 403 that is not about the `Host` header."""

VIEWERS = "viewers"
"""Reason of a 503 because all places of the event stream are taken."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer, and what it is counted under."""

    status: int
    reason: str = ""

    @property
    def counted_as(self) -> str:
        """One of the closed set of reasons."""
        return self.reason or REASONS.get(self.status, "request")


def error_body(status: int) -> bytes:
    """Give the constant body of an error answer."""
    return json.dumps({"error": ERRORS.get(status, "error")}).encode()


class Refusals:
    """How often something was refused, since start; every reason is there from the beginning."""

    def __init__(self) -> None:
        self._counts = Counter(dict.fromkeys((*REASONS.values(), ORIGIN, VIEWERS), 0))

    def count(self, refusal: Refusal) -> None:
        """Count one."""
        self._counts[refusal.counted_as] += 1

    def by_reason(self) -> dict[str, int]:
        """Give all counts."""
        return dict(self._counts)
