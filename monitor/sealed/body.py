"""Lines of the opening log as JSON, and the one line that is about no opening."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """Frozen; canonical JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def canonical(self) -> str:
        """Sorted keys, no spaces."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))


class Upgraded(Body):
    """The ledger was brought up to date from a schema without sealed spills.

    ledger : its schema before
    rows : public rows that were booked by then
    digest : of these rows, in the order of their commits
    """

    ledger: str = Field(max_length=64)
    rows: int = Field(ge=1)
    digest: str
