"""The published tables that are shipped: complete, with their source, and consistent with each other."""

import math
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from daq.errors import DataError
from offline.backgrounds.published import (
    REGION_OF,
    SEARCHED,
    all_channels,
    combinatorial,
    kaons,
    prompt_hadrons,
    table,
)
from offline.statistics.nuisance import Prior
from offline.statistics.tails import p_likelihood
from streaming.tally import CHANNELS

DATA = files("offline.backgrounds").joinpath("data")
NAMES = sorted(Path(str(file)).stem for file in DATA.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_every_file_names_its_source_and_has_rows(name):
    text = DATA.joinpath(f"{name}.csv").read_text()
    assert text.startswith("# source: ") and ".txt" not in text
    rows = table(name)
    assert rows and all(None not in row and None not in row.values() for row in rows)


def test_they_are_shipped_and_a_missing_one_is_named():
    shipped = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert shipped["package-data"]["offline.backgrounds"] == ["data/*"]
    with pytest.raises(DataError, match="no 'nothing'"):
        table("nothing")


def test_table_3_is_table_2_times_the_same_sign_scale():
    before, after = combinatorial(2), combinatorial(3)
    same_sign = sum(before[name, "OUTSIDE"].value for name in ("mumu_pp", "mumu_mm"))
    counted = sum(before[name, "OUTSIDE"].observed for name in ("mumu_pp", "mumu_mm"))
    assert (round(same_sign, 1), counted) == (71.6, 61)
    for place, row in after.items():
        assert row.value == pytest.approx(before[place].value * counted / same_sign, rel=0.02)
    assert {region for _, region in after} == set(REGION_OF.values())


@pytest.mark.parametrize("number", [2, 3])
def test_the_rings_add_up_and_the_p_values_are_ours(number):
    rows = combinatorial(number)
    rings = [rows["mumu_os", f"OCR{k}"] for k in (1, 2, 3)]
    assert sum(row.value for row in rings) == pytest.approx(rows["mumu_os", "OCR123"].value, abs=0.011)
    assert sum(row.observed for row in rings) == rows["mumu_os", "OCR123"].observed
    row = rows["mumu_os", "OUTSIDE"]
    assert p_likelihood(row.observed, row.value, row.up, Prior.GAUSS) == pytest.approx(row.p_likelihood, abs=0.02)
    assert rows["mumu_os", "SR"].observed is None


def test_the_summary_holds_all_channels_and_agrees_with_its_parts():
    whole, prompt, kaon = all_channels(), prompt_hadrons(), kaons()
    assert set(SEARCHED) < set(CHANNELS) and len(SEARCHED) == 9
    assert set(whole) == {(channel, region) for channel in SEARCHED for region in ("CR", "SR")}
    assert (whole["mumu_os", "SR"].value, whole["mumu_os", "SR"].observed) == (0.016, 1)
    for (channel, region), row in whole.items():
        if (channel, region) in kaon:
            assert row.value == kaon[channel, region].value
        elif (channel, region) in prompt:
            assert math.isclose(row.value, prompt[channel, region].value)
    assert (kaon["pipi_os", "before ANTI0"].value, kaon["pipi_os", "after ANTI0"].value) == (5.6, 0.68)
