"""The published numbers that ours stand beside: tables of CERN-EP-2023-032 and of the talks, shipped as they were read.

Every file of `data` names its source and what is odd in it in its first lines.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from daq.errors import DataError
from offline.backgrounds.expected import Region

Row = dict[str, str]

CHANNEL_OF = {
    "mu+mu-": "mumu_os", "mu+mu+": "mumu_pp", "mu-mu-": "mumu_mm", "e+e-": "ee_os", "pi+pi-": "pipi_os",
    "pi+pi-gamma": "pipi_gamma", "pi+pi-pi0": "pipi_pi0", "pi+pi-pi0pi0": "pipi_2pi0", "pi+pi-eta": "pipi_eta",
    "K+K-": "kk", "K+K-pi0": "kk_pi0",
}  # fmt: skip
"""Channel of `streaming.tally.CHANNELS` of each final state as printed."""

SEARCHED = ("mumu_os", *list(CHANNEL_OF.values())[3:])
"""The nine channels with a signal region, in the order of the published summary."""

REGION_OF: dict[str, Region] = {
    "outside_VR": "OUTSIDE", "CR1": "OCR1", "CR2": "OCR2", "CR3": "OCR3", "CR123": "OCR123", "VR": "CR", "SR": "SR",
}  # fmt: skip
"""Our name of a region of CERN-EP-2023-032."""


@dataclass(frozen=True, slots=True)
class Published:
    """One printed expectation for 1.4e17 POT.

    up, down : its errors, of the confidence level that the source names
    observed : what was counted; None where nothing is printed
    p_likelihood : P(L <= L_obs) as printed
    """

    channel: str
    region: Region
    value: float
    up: float
    down: float
    observed: int | None
    source: str
    p_likelihood: float | None = None


@lru_cache(maxsize=32)
def table(name: str) -> tuple[Row, ...]:
    """Rows of one file of `data`.

    Raises
    ------
    DataError
        There is no such file.
    """
    try:
        text = files("offline.backgrounds").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        msg = f"published tables: no '{name}'; wanted a file of offline/backgrounds/data, without its ending"
        raise DataError(msg) from error
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@lru_cache(maxsize=4)
def combinatorial(number: Literal[2, 3]) -> dict[tuple[str, Region], Published]:
    """Table 2 (absolute weight) or table 3 (normalised to same-sign pairs), by channel and region."""
    rows = (
        Published(
            CHANNEL_OF[row.get("pair", "mu+mu-")], REGION_OF[row["region"]], float(row["n_exp"]), float(row["err"]),
            float(row["err"]), _count(row["n_obs"]), f"CERN-EP-2023-032 table {number}", _number(row["p_l_le_lobs"]),
        )
        for row in table("combinatorial_table2" if number == 2 else "combinatorial_table3")
    )  # fmt: skip
    return {(row.channel, row.region): row for row in rows}


@lru_cache(maxsize=1)
def all_channels() -> dict[tuple[str, Region], Published]:
    """Sum of all backgrounds of the nine channels in CR and SR."""
    return {(row.channel, row.region): row for row in _in_regions("all_channels", "LDMA talk 2025", observed=True)}


@lru_cache(maxsize=1)
def prompt_hadrons() -> dict[tuple[str, Region], Published]:
    """Prompt background of the hadronic channels in CR and SR."""
    return {(row.channel, row.region): row for row in _in_regions("prompt_hadrons", "Vulcano talk 2024")}


@lru_cache(maxsize=1)
def kaons() -> dict[tuple[str, str], Published]:
    """K+ to three pions, by channel and 'before ANTI0', 'after ANTI0' (both outside), 'CR', 'SR'."""
    source, found = "Vulcano talk 2024", {}
    for when in ("before", "after"):
        for row in table(f"kaons_{when}_anti0"):
            value, error = float(row["n_exp"]), float(row["err"])
            channel = CHANNEL_OF[row["channel"]]
            found[channel, f"{when} ANTI0"] = Published(
                channel, "OUTSIDE", value, error, error, _count(row["n_obs"]), source
            )
    for row in table("kaons_in_regions"):
        channel = CHANNEL_OF[row["channel"]]
        regions: tuple[Region, Region] = ("CR", "SR")
        for region in regions:
            value, error = float(row[f"{region.lower()}_exp"]), float(row[f"{region.lower()}_err"])
            found[channel, region] = Published(channel, region, value, error, error, None, source)
    return found


def kaons_by_region(*, before_anti0: bool) -> dict[tuple[str, Region], Published]:
    """K+ to three pions by our regions, before (outside alone) or after the ANTI0 acceptance."""
    return {
        (row.channel, row.region): row for (_, when), row in kaons().items() if (when == "before ANTI0") == before_anti0
    }


def _in_regions(name: str, source: str, *, observed: bool = False) -> Iterator[Published]:
    regions: tuple[Region, Region] = ("CR", "SR")
    for row in table(name):
        for region in regions:
            value, up, down = (float(row[f"{region.lower()}_{part}"]) for part in ("exp", "err_up", "err_down"))
            count = _count(row[f"{region.lower()}_obs"]) if observed else None
            yield Published(CHANNEL_OF[row["channel"]], region, value, up, down, count, source)


def _count(text: str) -> int | None:
    return int(text) if text else None


def _number(text: str) -> float | None:
    return float(text) if text else None
