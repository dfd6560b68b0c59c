"""What every configuration section shares: frozen, unknown keys refused, assumptions marked."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """One section of the configuration. Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def known(default: Any, text: str, **bounds: Any) -> Any:  # noqa: ANN401 - pydantic's Field is typed Any as well
    """Declare a key whose default has a source; `text` names unit and source."""
    return Field(default, description=text, **bounds)


def assumed(default: Any, text: str, **bounds: Any) -> Any:  # noqa: ANN401
    """Declare a key whose default no publication states. `config show` marks it."""
    return Field(default, description=text, json_schema_extra={"assumed": True}, **bounds)
