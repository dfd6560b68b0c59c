"""Files of a scan: tables, the JSON document, the plot. Each appears whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from daq.errors import ConfigError
from monitor.halo import CurvePoint, HaloPoint, HaloView
from offline.scan_b2.plot import plot_png

CURVE, SPILLS, DOCUMENT, PLOT = "scan-b2.csv", "scan-b2-spills.csv", "scan-b2.json", "scan-b2.png"


def document(view: HaloView, source: str, interrupted: bool) -> dict[str, Any]:
    """Everything about the scan; what `--json` prints."""
    return {
        "source": source,
        "interrupted": interrupted,
        "verdict": sentence(view),
        "n_spills": len(view.points),
        "n_usable": sum(point.usable for point in view.points),
        **view.model_dump(mode="json"),
    }


def sentence(view: HaloView) -> str:
    """Verdict in one sentence, of MUV3."""
    return view.fit.sentence if view.fit else f"no minimum: {view.refused['muv3']}"


def prepare(folder: Path) -> None:
    """Make the folder of the files.

    Raises
    ------
    ConfigError
        It cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"scan-b2 -o {folder}: cannot be made ({error.strerror}); give another folder"
        raise ConfigError(msg) from error
    if not os.access(folder, os.W_OK):
        msg = f"scan-b2 -o {folder}: cannot be written to; give another folder"
        raise ConfigError(msg)


def write_files(folder: Path, view: HaloView, said: dict[str, Any]) -> list[Path]:
    """Write all files of a scan into a folder, which is made; those of an earlier scan are replaced."""
    prepare(folder)
    contents = {
        CURVE: _table(CurvePoint, view.curve),
        SPILLS: _table(HaloPoint, view.points),
        DOCUMENT: (json.dumps(said, indent=1) + "\n").encode(),
        PLOT: plot_png(view),
    }
    return [_put(folder / name, content) for name, content in contents.items()]


def _put(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _table(model: type[BaseModel], rows: Sequence[BaseModel]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(model.model_fields)
    writer.writerows(_cells(row.model_dump().values()) for row in rows)
    return text.getvalue().encode()


def _cells(values: Iterable[Any]) -> list[Any]:
    return ["" if value is None else value for value in values]
