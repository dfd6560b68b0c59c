"""Sealing of bytes under a public key: HPKE (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305.

Everything that says what the bytes are goes into the context, so a sealed record moved to another place does not open.
Nothing is compressed before it is sealed: a length would tell what the bytes hold.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from daq.errors import PolicyError

OVERHEAD = 48
"""Bytes that sealing adds: encapsulated key and tag."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def seal_bytes(key: X25519PublicKey, context: bytes, plain: bytes) -> bytes:
    """Seal: the result is `OVERHEAD` longer than what goes in, whatever that is, and never twice the same."""
    return _SUITE.encrypt(plain, key, info=context)


def open_bytes(key: X25519PrivateKey, context: bytes, sealed: bytes) -> bytes:
    """Inverse of `seal_bytes`.

    Raises
    ------
    PolicyError
        Another key, another context, or changed bytes.
    """
    try:
        return _SUITE.decrypt(sealed, key, info=context)
    except (InvalidTag, ValueError):
        msg = "sealed bytes do not open: wrong key, moved from another place, or changed; nothing was read"
        raise PolicyError(msg) from None
