"""Counts in mass windows and the limits that follow."""

import numpy as np
import pytest

from daq.errors import DataError
from offline.statistics.background import Background
from offline.statistics.limits import POT, upper_limit
from offline.statistics.windows import limits_by_mass, window_counts, window_parts

MASSES = np.array([215.0, 400.0, 411.0, 422.0, 430.0, 700.0])
RESOLUTION = np.array([0.7, 4.0, 4.0, 4.0, 4.0, 6.4])
BACKGROUND = Background(0.016, 0.002)


def test_the_published_event():
    """411 MeV/c2: inside +-12 of 400, 411 and 422, outside at 430."""
    counts = window_counts([411.0], MASSES, RESOLUTION)
    assert counts.tolist() == [0, 1, 1, 1, 0, 0]
    assert window_counts([], MASSES, RESOLUTION).tolist() == [0] * 6
    assert window_counts([423.0, 411.0], MASSES, RESOLUTION).tolist() == [0, 1, 2, 2, 1, 0]  # the end belongs to it


def test_parts_of_the_background():
    parts = window_parts(MASSES, RESOLUTION, (215.0, 700.0))
    assert parts * 485.0 == pytest.approx([2.1, 24.0, 24.0, 24.0, 24.0, 19.2])  # cut at the ends


def test_limits_by_mass():
    counts, parts = window_counts([411.0], MASSES, RESOLUTION), window_parts(MASSES, RESOLUTION, (215.0, 700.0))
    limits = limits_by_mass(counts, parts, BACKGROUND, POT)
    assert limits.shape == (6, 1)
    assert limits[0, 0] == limits[5, 0] == pytest.approx(upper_limit(0, BACKGROUND, POT))
    tight = Background(0.016 * 24 / 485, 0.002 * 24 / 485)
    assert limits[2, 0] == pytest.approx(upper_limit(1, tight, POT), rel=1e-9)
    assert limits[2, 0] > upper_limit(1, BACKGROUND, POT)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: window_counts([np.nan], MASSES, RESOLUTION), "masses of the candidates is nan"),
        (lambda: window_counts([411.0], MASSES, -RESOLUTION), "mass resolution is -0.7"),
        (lambda: window_counts([411.0], MASSES, RESOLUTION, 0.0), "half width in standard deviations is 0"),
        (lambda: window_parts(MASSES, RESOLUTION, (700.0, 215.0)), "from 700 to 215"),
    ],
)
def test_refused_by_name(call, name):
    with pytest.raises(DataError, match=name):
        call()
