"""Where the ledger behind a URL lies: whether it is still the one that was opened, and the room beside it."""

from __future__ import annotations

from pathlib import Path
from shutil import disk_usage


def file_identity(url: str) -> tuple[int, int] | None:
    """Device and inode of the file behind a URL; None where it is no file, or is not there.

    A file that is renamed stays open: without this a reader would see the old one for ever, and a writer fill it.
    """
    try:
        about = Path(url.removeprefix("sqlite:///")).stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino


def disk_free_ratio(url: str) -> float | None:
    """Give the free part of the disk that holds the ledger, in steps of 0.001; None where it is no file here.

    Finer steps would show how many bytes were just written, and to whom that tells something is not known.
    """
    path = Path(url.removeprefix("sqlite:///"))
    try:
        about = disk_usage(path)
    except OSError:
        return None
    return round(about.free / about.total, 3) if about.total else None
