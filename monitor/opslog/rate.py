"""A limit on how often something may be done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW_NS = 60_000_000_000
"""Limits are per minute, over the last minute [ns]."""


class RateLimit:
    """So many in any minute; the clock is passed in and may step, a step back forgets the future."""

    def __init__(self, per_minute: int, now_ns: Callable[[], int]) -> None:
        self._per_minute = per_minute
        self._now_ns = now_ns
        self._taken: deque[int] = deque(maxlen=per_minute)

    def take(self) -> bool:
        """Take one; False when there is none left in this minute."""
        now = self._now_ns()
        while self._taken and not 0 <= now - self._taken[0] < WINDOW_NS:
            self._taken.popleft()
        if len(self._taken) == self._per_minute:
            return False
        self._taken.append(now)
        return True
