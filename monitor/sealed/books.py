"""Open the ledger of the sealed commands, and find its keys."""

from __future__ import annotations

from pathlib import Path

from daq.errors import PolicyError
from monitor.ledger import Ledger
from monitor.ledger.engine import shown
from monitor.sealed.keygen import SHARE_FILE, make_keys
from monitor.sealed.keyring import Custodian, KeyRing
from streaming.sealing.keys import FILE

DEMONSTRATION_NAMES = ["demonstration-1", "demonstration-2", "demonstration-3", "demonstration-4", "demonstration-5"]
DEMONSTRATION_THRESHOLD = 3


def open_books(url: str, *, readonly: bool = True) -> Ledger:
    """Open a ledger for the sealed commands."""
    return Ledger.open(url, readonly=readonly)


def demonstration_folder(url: str) -> Path:
    """Where the demonstration keys of a ledger lie: beside a SQLite file, else below the current folder."""
    name = shown(url)
    return (Path("dumpwatch-data") if "://" in name else Path(name).parent) / "demonstration-keys"


def demonstration_keys(url: str) -> Path:
    """Folder of the public part of a ledger's demonstration keys, made when there are none; for `dumpwatch live`.

    They are kept from start to start, so that one chain has one key set.
    """
    folder = demonstration_folder(url)
    if not (folder / "public" / FILE).exists():
        make_keys(folder, DEMONSTRATION_NAMES, DEMONSTRATION_THRESHOLD, demonstration=True)
    return folder / "public"


def key_folder(given: Path | None, configured: str, url: str) -> Path:
    """Folder of the public key set: the one given, the configured one, or the demonstration keys of the ledger."""
    folder = given or (Path(configured) if configured else demonstration_folder(url))
    return folder / "public" if (folder / "public" / FILE).exists() else folder


def load_rings(folders: list[Path]) -> dict[bytes, KeyRing]:
    """Key sets by their digest.

    Raises
    ------
    PolicyError
    """
    rings = [KeyRing.load(folder) for folder in folders]
    return {bytes.fromhex(ring.keys.digest): ring for ring in rings}


def demonstration_custodians(public: Path, ring: KeyRing) -> list[Custodian]:
    """As many custodians of a demonstration key set as are needed, from the files that lie beside it.

    Raises
    ------
    PolicyError
        A real key set: its custodians bring their own files.
    """
    if not ring.keys.demonstration:
        msg = f"key set {public}: is a real one; name the files of {ring.threshold} custodians with --custodian"
        raise PolicyError(msg)
    files = [public.parent / f"custodian-{i + 1}" / SHARE_FILE for i in range(ring.threshold)]
    return [Custodian.load(path) for path in files]
