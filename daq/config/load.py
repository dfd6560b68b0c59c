"""TOML in, one frozen object out; an unknown key is refused with the nearest known key named."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.items import AoT, Table

from daq.config.root import Config
from daq.errors import ConfigError


def load_config(path: Path | None) -> Config:
    """Read and validate a configuration file; the defaults when `path` is None.

    Raises
    ------
    ConfigError
        Unreadable file, bad TOML, unknown key (nearest known key named) or value out of bounds. All faults of
        one file are in one message.
    """
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"configuration {path}: cannot be read ({error}); give an existing UTF-8 TOML file"
        raise ConfigError(msg) from error
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"configuration {path}: not TOML ({error}); start from `dumpwatch config show`"
        raise ConfigError(msg) from error
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(path, text, fault) for fault in error.errors())) from None


def render_config(config: Config) -> str:
    """Write a configuration as commented TOML that `load_config` reads back to an equal object."""
    document = tomlkit.document()
    document.add(tomlkit.comment(f"dumpwatch configuration; physics digest {config.digest()[:16]}"))
    document.add(tomlkit.comment("'assumed' marks values that no publication states"))
    for name, section in config:
        table = tomlkit.table()
        _fill(table, section)
        document.add(tomlkit.nl())
        document.add(name, table)
    return tomlkit.dumps(document)


def _fill(table: Table, section: BaseModel) -> None:
    values = dict(iter(section))  # not dict(section): a section may have a key that is called keys
    plain = [key for key, value in values.items() if not isinstance(value, BaseModel)]
    for key in plain:
        field = type(section).model_fields[key]
        item = tomlkit.item(section.model_dump(mode="json", include={key})[key])
        if field.description and not isinstance(item, AoT):
            extra = field.json_schema_extra
            mark = "assumed: " if isinstance(extra, dict) and extra.get("assumed") else ""
            item.comment(mark + field.description)
        table.add(key, item)
    # sub-tables come last: in TOML a plain key after one would belong to it
    for key in values:
        if key not in plain:
            inner = tomlkit.table()
            _fill(inner, values[key])
            table.add(key, inner)


def _explain(path: Path, text: str, fault: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    names = [str(part) for part in fault["loc"]]
    key, line = ".".join(names), _line_of(text, names)
    where = f"configuration {path}" + (f", line {line}" if line else "")
    if fault["type"] != "extra_forbidden":
        return f"{where}: {key}: {fault['msg']}, got {fault['input']!r}"
    names = sorted(_keys(Config))
    nearest = difflib.get_close_matches(key, names, n=1, cutoff=0.0) or names[:1]
    return f"{where}: unknown key '{key}'; nearest known key is '{nearest[0]}'"


def _line_of(text: str, names: list[str]) -> int | None:
    """Line where a key is set, or its table begins; None when the file says nothing of it."""
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.split("#", 1)[0].strip()
        if bare.startswith("["):
            table = [part.strip().strip("\"'") for part in bare.strip("[]").split(".")]
            if table == names:
                return number
        elif "=" in bare:
            key = [part.strip().strip("\"'") for part in bare.split("=", 1)[0].split(".")]
            found = [*table, *key]
            if found == names[: len(found)]:
                return number
    return None


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for key, field in model.model_fields.items():
        yield prefix + key
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{prefix}{key}.")
