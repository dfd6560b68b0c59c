"""What custodians sign: one canonical statement of what is to be opened, when, and by which rule."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from daq.errors import PolicyError
from monitor.sealed.keyring import Custodian, KeyRing

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
    accepted_incomplete: int = Field(0, ge=0)
    """Spills of the block whose sealed counts lack events that were missing: so many are known of and accepted."""
    openings_head: str
    """Head of the opening log when the statement was made: no earlier opening can be taken out afterwards."""
    nonce: str = Field(min_length=16)
    """Random text: two statements are never the same, so an approval holds for one only."""

    @field_validator("expected", "min_p_value")
    @classmethod
    def _is_number(cls, text: str) -> str:
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("nan")
        if not (value.is_finite() and value >= 0):
            msg = "wanted a decimal number, 0 or more"
            raise ValueError(msg)
        return text

    @model_validator(mode="after")
    def _is_block(self) -> Self:
        if self.first_index > self.last_index or self.not_before_ns >= self.not_after_ns:
            msg = "wanted first_index <= last_index and not_before_ns < not_after_ns"
            raise ValueError(msg)
        if not 0 <= Decimal(self.min_p_value) <= 1:
            msg = "wanted min_p_value between 0 and 1"
            raise ValueError(msg)
        return self

    def canonical(self) -> bytes:
        """Sorted keys, no spaces: what is signed. Accepting nothing is left out, as it is in earlier statements."""
        content = self.model_dump(mode="json", by_alias=True)
        if not self.accepted_incomplete:
            del content["accepted_incomplete"]
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> str:
        """SHA-256 of the canonical form."""
        return hashlib.sha256(b"dumpwatch/statement/1\0" + self.canonical()).hexdigest()

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.channel} {self.stage}, spills {self.first_index}-{self.last_index}"

    def describe(self) -> list[str]:
        """What a custodian signs, in plain words."""
        return [
            f"opening of {self.title} of the chain that ends in {self.head}",
            f"expected {self.expected}; registered rule: agrees when P(N >= n) >= {self.min_p_value}",
            f"accepts {self.accepted_incomplete} spills whose sealed counts are incomplete",
            f"valid from {utc(self.not_before_ns)} to {utc(self.not_after_ns)}; program {self.program}",
            f"keys {self.keys_digest}",
            f"configuration {self.config_digest}",
            f"mask {self.mask_digest}",
            f"statement {self.digest()}",
        ]

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
            raise _unfit(error) from None

    @classmethod
    def of(cls, content: Mapping[str, object]) -> Self:
        """Make a statement from its fields.

        Raises
        ------
        PolicyError
        """
        try:
            return cls.model_validate(dict(content))
        except ValidationError as error:
            raise _unfit(error) from None


def _unfit(error: ValidationError) -> PolicyError:
    faults = error.errors(include_url=False, include_input=False)
    fields = ", ".join(sorted({".".join(map(str, fault["loc"])) or str(fault["msg"]) for fault in faults}))
    return PolicyError(f"statement: does not fit in {fields}; make it with `dumpwatch blind approve --new`")


def utc(time_ns: int) -> str:
    """Wall-clock time for people, to the second."""
    try:
        return datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{time_ns} ns since 1970"


class Approval(BaseModel):
    """The signature of one custodian under one statement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    custodian: str
    statement: str
    """Digest of the statement."""
    signature: str

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """Read an approval.

        Raises
        ------
        PolicyError
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            msg = "approval: wanted custodian, statement and signature; make it with `dumpwatch blind approve`"
            raise PolicyError(msg) from None


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


def check_approvals(statement: Statement, approvals: Sequence[Approval], ring: KeyRing, now_ns: int) -> None:
    """Refuse unless enough different custodians signed, and the time is right.

    Raises
    ------
    PolicyError
    """
    if now_ns < statement.not_before_ns:
        msg = f"statement: is not valid before {utc(statement.not_before_ns)}; now it is {utc(now_ns)}"
        raise PolicyError(msg)
    if now_ns >= statement.not_after_ns:
        msg = f"statement: expired at {utc(statement.not_after_ns)}; now it is {utc(now_ns)}; make a new one"
        raise PolicyError(msg)
    names = [approval.custodian for approval in approvals]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"approvals: {', '.join(twice)} came twice; {ring.threshold} different custodians are needed"
        raise PolicyError(msg)
    for approval in approvals:
        check_approval(approval, statement, ring.custodians)
    if len(names) < ring.threshold:
        msg = f"approvals: {len(names)} of {ring.threshold} custodians ({', '.join(names) or 'none'}); ask for more"
        raise PolicyError(msg)
