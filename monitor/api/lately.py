"""What went up in the last minutes, of counts that only ever grow."""

from __future__ import annotations

from collections import deque

WINDOW_NS = 300_000_000_000
"""How long a fault of the chain is news [ns]."""


class Lately:
    """Growth of one count over the last five minutes. A count that fell began anew: its whole value is growth."""

    def __init__(self) -> None:
        self._grown: deque[tuple[int, int]] = deque(maxlen=1000)
        self._last: int | None = None

    def see(self, count: int | None, now_ns: int) -> int:
        """Take the count as it is now, None for unknown; gives its growth."""
        if count is not None:
            # what was there when this program started may be old, but nobody was told of it
            before = self._last if self._last is not None and self._last <= count else 0
            if count > before:
                self._grown.append((now_ns, count - before))
            self._last = count
        while self._grown and not 0 <= now_ns - self._grown[0][0] < WINDOW_NS:
            self._grown.popleft()
        return sum(n for _, n in self._grown)
