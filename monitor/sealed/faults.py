"""Faults are collected, not only the first is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from daq.errors import PolicyError


class Faults:
    """Sentences, each of which says what is wrong and where."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, text: str) -> None:
        """Note a fault."""
        self.found.append(text)

    def check(self, ok: bool, text: str) -> bool:
        """Note a fault unless `ok`."""
        if not ok:
            self.found.append(text)
        return ok

    @contextmanager
    def note(self, where: str) -> Iterator[None]:
        """Take a refusal for a fault and go on."""
        try:
            yield
        except PolicyError as error:
            self.found.append(f"{where}: {error}")
