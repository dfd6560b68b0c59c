"""One number on its way to Prometheus."""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """Value of a metric of the catalogue; label values in the order of its labels."""

    name: str
    value: float
    first: str | None = None
    second: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Values of the labels."""
        return tuple(label for label in (self.first, self.second) if label is not None)
