"""The table of hadrons of the beam: before and after the ANTI0 acceptance, masked where nobody opened."""

import pytest

from daq.config import Config
from offline.backgrounds.summary import backgrounds, totals
from offline.report.analysis import Analysis, Wanted
from offline.report.opened import NOTHING
from offline.report.table import MASKED
from offline.report.tables import anti0_table
from tests.offline.backgrounds.synthetic import sample

CONFIG = Config()
HOLE = {"channel": "anti0_inverted", "veto_anti0_hole": True}


def table(rows=(), opened=None):
    """Of 1.4e17 protons, with the emulated K+."""
    found = backgrounds(sample(rows), sample(), CONFIG, 1.4e17, 3)
    return anti0_table(Analysis(None, CONFIG, Wanted(), found, totals(found), opened or {}, NOTHING, [], 1.4e17))


def test_rows_before_and_after():
    found = table([HOLE, HOLE, {"channel": "pipi_os"}])
    rows = {row[:3]: row[3:] for row in found.rows}
    assert set(rows) == {("before", channel, "OUTSIDE") for channel in ("pipi_os", "pipi_gamma")} | {
        ("after", channel, region) for channel in ("pipi_os", "pipi_gamma") for region in ("OUTSIDE", "CR", "SR")
    }
    before, after = rows["before", "pipi_os", "OUTSIDE"], rows["after", "pipi_os", "OUTSIDE"]
    assert before[0] == pytest.approx(5.6, rel=0.15) and after[0] == pytest.approx(0.68, rel=0.15)
    assert (before[2], after[2]) == (3, 1) and before[4:] == (5.6, 2.8, 6) and after[4:] == (0.68, 0.34, 1)
    assert rows["after", "pipi_os", "CR"][0] == pytest.approx(0.013, abs=0.004)
    assert "within 145 mm" in found.note


def test_masked_until_opened():
    assert {row[5] for row in table().rows if row[2] != "OUTSIDE"} == {MASKED}
    opened = table(opened={("pipi", "CR"): 2}).rows
    assert {row[2]: row[5] for row in opened if row[1] == "pipi_os" and row[0] == "after"} == {
        "OUTSIDE": 0, "CR": 2, "SR": MASKED,
    }  # fmt: skip
