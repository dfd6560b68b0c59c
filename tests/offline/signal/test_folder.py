"""The package that looks inside the mask reaches nothing recorded, booked or shown. See decision 11."""

import subprocess
import sys
from pathlib import Path

import offline.signal

FOLDER = Path(offline.signal.__file__).parent
ROOT = FOLDER.parent.parent


def test_nothing_of_it_can_open_a_recording_a_ledger_or_a_socket():
    """For all that it pulls in, in a fresh interpreter."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    code = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module('offline.signal.' + name)\n"
        "bad = ('daq.recording', 'monitor', 'streaming.transport', 'streaming.services', 'zmq', 'sqlalchemy')\n"
        "print([m for m in sys.modules if any(m == b or m.startswith(b + '.') for b in bad)])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
