"""Histograms of a spill as bytes of the ledger, and the UTC day of a clock."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import asdict
from datetime import date, timedelta
from functools import cache, lru_cache

from streaming.tally import CHANNELS, COUNTS, HISTOGRAMS, OPEN_REGIONS, Tally

MAX_BYTES = 1 << 22
"""More than any tally has."""


@cache
def tally_layout() -> str:
    """Digest of the names and axes behind the words of a packed tally."""
    axes = {name: [asdict(axis) for axis in axes] for name, axes in HISTOGRAMS.items()}
    text = json.dumps([CHANNELS, OPEN_REGIONS, COUNTS, axes])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def pack_tally(tally: Tally) -> bytes:
    """Pack a tally for the ledger. It is public, so its compressed size tells nothing that it does not tell itself."""
    return zlib.compress(tally.pack(), 6)


def unpack_tally(blob: bytes) -> Tally:
    """Inverse of `pack_tally`. Nothing longer than a tally is ever unpacked.

    Raises
    ------
    ValueError, zlib.error
        The bytes are no packed tally.
    """
    return Tally.unpack(zlib.decompressobj().decompress(blob, MAX_BYTES))


def packed_counts(blob: bytes) -> dict[str, int]:
    """Read the counts at the head of a packed tally; what lies behind them is not even unpacked.

    Raises
    ------
    ValueError, zlib.error
        The bytes are no packed tally.
    """
    data = zlib.decompressobj().decompress(blob, 8 * len(COUNTS))
    if len(data) != 8 * len(COUNTS):
        msg = f"{len(data)} bytes, wanted {8 * len(COUNTS)}"
        raise ValueError(msg)
    return dict(zip(COUNTS, struct.unpack(f"<{len(COUNTS)}q", data), strict=True))


def packed_candidates(blob: bytes) -> dict[str, dict[str, int]]:
    """Read the candidates of a packed tally, and check that all of it is there.

    Raises
    ------
    ValueError, zlib.error
        The bytes are no packed tally.
    """
    stream = zlib.decompressobj()
    data = stream.decompress(blob, MAX_BYTES)
    if len(data) != _n_bytes() or not stream.eof:
        msg = f"{len(data)} bytes, wanted {_n_bytes()}"
        raise ValueError(msg)
    n = len(OPEN_REGIONS)
    words = struct.unpack_from(f"<{n * len(CHANNELS)}q", data, 8 * len(COUNTS))
    rows = {name: words[n * i : n * (i + 1)] for i, name in enumerate(CHANNELS)}
    return {name: dict(zip(OPEN_REGIONS, row, strict=True)) for name, row in rows.items()}


@cache
def _n_bytes() -> int:
    return len(Tally.zero().pack())


def utc_day(time_ns: int) -> str:
    """UTC day of a wall-clock time, `unknown` for a clock that cannot be right."""
    return _day(time_ns // (86_400 * 10**9))


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    try:
        return (date(1970, 1, 1) + timedelta(days=number)).strftime("%Y-%m-%d")
    except (OverflowError, ValueError):
        return "unknown"
