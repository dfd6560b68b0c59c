"""A signed checkpoint: what a ledger holds at one time, small enough to be mailed and kept by others.

Who has the key of the host can write the whole chain anew, but not so that it still holds a checkpoint that lies with
somebody else. Nothing in one tells what is sealed: heads are hashes over salted commitments and ciphertexts.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from itertools import islice
from typing import Literal, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daq.errors import PolicyError
from monitor.sealed.audit import Witness
from monitor.sealed.before import digest_of
from monitor.sealed.chain import START
from monitor.sealed.faults import Faults
from monitor.sealed.keyring import KeyRing
from monitor.sealed.openlog import START as LOG_START
from monitor.sealed.seal import Link
from monitor.sealed.statement import utc
from monitor.sealed.store import SealedStore

Hash = Field(pattern="^[0-9a-f]{64}$")


class Books(SealedStore, Protocol):
    """A ledger that knows the end of its chain."""

    def last_sealed(self) -> Link:
        """Where the chain stands."""


class Checkpoint(BaseModel):
    """What was there at one time. Every field has one form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_name: Literal["dumpwatch.checkpoint/1"] = Field("dumpwatch.checkpoint/1", alias="schema")
    spills: int = Field(ge=0)
    """Length of the chain of sealed spills."""
    head: str = Hash
    openings: int = Field(ge=0)
    """Lines of the opening log."""
    openings_head: str = Hash
    rows: int = Field(ge=0)
    """Public rows, superseded ones included."""
    rows_digest: str = Hash
    """Of these rows, in the order of their commits: also those without sealed counts."""
    keys_digest: str = Hash
    """Key set whose host signed."""
    wall_ns: int
    signature: str = ""

    def signed_text(self) -> bytes:
        """What the host signs: sorted keys, no spaces."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"signature"})
        return b"dumpwatch/checkpoint/1\0" + json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    def witness(self) -> Witness:
        """Its two heads, for an audit."""
        return Witness(bytes.fromhex(self.head), bytes.fromhex(self.openings_head))

    def describe(self) -> list[str]:
        """For people."""
        return [
            f"checkpoint of {utc(self.wall_ns)}, signed by the host of key set {self.keys_digest[:16]}",
            f"{self.spills} sealed spills, head {self.head}",
            f"{self.openings} lines of the opening log, head {self.openings_head}",
            f"{self.rows} public rows, digest {self.rows_digest}",
        ]

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """Read a checkpoint.

        Raises
        ------
        PolicyError
            The text names the fields that do not fit.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            fields = ", ".join(sorted({".".join(map(str, fault["loc"])) or str(fault["msg"]) for fault in faults}))
            msg = f"checkpoint: does not fit in {fields}; take the file as it was written"
            raise PolicyError(msg) from None


def make(books: Books, ring: KeyRing, host: Ed25519PrivateKey, now_ns: int) -> Checkpoint:
    """Make and sign a checkpoint of a ledger; each of its numbers counts what was there when it was looked at.

    host : signing key of the host of `ring`, see `monitor.sealed.keyring.load_host_key`

    Raises
    ------
    PolicyError
        The key is not that of the host of this key set.
    """
    if host.public_key() != ring.host:
        msg = "checkpoint: the signing key is not that of the host of this key set; take both from one ceremony"
        raise PolicyError(msg)
    link, log = books.last_sealed(), books.openings()
    rows, digest = digest_of(books.public_rows())
    content = {
        "schema": "dumpwatch.checkpoint/1",
        "spills": link.index,
        "head": link.head.hex(),
        "openings": len(log),
        "openings_head": (log[-1].head if log else LOG_START).hex(),
        "rows": rows,
        "rows_digest": digest,
        "keys_digest": ring.keys.digest,
        "wall_ns": now_ns,
    }
    made = Checkpoint.model_validate(content)
    return made.model_copy(update={"signature": base64.b64encode(host.sign(made.signed_text())).decode()})


def verify(checkpoint: Checkpoint, store: SealedStore, rings: Mapping[bytes, KeyRing]) -> tuple[str, ...]:
    """Hold a ledger to a checkpoint; all that is wrong, nothing when all is well.

    The heads of the ledger are believed here: an audit with `Checkpoint.witness()` verifies that they follow.
    """
    faults = Faults()
    with faults.note("checkpoint"):
        check_signature(checkpoint, rings)
    head = START
    if checkpoint.spills:
        found = next(store.sealed(checkpoint.spills - 1, checkpoint.spills - 1), None)
        head = b"" if found is None else found.head
    text = f"checkpoint: after {checkpoint.spills} sealed spills the head was {checkpoint.head[:16]}..., here it is "
    text += f"{head.hex()[:16]}..." if head else "missing: spills were cut off"
    faults.check(head.hex() == checkpoint.head, text)
    log = store.openings()
    end = LOG_START if checkpoint.openings == 0 else b""
    if 0 < checkpoint.openings <= len(log):
        end = log[checkpoint.openings - 1].head
    text = f"checkpoint: the opening log had {checkpoint.openings} lines that are not those of this ledger"
    faults.check(end.hex() == checkpoint.openings_head, text)
    rows, digest = digest_of(islice(store.public_rows(), checkpoint.rows))
    text = f"checkpoint: the first {checkpoint.rows} public rows are not those of then; one was changed or removed"
    faults.check((rows, digest) == (checkpoint.rows, checkpoint.rows_digest), text)
    return tuple(faults.found)


def check_signature(checkpoint: Checkpoint, rings: Mapping[bytes, KeyRing]) -> None:
    """Refuse a checkpoint that the host of its key set did not sign.

    Raises
    ------
    PolicyError
    """
    ring = rings.get(bytes.fromhex(checkpoint.keys_digest))
    if ring is None:
        msg = f"was signed by the host of key set {checkpoint.keys_digest[:16]}..., which was not given; use --keys"
        raise PolicyError(msg)
    try:
        ring.host.verify(base64.b64decode(checkpoint.signature, validate=True), checkpoint.signed_text())
    except (InvalidSignature, ValueError):
        msg = "the signature of the host does not hold; the file was changed, or made by somebody else"
        raise PolicyError(msg) from None
