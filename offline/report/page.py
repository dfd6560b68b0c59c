"""The HTML page of a report: plain, without scripts, readable on paper."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined

from offline.report.figure import Figure
from offline.report.table import Table


class Fact(NamedTuple):
    """A number at the top of the page."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """Text, then tables, then figures."""

    key: str
    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. `warnings` stand above everything."""

    title: str
    subtitle: str
    warnings: tuple[str, ...]
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]

    @property
    def tables(self) -> list[Table]:
        """All tables, in the order of the page."""
        return [table for section in self.sections for table in section.tables]

    @property
    def figures(self) -> list[Figure]:
        """All figures."""
        return [figure for section in self.sections for figure in section.figures]

    def html(self) -> str:
        """The page; everything that comes from data is escaped."""
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        text = (files("offline.report") / "data" / "report.html.j2").read_text(encoding="utf-8")
        return environment.from_string(text).render(
            title=self.title, subtitle=self.subtitle, warnings=self.warnings, facts=self.facts,
            sections=self.sections,
        )  # fmt: skip
