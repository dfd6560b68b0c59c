"""Neutrinos of the TAX that interact upstream of or in the tank: none, for all channels."""

from __future__ import annotations

from offline.backgrounds.expected import Expected, Region
from offline.backgrounds.published import SEARCHED

REASON = "neutrinos: negligible in all channels by GENIE, PYTHIA and GEANT4 (Vulcano talk 2024, LDMA talk 2025)"
REGIONS: tuple[Region, ...] = ("OUTSIDE", "CR", "SR")


def neutrinos() -> list[Expected]:
    """Zero for every channel and region, with its reason. No number is printed, so there is no limit to give.

    They were simulated by the collaboration with its own beam dump; no emulation here could say more.
    """
    return [
        Expected("neutrino", channel, region, 0.0, 0.0, 0.0, 0.0, REASON) for channel in SEARCHED for region in REGIONS
    ]
