"""Prompt pairs: the arithmetic of the paper with its numbers, limits where nothing is seen, emulated pairs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.config import Config
from daq.config.analysis import AnalysisConfig
from offline.backgrounds.emulated import process
from offline.backgrounds.prompt import (
    PromptSample,
    Subtracted,
    cr_fraction,
    lav_survival,
    prompt,
    prompt_sample,
    subtract,
)
from offline.backgrounds.published import table
from tests.offline.backgrounds.synthetic import sample

CONFIG = Config()
KEYS = CONFIG.analysis
POT = 1.4e17


def counted(inside, sideband):
    return subtract(np.array([0.5] * inside + [2.0] * sideband), KEYS)


def by_place(rows):
    return {(row.component, row.region): row for row in rows}


PAPER = PromptSample(counted(627, 1250), counted(6, 20))
"""Counts that give 270 +- 27 before the LAV veto, and of the order of 28 pairs after it."""


def test_the_numbers_of_the_paper():
    printed = {row["quantity"]: float(row["value"]) for row in table("prompt_mumu_delta_t")}
    before = PAPER.before
    assert before.ratio == pytest.approx(2 / 7)
    assert (round(before.value), round(before.error)) == (printed["prompt_data_no_lav"], 27)
    assert round(cr_fraction(KEYS), 3) == printed["eta_vr_ul90"]
    rows = by_place(prompt(PAPER, CONFIG, POT))
    outside = rows["prompt", "OUTSIDE"]
    assert outside.value == pytest.approx(0.28, abs=0.005)
    assert outside.syst == pytest.approx(math.hypot(0.19, 0.20), abs=0.01)
    assert rows["prompt", "CR"].upper == pytest.approx(printed["vr_prompt_ul90"], abs=0.0006)
    assert rows["prompt", "SR"].upper == pytest.approx(0.0004, abs=0.0001)
    assert rows["prompt upstream", "CR"].upper == printed["vr_upstream_prompt_ul90"]
    assert round(rows["prompt upstream", "SR"].upper, 3) == 0.007
    assert all(row.confidence == 0.9 and row.value == 0.0 for row in rows.values() if row.region in ("CR", "SR"))


def test_limits_go_with_the_protons_where_they_are_published_ones():
    half = by_place(prompt(PAPER, CONFIG, POT / 2))
    assert half["prompt upstream", "CR"].upper == pytest.approx(0.0345)
    assert half["prompt", "CR"].upper == by_place(prompt(PAPER, CONFIG, POT))["prompt", "CR"].upper


@given(st.lists(st.floats(-6, 6), max_size=60))
def test_the_subtraction_by_hand(values):
    found = subtract(np.array(values), KEYS)
    inside = sum(abs(v) < 1.0 for v in values)
    side = sum(1.0 < abs(v) < 4.5 for v in values)
    assert (found.inside, found.sideband) == (inside, side)
    assert found.value == pytest.approx(inside - side * 2 / 7)
    assert found.error == pytest.approx(math.sqrt(inside + side * 4 / 49))


def test_a_flat_sample_has_no_prompt_pairs():
    rng = np.random.default_rng(1)
    found = subtract(rng.uniform(-8.0, 8.0, 200_000), KEYS)
    assert abs(found.value) < 4.0 * found.error and found.error < 200


def test_only_open_opposite_sign_muons_count():
    rows = [
        {"channel": "mumu_os"}, {"channel": "mumu_os", "delta_t_ns": -3.0}, {"channel": "lav_inverted"},
        {"channel": "lav_inverted", "region": "OCR2"}, {"channel": "mumu_pp"}, {"channel": "pipi_os"},
        {"channel": "none", "region": "none"}, {"channel": "mumu_os", "region": "INSIDE"},
    ]  # fmt: skip
    found = prompt_sample(sample(rows), CONFIG)
    assert (found.before.inside, found.before.sideband) == (3, 1)
    assert (found.after.inside, found.after.sideband) == (1, 1)


def test_the_survival_is_measured_where_it_can_be():
    published = lav_survival(PAPER, KEYS)
    assert published.value == pytest.approx(0.28 / 270) and "table 1" in published.source
    assert published.value < published.limit < 0.05
    seen = lav_survival(PromptSample(counted(3000, 700), counted(600, 35)), KEYS)
    assert seen.value == pytest.approx((600 - 10) / (3000 - 200)) and "600 pairs" in seen.source
    assert seen.value < seen.limit < seen.value * 1.2
    assert seen.error == pytest.approx((600 + 35 * 4 / 49) ** 0.5 / 2800)
    assert lav_survival(PromptSample(counted(3, 9), counted(0, 0)), KEYS).limit == 1.0


@pytest.mark.parametrize("pairs", [(0, 0), (2, 7), (0, 40)])
def test_none_seen_gives_limits(pairs):
    rows = by_place(prompt(PromptSample(counted(*pairs), counted(0, 0)), CONFIG, POT))
    outside = rows["prompt", "OUTSIDE"]
    assert outside.value == 0.0 and outside.confidence == 0.9
    # at least the limit of a count of none
    assert outside.upper >= 2.30 * 0.28 / 270
    assert rows["prompt", "CR"].upper == pytest.approx(outside.upper * cr_fraction(KEYS))


def test_a_larger_simulated_sample_lowers_the_limit():
    more = CONFIG.model_copy(update={"analysis": AnalysisConfig(prompt_simulated=(0, 1410))})
    few = by_place(prompt(PAPER, CONFIG, POT))["prompt", "CR"].upper
    assert by_place(prompt(PAPER, more, POT))["prompt", "CR"].upper == pytest.approx(few / 10, rel=0.02)
    with pytest.raises(ValueError, match="prompt_simulated"):
        AnalysisConfig(prompt_simulated=(3, 2))


def test_emulated_pairs_are_found_where_they_were_put(search):
    """270 of them in the default emulator; and few enough of them in CR for the published limit."""
    found, shape = prompt_sample(search, CONFIG), process("prompt_mumu", CONFIG, 3)
    pairs = shape.of("mumu_os", "lav_inverted")
    outside, visible = pairs.count("OUTSIDE")
    put_in = 270.0 * search.of("spills", "equivalent_pot").sum() / POT
    assert abs(found.before.value - put_in * visible / outside) < 4.0 * found.before.error
    assert pairs.count("CR").visible == pairs.count("SR").all == 0 and pairs.count("CR").all < 0.016 * outside
    rows = by_place(prompt(found, CONFIG, POT, shape))
    whole = rows["prompt", "OUTSIDE"]
    assert whole.open_value == pytest.approx(whole.value * visible / outside)
    rings = [rows["prompt", f"OCR{k}"].value for k in (1, 2, 3)]
    assert sum(rings) == pytest.approx(rows["prompt", "OCR123"].value) and 0 < sum(rings) < whole.value


def test_the_limit_of_a_subtraction_covers():
    """Counts that fluctuate about 3 prompt pairs on a sideband of 7: the limit is above 3 in 90 % or more."""
    rng = np.random.default_rng(4)
    tries = [Subtracted(int(rng.poisson(5.0)), int(rng.poisson(7.0)), 2 / 7, 0.0, 0.0) for _ in range(300)]
    limits = np.array([one.upper(0.9) for one in tries])
    assert np.mean(limits > 3.0) > 0.86
