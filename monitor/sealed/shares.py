"""k-of-n sharing of a secret by replicated XOR pads (Ito, Saito, Nishizeki 1987).

For every set of k - 1 custodians there is one random pad; the secret is the XOR of all pads; a custodian gets the pads
of the sets without him. Any k custodians hold all pads; any k - 1 lack the pad of their own set, and without it every
secret is equally likely. The number of pads is C(n, k - 1), so n is small.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Mapping

from daq.errors import ConfigError, PolicyError

MAX_CUSTODIANS = 7

Pads = dict[str, bytes]
"""Pad by the set it belongs to, written `1+2`."""


def check_sharing(k: int, n: int) -> None:
    """Refuse a threshold that protects nothing or cannot be met.

    Raises
    ------
    ConfigError
    """
    if not (2 <= k <= n <= MAX_CUSTODIANS):
        msg = f"{k} of {n} custodians: wanted 2 <= k <= n <= {MAX_CUSTODIANS}"
        raise ConfigError(msg)


def split(secret: bytes, k: int, n: int, random: Callable[[int], bytes] = os.urandom) -> list[Pads]:
    """Pads of each of `n` custodians, of whom any `k` can join the secret."""
    check_sharing(k, n)
    sets = list(itertools.combinations(range(1, n + 1), k - 1))
    pads = [random(len(secret)) for _ in sets[1:]]
    pads.insert(0, _xor([secret, *pads]))
    named = [("+".join(map(str, members)), members, pad) for members, pad in zip(sets, pads, strict=True)]
    return [{name: pad for name, members, pad in named if i not in members} for i in range(1, n + 1)]


def join(shares: Iterable[Mapping[str, bytes]], k: int, n: int, check: bytes) -> bytes:
    """Secret from the pads of `k` custodians or more; `check` is its SHA-256.

    Raises
    ------
    PolicyError
        Pads are missing, two custodians disagree about one, or the result is not the secret.
    """
    wanted = {"+".join(map(str, members)) for members in itertools.combinations(range(1, n + 1), k - 1)}
    pads: Pads = {}
    for share in shares:
        for name, pad in share.items():
            if pads.setdefault(name, pad) != pad:
                msg = f"shares: two custodians hold different pads for the set {name}; one share is wrong"
                raise PolicyError(msg)
    if set(pads) != wanted:
        msg = f"shares: {len(wanted - set(pads))} of {len(wanted)} pads are missing; {k} custodians are needed"
        raise PolicyError(msg)
    secret = _xor(list(pads.values()))
    if hashlib.sha256(secret).digest() != check:
        msg = "shares: the pads do not give the key that was shared; one share is wrong, ask other custodians"
        raise PolicyError(msg)
    return secret


def _xor(parts: list[bytes]) -> bytes:
    total = 0
    for part in parts:
        total ^= int.from_bytes(part, "little")
    return total.to_bytes(len(parts[0]), "little")
