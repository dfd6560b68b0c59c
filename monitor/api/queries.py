"""Parameters that answers share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

MAX_RUN = 999_999
MAX_BURST = 0xFFFFFFFF

RunQuery = Annotated[int | None, Query(ge=1, le=MAX_RUN, description="only this run")]
BurstQuery = Annotated[int | None, Query(ge=1, le=MAX_BURST, description="only this burst")]
LastQuery = Annotated[int, Query(ge=1, le=20_000, description="the newest so many")]
RunPath = Annotated[int, Path(ge=1, le=MAX_RUN, description="run")]
BurstPath = Annotated[int, Path(ge=1, le=MAX_BURST, description="burst")]
