"""The hadron classifier: kernel against plain Python and against scikit-learn, its bad input, its training."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier

from daq.config.channels import ChannelsConfig
from daq.config.reco import RecoConfig
from streaming.reco.association import Associations
from streaming.reco.calorimeters import Showers
from streaming.reco.channels import Pid
from streaming.reco.hadron_id import FEATURES, VERSION, forest_of, hadron_forest, hadron_probability
from streaming.reco.pid import identify
from tests.reference import channels_slow
from tools.train_hadron_id import export, sample

RATIO = st.one_of(st.floats(0.0, 1.2), st.sampled_from([0.0, 0.2, 0.95]))
FEATURE_ROWS = st.lists(st.tuples(RATIO, RATIO, RATIO, st.floats(5.0, 250.0)), min_size=1, max_size=20)


@settings(max_examples=100, deadline=None)
@given(FEATURE_ROWS)
def test_kernel_agrees_with_plain_python(rows):
    got = hadron_probability(hadron_forest(), np.array(rows))
    assert got == pytest.approx([channels_slow.hadron_probability(row) for row in rows], rel=1e-12)
    assert np.all((got > 0.0) & (got < 1.0))


def test_a_value_at_a_threshold_goes_left_as_in_the_library():
    """Each threshold of the trees, and the next number above it."""
    trees, _ = channels_slow.trees()
    base = [0.3, 0.1, 0.1, 40.0]
    for node in itertools.islice((n for tree in trees for n in tree if n[0] >= 0), 200):
        for value in (node[1], math.nextafter(node[1], math.inf)):
            row = list(base)
            row[node[0]] = value
            assert hadron_probability(hadron_forest(), np.array([row]))[0] == pytest.approx(
                channels_slow.hadron_probability(row), rel=1e-12
            )


@pytest.mark.parametrize("i", range(len(FEATURES)))
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_feature_that_is_no_number_gives_none_and_is_no_hadron(i, bad):
    row = [0.3, 0.4, 0.2, 40.0]
    assert hadron_probability(hadron_forest(), np.array([row]))[0] > 0.8
    row[i] = bad
    assert math.isnan(hadron_probability(hadron_forest(), np.array([row]))[0])
    # the energies of `identify` are not over the momentum yet
    p = row[3]
    energies = [np.array([value * p if j < 3 and math.isfinite(p) else value]) for j, value in enumerate(row)]
    assert particle(energies, np.array([p])) == Pid.UNKNOWN


def particle(energies, p, time=0.0):
    near = Associations(np.ones(1, np.int64), energies[0], np.zeros(1, np.bool_))
    showers = Showers(energies[1], energies[2], np.ones(1, np.int64), energies[0])
    return identify(p, np.array([time]), near, showers, RecoConfig(), ChannelsConfig())[0]


def test_a_good_hadron_is_one_and_one_without_a_time_is_not():
    energies = [np.array([12.0]), np.array([16.0]), np.array([8.0])]
    assert particle(energies, np.array([40.0])) == Pid.HADRON
    assert particle(energies, np.array([40.0]), math.nan) == Pid.UNKNOWN


def test_kernel_agrees_with_the_library_for_a_fresh_model():
    """Freshly trained on a few tracks, exported, evaluated by the kernel: the library's probability, and its edges."""
    rng = np.random.default_rng(5)
    kinds = {kind: sample(rng, kind, 300) for kind in ("hadron", "muon", "electron")}
    x = np.concatenate(list(kinds.values()))
    y = np.repeat([True, False, False], 300)
    model = GradientBoostingClassifier(n_estimators=12, max_depth=3, learning_rate=0.3, random_state=1).fit(x, y)
    content = export(model)
    forest = forest_of(content)
    assert np.abs(hadron_probability(forest, x) - model.predict_proba(x)[:, 1]).max() < 1e-12
    other = np.column_stack((rng.uniform(0, 1.2, (2000, 3)), rng.uniform(5, 200, 2000)))
    # the library rounds features to float32 before it compares; rows that are float32 already have no such doubt
    other = other.astype(np.float32).astype(np.float64)
    assert np.abs(hadron_probability(forest, other) - model.predict_proba(other)[:, 1]).max() < 1e-12
    assert content["features"] == list(FEATURES)
    assert content["version"] == VERSION


def test_shipped_trees_separate_the_emulated_response():
    """Better than 99 % of the hadrons, less than 0.5 % of each lepton, as the data card says."""
    rng = np.random.default_rng(77)
    for kind, low, high in (("hadron", 0.99, 1.0), ("muon", 0.0, 0.005), ("electron", 0.0, 0.005)):
        part = np.mean(hadron_probability(hadron_forest(), sample(rng, kind, 1000)) > 0.8)
        assert low <= part <= high, kind
