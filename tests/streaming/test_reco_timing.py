"""Track times: CHOD tiles and PMTs, NA48-CHOD slabs, their windows."""

from __future__ import annotations

import numpy as np
import pytest

from daq.geometry.chod import chod_geometry
from daq.geometry.field import no_field
from streaming.reco.extrapolation import extrapolate, plane_table
from streaming.reco.pairs import find_pairs
from streaming.reco.timing import track_times
from tests.reference.selection_slow import impact
from tests.strategies import chod_hits, event_of, make_frame, slab
from tests.streaming.judge import CUTS, change, cuts_with, found
from tests.streaming.test_reco_cuts import at_times


def test_chod_window():
    for chod, wanted in ((9.99, True), (10.01, False)):
        assert (found(at_times(4.5, chod=chod), cuts_with(na48chod_window_ns=6.0)) is not None) == wanted


def test_na48chod_window():
    """The slab's time counts within 5 ns of the CHOD time; beyond, the CHOD time does."""
    event = change(event_of(), "chod", time=-5.5)
    assert found(change(event, "na48chod", time=-0.51))
    assert found(change(event, "na48chod", time=-0.49)) is None


def test_chod_margin():
    """The first track's impact point is moved out of its tile's brick by 19.9 or 20.1 mm of tolerance."""
    event = event_of()
    event["na48chod"] = []
    x = impact_x(event, "chod")
    assert found(event, cuts_with(chod_margin_mm=x + 0.1))
    assert found(event, cuts_with(chod_margin_mm=x - 0.1)) is None


def impact_x(event, detector):
    """Move the first CHOD hits one tile column away and return the distance of the impact point from that tile."""
    x, y = impact(event["straw"][0], 238131.5, CUTS)
    geometry = chod_geometry()
    own = [int(i) for i in np.flatnonzero(geometry.tile_id == event[detector][0]["id"])]
    best = None
    for tile in range(152):
        for low_x, high_x, low_y, high_y in geometry.bricks[tile]:
            if tile not in own and low_y <= y <= high_y:
                d = max(low_x - x, x - high_x)
                best = min(best, (d, tile)) if best else (d, tile)
    change(event, detector, id=int(geometry.tile_id[best[1]]))
    return best[0]


def test_chod_time_is_the_mean_of_the_two_pmts():
    for second, wanted in ((5.9, True), (6.1, False)):
        event = event_of() | {"na48chod": []}
        event["chod"][0]["time"], event["chod"][1]["time"] = 4.0, second
        assert (found(event) is not None) == wanted
        assert found(event, cuts_with(chod_pmt_window_ns=1.5)) is not None


def test_chod_hit_nearest_to_the_trigger_is_taken():
    event = event_of() | {"na48chod": []}
    own = event["chod"][0]["id"]
    event["chod"] = [*({"time": t, "id": own} for t in (7.0, 1.0, -6.0)), *event["chod"][2:]]
    assert found(event)


def times_of(hits, x, y):
    """Time of a stiff track at (x, y), with another far away at (-x, -y), when the CHOD says 0."""
    track = {"x": x, "y": y, "tx": 0.0, "ty": 0.0, "p": 1e6, "charge": 1, "chi2": 1.0, "chambers": 4}
    frame = make_frame([{"straw": [track, dict(track, x=-x, y=-y)], "chod": chod_hits(x, y, 0.0), "na48chod": hits}])
    pairs = find_pairs(frame, 4)
    xy, _ = extrapolate(pairs.state, plane_table(CUTS, no_field()))
    times = track_times(pairs, xy, frame.detectors["chod"], frame.detectors["na48chod"], CUTS)
    assert np.isnan(times[1])
    return times[0]


@pytest.mark.parametrize(("x", "y"), [(300, 700), (300, -700), (-300, -700), (-300, 700)])
def test_slab_at_the_impact_point_gives_the_time(x, y):
    both = [{"time": 1.0, "id": slab(0, x, y)}, {"time": 2.0, "id": slab(1, x, y)}]
    assert times_of(both, x, y) == 1.5
    assert [times_of([hit], x, y) for hit in both] == [1.0, 2.0]
    wrong = [slab(plane, *point) for plane in (0, 1) for point in ((x, -y), (-x, y), (-x, -y))]
    wrong += [slab(0, x + 210 * np.sign(x), y), slab(1, x, y - 210 * np.sign(y))]
    assert [times_of([{"time": 1.0, "id": i}], x, y) for i in wrong] == [0.0] * 8


def test_slab_nearest_to_the_chod_time_is_taken():
    hits = [{"time": t, "id": slab(0, 300, 700)} for t in (4.0, -1.0, 3.0)]
    assert times_of(hits, 300, 700) == -1.0
