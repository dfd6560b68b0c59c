"""Who may open what: threshold, custodians and host of a key set; and what one custodian holds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from daq.errors import PolicyError
from monitor.sealed.keygen import HOST_FILE, SHARE_SCHEMA
from monitor.sealed.shares import Pads
from streaming.sealing.keys import FILE, SealingKeys

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Public part of a key set.

    keys : public keys of the compartments
    custodians : verification key by name
    checks : SHA-256 of the private key by compartment
    """

    keys: SealingKeys
    threshold: int
    custodians: dict[str, Ed25519PublicKey]
    host: Ed25519PublicKey
    checks: dict[str, bytes]

    @classmethod
    def load(cls, folder: Path) -> KeyRing:
        """Read the public file of a key set.

        Raises
        ------
        PolicyError
        """
        keys = SealingKeys.load(folder)
        return _read(folder / FILE, lambda content: cls._of(keys, content))

    @classmethod
    def _of(cls, keys: SealingKeys, content: dict[str, Any]) -> KeyRing:
        custodians = {c["name"]: Ed25519PublicKey.from_public_bytes(_bytes(c["sign"])) for c in content["custodians"]}
        host = Ed25519PublicKey.from_public_bytes(_bytes(content["host"]))
        checks = {name: bytes.fromhex(text) for name, text in content["checks"].items()}
        return cls(keys, int(content["threshold"]), custodians, host, checks)


@dataclass(frozen=True, slots=True, repr=False)
class Custodian:
    """What one custodian holds: a signing key, and pads of every compartment."""

    name: str
    sign: Ed25519PrivateKey
    pads: dict[str, Pads]

    @classmethod
    def load(cls, path: Path) -> Custodian:
        """Read a custodian's file.

        Raises
        ------
        PolicyError
            Unreadable, open to others, or not a share.
        """
        check_private(path)
        return _read(path, cls._of)

    @classmethod
    def _of(cls, content: dict[str, Any]) -> Custodian:
        if content["schema"] != SHARE_SCHEMA:
            raise ValueError
        key = Ed25519PrivateKey.from_private_bytes(_bytes(content["sign"]))
        pads = {c: {name: _bytes(pad) for name, pad in mine.items()} for c, mine in content["pads"].items()}
        return cls(content["name"], key, pads)


def load_host_key(folder: Path) -> Ed25519PrivateKey:
    """Signing key of this host.

    Raises
    ------
    PolicyError
        Missing, unreadable, or open to others.
    """
    path = folder / HOST_FILE
    check_private(path)
    return _read(path, lambda content: Ed25519PrivateKey.from_private_bytes(_bytes(content["key"])))


def check_private(path: Path) -> None:
    """Refuse a private file that others can read.

    Raises
    ------
    PolicyError
    """
    try:
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        msg = f"private key {path}: cannot be read ({error.strerror}); make keys with `dumpwatch blind keygen`"
        raise PolicyError(msg) from None
    if mode & 0o077:
        msg = f"private key {path}: has mode {mode:04o}, so others can read it; set 0600 and think about a new key set"
        raise PolicyError(msg)


def _read(path: Path, make: Callable[[dict[str, Any]], T]) -> T:
    try:
        return make(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"key file {path}: cannot be read ({type(error).__name__}); it is damaged or of another version"
        raise PolicyError(msg) from None


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
