"""Injected signals of each final state through trigger, event building and reconstruction: found where they belong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from streaming.masked import COMPARTMENTS, SEALED_CHANNELS
from tools.channel_migrations import SAMPLES, chi2_below, expected_efficiency, in_channels, make_sample, reconstruct

DECAYS = 11_000.0


@pytest.fixture(scope="module", params=SAMPLES)
def signal(request):
    sample = make_sample(request.param, DECAYS, seed=11)
    return request.param, sample, reconstruct(sample)


def test_found_in_its_channel_with_the_expected_efficiency(signal):
    state, sample, found = signal
    own = in_channels(found)[SAMPLES[state][0]]
    wanted = expected_efficiency(state, sample.config)
    assert found.accepted > 500
    error = math.sqrt(wanted * (1.0 - wanted) / found.accepted)
    # up to 4 % for what no key says: tails of slopes and momenta, edges of the acceptance
    assert wanted * 0.96 - 4.0 * error < own / found.accepted < wanted * 1.02 + 4.0 * error


def test_found_in_the_signal_region(signal):
    state, _, found = signal
    row = found.sealed[SEALED_CHANNELS.index(SAMPLES[state][0])]
    assert row[COMPARTMENTS.index("SR")] > 0.96 * in_channels(found)[SAMPLES[state][0]]


def test_most_of_what_is_found_is_in_its_channel(signal):
    """Photons and kaon tags get lost, so candidates migrate towards less; never towards leptons."""
    state, _, found = signal
    counts = in_channels(found)
    total = sum(counts.values())
    assert counts[SAMPLES[state][0]] > 0.74 * total
    leptons = {"mumu", "ee"} - {SAMPLES[state][0]}
    assert sum(counts[name] for name in leptons) <= 0.002 * total
    if state in ("mumu", "ee"):
        assert counts[SAMPLES[state][0]] == total


def test_nothing_of_it_is_in_the_public_counts_but_the_edges(signal):
    """What is open lies outside the guard bands: a few decays that were measured badly, or lost a photon.

    Side samples ask for no photons and no quiet LAV, so they hold more of the latter; of two tracks alone next to none.
    """
    state, _, found = signal
    sides = sum(found.opened[name] for name in ("lav_inverted", "anti0_inverted", "upstream"))
    assert sum(found.opened.values()) - sides < 0.07 * found.sealed.sum()
    if state in ("mumu", "ee", "pipi", "kk"):
        assert sides < 0.01 * found.sealed.sum()


def test_tracks_through_the_hole_of_anti0_are_lost_to_hadrons_and_to_no_lepton(signal):
    """Daughters of what comes from the TAX go through it often: a fifth of the pairs at least."""
    state, sample, found = signal
    open_hole = sample.config.channels.model_copy(update={"anti0_hole_mm": 0.0})
    name = SAMPLES[state][0]
    lifted = reconstruct(replace(sample, config=sample.config.model_copy(update={"channels": open_hole})))
    kept = in_channels(found)[name] / in_channels(lifted)[name]
    assert kept == 1.0 if state in ("mumu", "ee") else 0.3 < kept < 0.8


def test_part_of_a_chi2_below_a_limit():
    drawn = np.random.default_rng(1).chisquare(8.0, 200_000)
    for limit in (5.0, 20.0):
        assert chi2_below(limit) == pytest.approx(np.mean(drawn < limit), abs=0.004)
