"""The key ceremony: keys of all compartments, split among custodians; the private ones are never written whole.

public/compartments.json    public keys, threshold, public keys of custodians and host; goes to every host
public/host.key             signing key of the host that seals, 0600
custodian-1/ ...            signing key and share of one custodian, 0600; handed over, then removed here
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daq.errors import ConfigError
from monitor.sealed.shares import Pads, check_sharing, split
from streaming.sealing.keys import ALL_COMPARTMENTS, FILE, SCHEMA

SHARE_SCHEMA = "dumpwatch.share/1"
SHARE_FILE = "custodian.json"
HOST_FILE = "host.key"
DEMONSTRATION = "DEMONSTRATION KEYS: the shares lie beside the public keys, nothing sealed with them is secret"


def make_keys(folder: Path, names: list[str], k: int, *, demonstration: bool) -> Path:
    """Make a key set; returns the folder of its public part.

    Raises
    ------
    ConfigError
        The folder holds something, or names and threshold do not fit.
    """
    check_sharing(k, len(names))
    if len(set(names)) != len(names) or not all(name.strip() for name in names):
        msg = f"custodians {names}: wanted names that differ"
        raise ConfigError(msg)
    if folder.exists() and any(folder.iterdir()):
        msg = f"key folder {folder}: holds files already; keys are never overwritten, give an empty folder"
        raise ConfigError(msg)
    private = {name: X25519PrivateKey.generate() for name in ALL_COMPARTMENTS}
    signing = [Ed25519PrivateKey.generate() for _ in names]
    host = Ed25519PrivateKey.generate()
    secrets = {name: key.private_bytes_raw() for name, key in private.items()}
    content = {
        "schema": SCHEMA,
        "demonstration": demonstration,
        "note": DEMONSTRATION if demonstration else "",
        "threshold": k,
        "custodians": [{"name": n, "sign": _public(key)} for n, key in zip(names, signing, strict=True)],
        "host": _public(host),
        "keys": {name: _public(key) for name, key in private.items()},
        "checks": {name: hashlib.sha256(secret).hexdigest() for name, secret in secrets.items()},
    }
    public = folder / "public"
    _write(public / FILE, content, 0o644)
    _write(public / HOST_FILE, {"schema": SCHEMA, "key": _text(host.private_bytes_raw()), **_mark(demonstration)})
    shares = {name: split(secret, k, len(names)) for name, secret in secrets.items()}
    for i, (name, key) in enumerate(zip(names, signing, strict=True)):
        mine = {compartment: pads[i] for compartment, pads in shares.items()}
        _write(folder / f"custodian-{i + 1}" / SHARE_FILE, _share(name, i + 1, key, mine, demonstration))
    return public


def _share(name: str, number: int, key: Ed25519PrivateKey, pads: dict[str, Pads], demo: bool) -> dict[str, Any]:
    return {
        "schema": SHARE_SCHEMA,
        "name": name,
        "number": number,
        "sign": _text(key.private_bytes_raw()),
        "pads": {c: {members: _text(pad) for members, pad in mine.items()} for c, mine in pads.items()},
        **_mark(demo),
    }


def _mark(demonstration: bool) -> dict[str, str]:
    return {"note": DEMONSTRATION} if demonstration else {}


def _write(path: Path, content: dict[str, Any], mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _public(key: X25519PrivateKey | Ed25519PrivateKey) -> str:
    return _text(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
