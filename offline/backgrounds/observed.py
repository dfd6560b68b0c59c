"""Counted pairs of the open regions, by channel. Nothing masked can be here: mini-records have no such rows.

Counts in CR and SR exist only where the collaboration opened them; they come in from the audit of the opening log and
from nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from daq.errors import PolicyError
from offline.backgrounds.expected import Region
from offline.minirecords.read import Records
from streaming.reco.channels import CHANNEL_TABLE, KaonTag, Veto
from streaming.tally import CHANNELS

OpenRegion = Literal["OUTSIDE", "OCR1", "OCR2", "OCR3", "OCR123"]
OPEN: tuple[OpenRegion, ...] = ("OUTSIDE", "OCR3", "OCR2", "OCR1", "OCR123")
MASKED: tuple[Region, ...] = ("CR", "SR")

OpenCounts = Mapping[tuple[str, OpenRegion], int]
"""(channel, region) -> pairs. OUTSIDE is all that is open outside CR and SR, the rings included."""

Opened = Mapping[tuple[str, str], int]
"""(sealed channel, CR or SR) -> pairs, of the audit of the opening log."""

SEALED_AS = {channel.name: channel.sealed for channel in CHANNEL_TABLE}
"""Name under which the masked candidates of a channel are sealed and opened; None where they are not."""


def open_counts(records: Records) -> OpenCounts:
    """Visible candidates of every channel and open region; every combination is there, with 0 where there is none."""
    channel, region = records.of("pairs", "channel"), records.of("pairs", "region")
    found: dict[tuple[str, OpenRegion], int] = {}
    for name in CHANNELS:
        own = region[channel == name]
        # OUTSIDE of the records is what is further out than the rings; INSIDE are same-sign pairs opened by the gate
        n = {ring: int(np.count_nonzero(own == ring)) for ring in ("OCR1", "OCR2", "OCR3")}
        rings = sum(n.values())
        found |= {(name, "OCR1"): n["OCR1"], (name, "OCR2"): n["OCR2"], (name, "OCR3"): n["OCR3"]}
        found |= {(name, "OCR123"): rings, (name, "OUTSIDE"): rings + int(np.count_nonzero(own == "OUTSIDE"))}
    return found


def counts_before_anti0(records: Records) -> OpenCounts:
    """As `open_counts`, OUTSIDE alone: with the pairs that only the hole of ANTI0 took from the hadronic channels.

    They are in the side sample, by their flags; which channel they would be follows from photons and kaon tag.
    """
    neutral, lost = records.of("pairs", "neutral"), records.of("pairs", "channel") == "anti0_inverted"
    hole, lav, anti0, sav, kaon = (
        records.of("pairs", name).astype(np.bool_)
        for name in ("veto_anti0_hole", "veto_lav", "veto_anti0", "veto_sav", "kaon")
    )
    lost &= hole & ~(lav | anti0 | sav)
    counts, found = open_counts(records), {}
    for channel in CHANNEL_TABLE:
        if channel.sealed is None or not channel.vetoes & Veto.ANTI0_HOLE:
            continue
        own = (neutral == str(channel.neutral.name).lower()) & (kaon == (channel.kaon is KaonTag.YES))
        place: tuple[str, OpenRegion] = (channel.name, "OUTSIDE")
        found[place] = counts[place] + int(np.count_nonzero(lost & own))
    return found


def opened_counts(opened: Opened | None) -> dict[tuple[str, Region], int]:
    """Opened counts by channel of `streaming.tally.CHANNELS`; nothing where nothing was opened.

    Raises
    ------
    PolicyError
        A count that the opening log can't hold: of an open region, of a channel that is never sealed, or below 0.
    """
    names = {sealed: name for name, sealed in SEALED_AS.items() if sealed is not None}
    found: dict[tuple[str, Region], int] = {}
    for (sealed, region), n in (opened or {}).items():
        if sealed not in names or region not in {*MASKED, "KS"} or n < 0:
            msg = (
                f"opened counts: got {n} of {sealed}/{region}, wanted a sealed channel in CR, SR or KS; give what the "
                "audit of the opening log says"
            )
            raise PolicyError(msg)
        if region in MASKED:
            found[names[sealed], "CR" if region == "CR" else "SR"] = n
    return found
