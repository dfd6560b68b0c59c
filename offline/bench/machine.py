"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from daq.version import PROGRAM_VERSION

LIBRARIES = ("numpy", "numba", "pyarrow", "pyzmq", "sqlalchemy")


def machine() -> dict[str, object]:
    """Processor, cores, and versions of everything that matters for speed."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "dumpwatch": PROGRAM_VERSION,
        **{name: version(name) for name in LIBRARIES},
    }
