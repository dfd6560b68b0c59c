"""e e: the product of a control count and rejections, with the numbers of the talks, and what counts as a pair."""

import numpy as np
import pytest

from daq.config import Config
from daq.config.analysis import AnalysisConfig
from offline.backgrounds.ee import ee, ee_pairs, product_of
from offline.backgrounds.prompt import subtract
from offline.backgrounds.published import all_channels, table
from tests.offline.backgrounds.synthetic import sample
from tests.offline.overlay.synthetic import Q1

CONFIG = Config()
KEYS = CONFIG.analysis
CONTROL = (59.9, 6.7)
POT = 1.4e17


def counted(inside, sideband=0):
    return subtract(np.array([0.5] * inside + [2.0] * sideband), KEYS)


def rows_of(inside, sideband=0, pot=POT):
    rows = ee(counted(inside, sideband), CONFIG, pot)
    return {(row.component, row.region): row for row in rows}


@pytest.mark.parametrize("region", ["CR", "SR"])
def test_the_published_numbers(region):
    """The interval and the chance of an event are reproduced, the centre is 7 to 13 % low as with every recipe."""
    printed = {row["region"]: row for row in table("ee_background")}[region]
    toys, centre = product_of(CONTROL, region, KEYS), float(printed["n_bkg"])
    assert toys.quantile(0.95) == pytest.approx(centre + float(printed["err_up"]), rel=0.05)
    assert toys.quantile(0.05) == pytest.approx(centre - float(printed["err_down"]), abs=0.0005)
    assert 0.85 * centre < toys.median < centre < toys.mean
    assert toys.p_any == pytest.approx(0.016, abs=0.001)
    assert all_channels()["ee_os", region].value == centre


def test_what_the_vetoes_leave():
    (pid, vetoes, *_) = table("ee_rejection")
    toys = product_of(CONTROL, "OUTSIDE", KEYS)
    assert float(pid["n_exp"]) * KEYS.ee_vetoes_survival[0] == pytest.approx(float(vetoes["n_exp"]), abs=0.005)
    assert toys.median == pytest.approx(float(vetoes["n_exp"]), rel=0.2)


def test_rows_are_the_law_of_the_product():
    rows = rows_of(60)
    for region in ("OUTSIDE", "CR", "SR"):
        toys, row = product_of((60.0, 60.0**0.5), region, KEYS), rows["prompt", region]
        assert (row.value, *row.interval) == pytest.approx([toys.median, toys.quantile(0.05), toys.quantile(0.95)])
        assert row.confidence == pytest.approx(0.9) and row.upper is None
    assert (
        rows["prompt", "CR"].open_value == rows["prompt", "SR"].open_value == 0.0 < rows["prompt", "OUTSIDE"].open_value
    )
    assert rows["combinatorial", "SR"].upper == 9e-4
    assert rows_of(60, pot=POT / 2)["combinatorial", "CR"].upper == 4.5e-4


def test_none_seen_gives_limits():
    rows = rows_of(0)
    for region in ("OUTSIDE", "CR", "SR"):
        row = rows["prompt", region]
        assert row.value == 0.0 and "none seen" in row.source
        assert row.upper == pytest.approx(2.303 * product_of((1.0, 1e-9), region, KEYS).mean, rel=0.01)
    # as many as the sideband promises are none
    assert rows_of(2, 7)["prompt", "SR"].value == 0.0 < rows_of(2, 7)["prompt", "SR"].upper


def test_which_pairs_count():
    electron = {"is_ee_1": True, "is_ee_2": True, "channel": "none", "region": "none"}
    changes = [
        {}, {"veto_lav": True}, {"channel": "ee_os", "region": "OUTSIDE"}, {"delta_t_ns": 3.0}, {"is_ee_2": False},
        {"in_cones": False}, {"charge_2": 1}, {"trigger_flags": Q1}, {"delta_t_ns": 5.0},
    ]  # fmt: skip
    found = ee_pairs(sample([{**electron, **change} for change in changes]), CONFIG)
    assert (found.inside, found.sideband) == (3, 1)


def test_rejections_are_configuration():
    ten = CONFIG.model_copy(update={"analysis": AnalysisConfig(ee_vetoes_survival=(0.12, 0.2, 0.08))})
    few, many = rows_of(60), {(r.component, r.region): r for r in ee(counted(60), ten, POT)}
    assert many["prompt", "SR"].value == pytest.approx(10 * few["prompt", "SR"].value, rel=0.02)
    with pytest.raises(ValueError, match="surviving part"):
        AnalysisConfig(ee_sr_survival=(0.0, 0.1, 0.1))


def test_emulated_pairs_are_found(search):
    put_in = 59.9 * search.of("spills", "equivalent_pot").sum() / POT
    found = ee_pairs(search, CONFIG)
    assert abs(found.value - put_in) < 4.0 * put_in**0.5
