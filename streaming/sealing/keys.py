"""The public half of a key set: one X25519 key for each compartment, none of which this machine can open."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from daq.errors import PolicyError
from streaming.masked import COMPARTMENTS, SEALED_CHANNELS
from streaming.sealing.hpke import seal_bytes

FILE = "compartments.json"
SCHEMA = "dumpwatch.keys/1"

DRILL, RECORDING = "drill", "recording"
"""Compartments beside those of the channels: known pseudo-counts, payloads of stripped events."""


def compartment(channel: str, region: str) -> str:
    """Name of the compartment of a channel and a masked region: `mumu/SR`."""
    return f"{channel}/{region}"


COUNT_COMPARTMENTS = (*(compartment(c, r) for c in SEALED_CHANNELS for r in COMPARTMENTS), DRILL)
"""Compartments with one sealed count a spill, in this order."""

ALL_COMPARTMENTS = (*COUNT_COMPARTMENTS, RECORDING)


class SealingKeys:
    """Public keys by compartment. `demonstration` says that the private ones lie beside them and nothing is secret."""

    def __init__(self, keys: Mapping[str, X25519PublicKey], *, demonstration: bool, digest: str) -> None:
        self._keys = dict(keys)
        self.demonstration = demonstration
        self.digest = digest

    @classmethod
    def load(cls, folder: Path) -> SealingKeys:
        """Read `compartments.json`.

        Raises
        ------
        PolicyError
            Missing, unreadable, or not exactly the compartments of this program.
        """
        import hashlib

        path = folder / FILE
        try:
            text = path.read_bytes()
            content = json.loads(text)
            keys = {name: _public_key(value) for name, value in content["keys"].items()}
            known = content["schema"] == SCHEMA and isinstance(content["demonstration"], bool)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            msg = (
                f"sealing keys {path}: cannot be read ({type(error).__name__}); two-track events can't be counted "
                "without them: make them with `dumpwatch blind keygen` or correct [sealing] keys"
            )
            raise PolicyError(msg) from None
        if not known or set(keys) != set(ALL_COMPARTMENTS):
            wrong = sorted(set(keys) ^ set(ALL_COMPARTMENTS)) or [f"schema {content['schema']}"]
            msg = (
                f"sealing keys {path}: wanted the {len(ALL_COMPARTMENTS)} compartments of {SCHEMA}; differs in {wrong}"
            )
            raise PolicyError(msg)
        return cls(keys, demonstration=content["demonstration"], digest=hashlib.sha256(text).hexdigest())

    @classmethod
    def of_nobody(cls) -> SealingKeys:
        """Keys whose private half is thrown away at once."""
        return cls({DRILL: X25519PrivateKey.generate().public_key()}, demonstration=False, digest="")

    def seal(self, name: str, context: bytes, plain: bytes) -> bytes:
        """Seal for a compartment; its name is part of the context."""
        return seal_bytes(self._keys[name], full_context(name, context), plain)


def full_context(name: str, context: bytes) -> bytes:
    """Context under which bytes are sealed for a compartment: what is moved to another one does not open."""
    return b"dumpwatch/seal/1|" + name.encode() + b"|" + context


def _public_key(text: str) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
