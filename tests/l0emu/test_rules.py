"""Each rule of level 0 at its edge, with the answer worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from daq.config.l0 import CONDITIONS, L0Config
from daq.hits import END_OF_BURST, HitBatch, empty_block
from daq.model import DETECTORS
from l0emu import L0Setup, new_burst, step
from l0emu.conditions import CHOD_CONDITIONS, OTHER_CONDITIONS
from tests.l0emu.streams import block, run_whole, tile

PHYSICS, CONTROL = 1, 16
Q1_MASK = {"name": "Q1", "bit": 0, "require": ["chod.Q1"]}
H2_MASK = {"name": "H2", "bit": 1, "require": ["chod.H2"]}
OFF = {"enabled": False}


def config(masks=(Q1_MASK,), control=OFF, **keys) -> L0Config:
    return L0Config.model_validate({"masks": list(masks), "control": control, **keys})


def test_an_empty_burst_gives_nothing():
    triggers, counters = run_whole({}, L0Config())
    assert triggers == []
    assert {name: (m.generated, m.sent, m.downscaling) for name, m in counters.masks.items()} == {
        "Q1": (0, 0, 20),
        "H2": (0, 0, 1),
        "LKR": (0, 0, 1),
    }
    assert counters.primitives == {"chod": 0, "lkr": 0}


def test_time_of_a_cluster_is_the_middle_rounded_down():
    assert run_whole({"chod": [(1000, 101), (1003, 151)]}, config())[0] == [(1001, 1, PHYSICS)]


def test_two_simultaneous_tiles_are_an_h2():
    hits = tile(101, 5000) + tile(202, 5000)
    assert run_whole({"chod": hits}, config([Q1_MASK, H2_MASK]))[0] == [(5000, 3, PHYSICS)]
    assert run_whole({"chod": tile(101, 5000)}, config([Q1_MASK, H2_MASK]))[0] == [(5000, 1, PHYSICS)]


@pytest.mark.parametrize(("difference", "n_h2"), [(102, 1), (103, 0)])
def test_the_window_is_counted_from_the_first_hit_and_open_at_its_end(difference, n_h2):
    """10 ns are 103 fine-time units; the hit between does not prolong the window."""
    hits = [(1000, 101), (1000 + 60, 151), (1000 + difference, 202)]
    _, counters = run_whole({"chod": hits}, config([H2_MASK]))
    assert counters.masks["H2"].generated == n_h2
    assert counters.primitives["chod"] == 2 - n_h2


@pytest.mark.parametrize(("difference", "n_dead"), [(409, 1), (410, 0)])
def test_dead_time_of_a_channel(difference, n_dead):
    hits = [(1000, 101), (1000 + difference, 101)]
    _, counters = run_whole({"chod": hits}, config())
    assert (counters.n_dead_hits, counters.primitives["chod"]) == (n_dead, 2 - n_dead)


def test_a_dropped_hit_does_not_prolong_the_dead_time():
    _, counters = run_whole({"chod": [(1000, 101), (1300, 101), (1410, 101)]}, config())
    assert (counters.n_dead_hits, counters.primitives["chod"]) == (1, 2)


@pytest.mark.parametrize(("difference", "n_fired"), [(102, 1), (103, 0), (-102, 1), (-103, 0)])
def test_the_time_cut_is_strict(difference, n_fired):
    mask = {"name": "MU", "bit": 2, "require": ["chod.Q1", "muv3.M1"]}
    hits = {"chod": [(2560, 101)], "muv3": [(2560 + difference, 7)]}
    _, counters = run_whole(hits, config([mask], fine_time_bits=0))
    assert counters.masks["MU"].generated == n_fired
    veto = {"name": "NOMU", "bit": 2, "require": ["chod.Q1"], "veto": ["muv3.M1"]}
    assert run_whole(hits, config([veto], fine_time_bits=0))[1].masks["NOMU"].generated == 1 - n_fired


@pytest.mark.parametrize(("time", "n_fired"), [(10 * 32, 0), (11 * 32, 1), (14 * 32 - 1, 1), (14 * 32, 0)])
def test_only_the_slots_before_and_after_are_read(time, n_fired):
    """Slots of 32 units, reference in slot 12, time cut 103 units: nearness alone is not enough."""
    mask = {"name": "MU", "bit": 2, "require": ["chod.Q1", "muv3.M1"]}
    hits = {"chod": [(12 * 32 + 16, 101)], "muv3": [(time, 7)]}
    assert run_whole(hits, config([mask], fine_time_bits=3))[1].masks["MU"].generated == n_fired


def test_a_later_primitive_overwrites_its_slot():
    """Both muons are in slot 10; the later one is too far from the reference, the earlier one is lost."""
    mask = {"name": "MU", "bit": 2, "require": ["chod.Q1", "muv3.M1"]}
    hits = {"chod": [(2560, 101)], "muv3": [(2560, 7), (2560 + 110, 8)]}
    _, counters = run_whole(hits, config([mask], fine_time_bits=0))
    assert (counters.masks["MU"].generated, counters.overwritten["muv3"]) == (0, 1)
    _, counters = run_whole(hits, config([mask], fine_time_bits=2))
    assert (counters.masks["MU"].generated, counters.overwritten["muv3"]) == (1, 0)


def test_a_reference_primitive_is_overwritten_too():
    triggers, counters = run_whole({"chod": [(2560, 101), (2700, 202)]}, config(fine_time_bits=0))
    assert triggers == [(2700, 1, PHYSICS)]
    assert (counters.masks["Q1"].generated, counters.overwritten["chod"]) == (1, 1)


def test_bits_of_two_neighbouring_primitives_are_ored():
    mask = {"name": "NVH", "bit": 0, "require": ["chod.Q1", "na48chod.NVH"]}
    both = {"name": "MU", "bit": 1, "require": ["muv3.M1", "muv3.MO1"]}
    hits = {"chod": [(1280, 101)], "muv3": [(1279, 150), (1280 + 127, 3)], "na48chod": [(1280, 3), (1281, 70)]}
    triggers, _ = run_whole(hits, config([mask, both], inputs={"muv3": {"time_cut_ns": 20.0, "window_ns": 3.0}}))
    assert triggers == [(1280, 3, PHYSICS)]


def test_one_trigger_per_stamp_and_the_ignored_candidate_is_not_counted():
    triggers, counters = run_whole({"chod": [(2560, 101), (2700, 202), (2816, 303)]}, config())
    assert triggers == [(2560, 1, PHYSICS), (2816, 1, PHYSICS)]
    assert counters.masks["Q1"].generated == 2


def test_a_candidate_that_was_not_sent_does_not_protect_its_stamp():
    mask = {**Q1_MASK, "downscaling": 2}
    triggers, counters = run_whole({"chod": [(2560, 101), (2700, 202)]}, config([mask]))
    assert triggers == [(2700, 1, PHYSICS)]
    assert (counters.masks["Q1"].generated, counters.masks["Q1"].sent) == (2, 1)


def test_downscaling_keeps_firings_d_2d_3d_and_starts_anew_each_burst():
    hits = {"chod": [(1000 * i, 101) for i in range(1, 60)]}
    for _ in range(2):
        triggers, counters = run_whole(hits, config([{**Q1_MASK, "downscaling": 20}]))
        assert [time for time, _, _ in triggers] == [20_000, 40_000]
        assert (counters.masks["Q1"].generated, counters.masks["Q1"].sent) == (59, 2)


def test_masks_in_one_event_and_a_flag_only_after_its_own_downscaling():
    hits = {"chod": [hit for i in range(1, 5) for hit in tile(101, 1000 * i) + tile(202, 1000 * i)]}
    triggers, _ = run_whole(hits, config([{**Q1_MASK, "downscaling": 4}, {**H2_MASK, "bit": 15}]))
    assert [flags for _, flags, _ in triggers] == [1 << 15] * 3 + [1 << 15 | 1]


def test_a_disabled_mask_is_not_evaluated_and_its_detectors_are_not_built():
    mask = {"name": "MU", "bit": 2, "require": ["muv3.M1"], "enabled": False}
    triggers, counters = run_whole({"chod": [(1000, 101)], "muv3": [(1000, 7)]}, config([Q1_MASK, mask]))
    assert triggers == [(1000, 1, PHYSICS)]
    assert list(counters.masks) == ["Q1"] and list(counters.primitives) == ["chod"]


@pytest.mark.parametrize(("time", "n_fired"), [(0, 0), (4 * 256 - 1, 0), (4 * 256, 1)])
def test_no_trigger_before_the_start_delay(time, n_fired):
    triggers, counters = run_whole({"chod": [(time, 101)]}, config(start_delay_ticks=4))
    assert len(triggers) == counters.masks["Q1"].generated == n_fired


def test_minimum_spacing_of_accepted_triggers():
    hits = {"chod": [(256 * stamp, 100 + i) for i, stamp in enumerate((10, 11, 12, 13, 14, 20), start=1)]}
    triggers, _ = run_whole(hits, config(primitive_dt_ticks=2))
    assert [time // 256 for time, _, _ in triggers] == [10, 13, 20]


LKR = {"enabled": True, "downscaling": 1}


def test_the_control_line_alone_with_its_strict_threshold():
    hits = {"lkr": [(1000, 0.5), (1050, 0.5), (5000, 0.75), (5103, 9.0), (9000, 0.5), (9050, 0.75)]}
    triggers, counters = run_whole(hits, L0Config())
    assert triggers == [(5103, 0, CONTROL), (9025, 0, CONTROL)]
    assert (counters.masks["LKR"].generated, counters.primitives["lkr"]) == (2, 2)


def test_an_energy_that_is_not_finite_is_passed_over():
    hits = {"lkr": [(1000, float("nan")), (1001, 2.0), (5000, float("inf"))]}
    assert run_whole(hits, L0Config())[0] == [(1001, 0, CONTROL)]


@pytest.mark.parametrize("lkr_time", [2560, 2600, 2650])
def test_control_and_physics_in_one_stamp_are_one_event_at_the_physics_time(lkr_time):
    hits = {"chod": [(2600, 101)], "lkr": [(lkr_time, 2.0)]}
    triggers, counters = run_whole(hits, config(control=LKR))
    assert triggers == [(2600, 1, PHYSICS | CONTROL)]
    assert (counters.masks["Q1"].sent, counters.masks["LKR"].sent, counters.n_triggers) == (1, 1, 1)


def test_control_has_its_own_downscaling():
    hits = {"lkr": [(1000 * i, 2.0) for i in range(1, 8)]}
    triggers, counters = run_whole(hits, config(control={**LKR, "downscaling": 3}))
    assert [time for time, _, _ in triggers] == [3000, 6000]
    assert counters.masks["LKR"].generated == 7


def choking(**keys) -> L0Config:
    """FIFO of 49 words, off at 24; a trigger has 24; one word drains in two stamps."""
    rate = 0.5 / 24.951059536e-9
    return config(choke={"on_words": 49, "off_words": 24, "drain_words_per_second": rate}, **keys)


def test_choke_goes_on_and_off_and_its_candidates_are_counted_apart():
    """24 words at stamp 10, 23 + 24 at 12, 46.5 + 24 at 13: choke from 14 until 24 is reached at 106."""
    stamps = [10, 12, 13, 14, 50, 105, 106, 300]
    hits = {"chod": [(256 * stamp, 100 + i) for i, stamp in enumerate(stamps, start=1)]}
    triggers, counters = run_whole(hits, choking())
    assert [time // 256 for time, _, _ in triggers] == [10, 12, 13, 106, 300]
    assert (counters.n_choked, counters.dead_ticks) == (3, 106 - 14)
    assert counters.masks["Q1"].generated == 5


@pytest.mark.parametrize("hits", [{"chod": [(2560, 101), (2900, 202)]}, {"lkr": [(2560, 2.0), (2900, 2.0)]}])
def test_choke_is_on_at_exactly_its_level(hits):
    for on_words, n_triggers in ((24, 1), (25, 2)):
        choke = {"on_words": on_words, "off_words": 10, "drain_words_per_second": 100.0}
        assert len(run_whole(hits, config(control=LKR, choke=choke))[0]) == n_triggers


def test_control_is_choked_too_but_counts_no_reference_primitive():
    hits = {"lkr": [(256 * stamp, 2.0) for stamp in (10, 11, 12, 200)]}
    triggers, counters = run_whole(hits, choking(control=LKR))
    # 24, then 23.5 + 24 = 47.5, then 47 + 24 = 71: choked from 13 until 12 + 94
    assert [time // 256 for time, _, _ in triggers] == [10, 11, 12, 200]
    assert (counters.n_choked, counters.dead_ticks) == (0, 93)


def test_normal_running_never_chokes():
    hits = {"chod": [(30 * 256 * i, 101 + i % 38) for i in range(5000)]}
    triggers, counters = run_whole(hits, config())
    assert (len(triggers), counters.n_choked, counters.dead_ticks) == (5000, 0, 0)


@pytest.mark.parametrize("start", [2**24 * 256 - 300, 2**32 - 300, 2**40 - 10_000])
def test_large_times_are_like_small_ones(start):
    start -= start % 256
    hits = [(100, 101), (103, 151), (120, 202), (5000, 303)]
    small, _ = run_whole({"chod": hits}, config([Q1_MASK, H2_MASK]))
    large, _ = run_whole({"chod": [(start + time, value) for time, value in hits]}, config([Q1_MASK, H2_MASK]))
    assert large == [(start + time, flags, kind) for time, flags, kind in small]
    assert len(small) == 2


def test_a_trigger_waits_until_nothing_can_change_it():
    setup = L0Setup.from_config(config())
    state = new_burst(setup)
    empty = {name: empty_block(name) for name in DETECTORS}
    assert len(step(state, HitBatch(1100, empty | {"chod": block("chod", [(1000, 101)])}), setup)) == 0
    assert state.final_until <= 1000
    late = step(state, HitBatch(1100, empty | {"chod": block("chod", [(1102, 151)])}), setup)
    assert len(late) == 0
    assert step(state, HitBatch(2000, empty), setup).time.tolist() == [1051]
    assert step(state, HitBatch(END_OF_BURST, empty), setup).time.tolist() == []


def test_a_candidate_waits_for_the_slot_after_its_own():
    """Reference in slot 19, watermark inside slot 20: its match in slot 20 comes with the next slice."""
    mask = {"name": "MU", "bit": 2, "require": ["chod.Q1", "muv3.M1"]}
    setup = L0Setup.from_config(config([mask], inputs={"muv3": {"time_cut_ns": 20.0}}))
    state = new_burst(setup)
    empty = {name: empty_block(name) for name in DETECTORS}
    assert len(step(state, HitBatch(2655, empty | {"chod": block("chod", [(2550, 101)])}), setup)) == 0
    late = step(state, HitBatch(END_OF_BURST, empty | {"muv3": block("muv3", [(2660, 7)])}), setup)
    assert (late.time.tolist(), late.flags.tolist()) == ([2550], [4])


def test_a_match_in_the_slot_before_survives_the_decision_of_its_stamp():
    """The muon is in the last slot of stamp 9, the reference in the first of stamp 10; only stamp 9 is decided."""
    mask = {"name": "MU", "bit": 2, "require": ["chod.Q1", "muv3.M1"]}
    setup = L0Setup.from_config(config([mask]))
    state = new_burst(setup)
    empty = {name: empty_block(name) for name in DETECTORS}
    hits = {"muv3": block("muv3", [(2550, 7)]), "chod": block("chod", [(2585, 101)])}
    assert len(step(state, HitBatch(2690, empty | hits), setup)) == 0
    assert state.final_until == 2560
    assert step(state, HitBatch(END_OF_BURST, empty), setup).time.tolist() == [2585]


@pytest.mark.parametrize("watermark", [1001, 1101, 1102])
def test_a_cluster_stays_open_for_a_hit_at_the_watermark_inside_its_window(watermark):
    setup = L0Setup.from_config(config([Q1_MASK], control=LKR))
    state = new_burst(setup)
    empty = {name: empty_block(name) for name in DETECTORS}
    first = {"chod": block("chod", [(1000, 101)]), "lkr": block("lkr", [(1000, 0.75)])}
    second = {"chod": block("chod", [(watermark, 151)]), "lkr": block("lkr", [(watermark, 0.75)])}
    assert len(step(state, HitBatch(watermark, empty | first), setup)) == 0
    found = step(state, HitBatch(END_OF_BURST, empty | second), setup)
    assert found.trigger_type.tolist() == [PHYSICS | CONTROL]
    assert state.counters(setup).primitives == {"chod": 1, "lkr": 1}


def test_the_state_of_one_burst_does_not_leak_into_the_next():
    setup = L0Setup.from_config(config([{**Q1_MASK, "downscaling": 2}]))
    for _ in range(3):
        state = new_burst(setup)
        empty = {name: empty_block(name) for name in DETECTORS}
        step(state, HitBatch(END_OF_BURST, empty | {"chod": block("chod", [(0, 101)])}), setup)
        counters = state.counters(setup)
        assert (counters.masks["Q1"].generated, counters.masks["Q1"].sent, counters.n_dead_hits) == (1, 0, 0)


def test_every_condition_of_the_configuration_has_a_meaning():
    assert set(CONDITIONS) == {"chod", *OTHER_CONDITIONS}
    assert set(CONDITIONS["chod"]) == set(CHOD_CONDITIONS)
    for name, conditions in OTHER_CONDITIONS.items():
        assert set(CONDITIONS[name]) == set(conditions)


@pytest.mark.parametrize(
    ("tiles", "wanted"),
    [
        ([(101, 151)], {"H1", "HT1", "Q1", "QE1", "UTMC", "UTMCO"}),
        ([(102,)], {"H1", "HO1", "Q1", "QE1", "UTMC", "UTMCO"}),
        ([(152,), (252, 202)], {"H1", "HT1", "H2", "HO1", "HTO1", "Q1", "Q2", "QTB", "UTMC", "UTMCO"}),
        ([(110,), (310,)], {"H1", "H2", "HO1", "Q1", "Q2", "QX", "QTB", "Q02", "Q02EX", "UTMC", "UTMCO"}),
        ([(210, 260), (410, 460)], {"H1", "H2", "HT1", "HT2", "HO1", "HTO1", "Q1", "Q2", "QX", "QTB", "Q13", "Q13EX"}
         | {"UTMC", "UTMCO"}),
        ([(210,)], {"H1", "HO1", "Q1", "QE2", "UTMC", "UTMCO"}),
        ([(310,)], {"H1", "HO1", "Q1", "QE3", "UTMC", "UTMCO"}),
        ([(410,)], {"H1", "HO1", "Q1", "QE4", "UTMC", "UTMCO"}),
        ([(210,), (310,)], {"H1", "H2", "HO1", "Q1", "Q2", "UTMC", "UTMCO"}),
        ([(110,), (410,)], {"H1", "H2", "HO1", "Q1", "Q2", "UTMC", "UTMCO"}),
        ([(101,), (201,), (301,), (401,), (110,)], {"H1", "H2", "HO1", "Q1", "Q2", "QX", "QTB", "Q02", "Q13", "Q4"}
         | {"UTMCO"}),
        ([(110,), (111,), (112,), (113,), (114,)], {"H1", "H2", "HO1", "Q1", "QE1"}),
    ],
)  # fmt: skip
def test_condition_bits_of_hand_made_clusters(tiles, wanted):
    names = CONDITIONS["chod"]
    found = set()
    for part in (names[:16], names[16:]):  # 21 conditions do not fit into 16 bits at once
        bits = {name: i for i, name in enumerate(part)}
        masks = [{"name": name, "bit": i, "require": [f"chod.{name}"]} for name, i in bits.items()]
        hits = [(1000, channel) for channels in tiles for channel in channels]
        _, counters = run_whole({"chod": hits}, config(masks, inputs={"chod": {"bits": bits}}))
        found |= {name for name in part if counters.masks[name].generated}
    assert found == wanted


def test_flags_and_types_have_the_published_widths():
    setup = L0Setup.from_config(L0Config())
    found = step(new_burst(setup), HitBatch(END_OF_BURST, {name: empty_block(name) for name in DETECTORS}), setup)
    assert (found.time.dtype, found.flags.dtype, found.trigger_type.dtype) == (np.int64, np.uint16, np.uint8)
