"""Small samples that all tests of the signal share."""

from dataclasses import replace

import pytest

from daq.config import Config
from offline.signal.acceptance import Acceptance
from offline.signal.effort import SHORT

CONFIG = Config()


@pytest.fixture(scope="session")
def acceptance(tmp_path_factory):
    return Acceptance(CONFIG, replace(SHORT, cache=tmp_path_factory.mktemp("samples")))
