"""Scenarios that come with the product."""

from __future__ import annotations

from functools import cache
from importlib import resources

FOLDER = "data"


@cache
def shipped_scenarios() -> tuple[str, ...]:
    """Names, sorted."""
    files = (resources.files("daq.source.scenario") / FOLDER).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def shipped_text(name: str) -> str:
    """TOML text of one of `shipped_scenarios`."""
    return (resources.files("daq.source.scenario") / FOLDER / f"{name}.toml").read_text(encoding="utf-8")
