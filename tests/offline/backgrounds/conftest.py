"""Emulated records that several tests look at: three spills of beam, and half of the published sample."""

import pytest

from daq.config import Config
from tests.offline.emulated_records import SAMPLE_BURSTS, beam_records, two_track_records

CONFIG = Config()


@pytest.fixture(scope="package")
def beam():
    return beam_records(CONFIG, 5, 3)


@pytest.fixture(scope="package")
def search():
    return two_track_records(CONFIG, 11, SAMPLE_BURSTS // 2)
