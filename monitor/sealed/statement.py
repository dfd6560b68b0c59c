"""What custodians sign: one canonical statement of what is to be opened, when, and by which rule."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daq.errors import PolicyError
from monitor.sealed.keyring import Custodian

StageName = Literal["CR", "CR_VALIDATION", "SR", "DRILL"]


class Statement(BaseModel):
    """An opening: of one channel, one stage and one block of spills. Frozen; text only, so that it has one form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_name: Literal["dumpwatch.opening/1"] = Field("dumpwatch.opening/1", alias="schema")
    channel: str
    stage: StageName
    first_index: int = Field(ge=0)
    """First sealed spill of the block, by its place in the chain."""
    last_index: int = Field(ge=0)
    head: str
    """Head of the chain after the last spill of the block, hexadecimal."""
    keys_digest: str
    config_digest: str
    mask_digest: str
    program: str
    expected: str
    """Expected background in the region and block, as a decimal text."""
    min_p_value: str
    """Pre-registered rule: an opened CR agrees when P(N >= n | expected) is at least this."""
    not_before_ns: int
    not_after_ns: int
    nonce: str = Field(min_length=16)
    """Random text: two statements are never the same, so an approval holds for one only."""

    def canonical(self) -> bytes:
        """Sorted keys, no spaces: what is signed."""
        content = self.model_dump(mode="json", by_alias=True)
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return hashlib.sha256(b"dumpwatch/statement/1\0" + self.canonical()).hexdigest()

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """Read a statement.

        Raises
        ------
        PolicyError
            The text names the fields that do not fit.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            fields = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in error.errors()}))
            msg = f"statement: does not fit in {fields or 'itself'}; make it with `dumpwatch blind approve --new`"
            raise PolicyError(msg) from None


class Approval(BaseModel):
    """The signature of one custodian under one statement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    custodian: str
    statement: str
    """Digest of the statement."""
    signature: str


def approve(statement: Statement, custodian: Custodian) -> Approval:
    """Sign a statement."""
    signature = custodian.sign.sign(statement.canonical())
    return Approval(
        custodian=custodian.name, statement=statement.digest(), signature=base64.b64encode(signature).decode()
    )


def check_approval(approval: Approval, statement: Statement, custodians: dict[str, Ed25519PublicKey]) -> None:
    """Refuse an approval that is not of a custodian of this key set for this very statement.

    Raises
    ------
    PolicyError
    """
    key = custodians.get(approval.custodian)
    if key is None:
        msg = (
            f"approval of '{approval.custodian}': no custodian of this key set; the custodians are {sorted(custodians)}"
        )
        raise PolicyError(msg)
    if approval.statement != statement.digest():
        msg = f"approval of '{approval.custodian}': is for another statement; an approval holds for one opening only"
        raise PolicyError(msg)
    try:
        key.verify(base64.b64decode(approval.signature, validate=True), statement.canonical())
    except (InvalidSignature, ValueError):
        msg = f"approval of '{approval.custodian}': the signature does not hold; ask for it again"
        raise PolicyError(msg) from None
