"""Parts of a replay merge in any order and grouping to the same bytes; nothing is counted twice."""

import functools
import json
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daq.errors import StoreError
from monitor.totals import sum_spills
from offline.replay import collected
from offline.replay.collected import Collected, named
from tests.monitor.synthetic import make_spill

RESULTS = ("identical", "booked", "upgraded", "differs", "not booked", "not compared", "booked before")


def part(bursts: list[int]) -> Collected:
    made = Collected()
    for burst in bursts:
        if burst % 7 == 0:
            made.fail((1, burst), f"/rec/{burst}", "garbage")
        else:
            made.add(make_spill(run=1, burst=burst)[0], RESULTS[burst % 7], "a note" if burst % 3 == 0 else "")
    return made


def everything(made: Collected) -> str:
    partial = bool(made.failed)
    return json.dumps([made.document(partial=partial), made.text(partial=partial), made.complaints()])


@pytest.fixture(autouse=True)
def parts_of_three(monkeypatch):
    """Sums are made from several parts of the rows."""
    monkeypatch.setattr(collected, "AT_A_TIME", 3)


WHOLE = everything(part(list(range(1, 15))))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(1, 15)), st.sets(st.integers(1, 13)), st.booleans())
def test_any_order_and_grouping_gives_the_same_bytes(bursts, cuts, from_the_left):
    edges = [0, *sorted(cuts), 14]
    parts = [part(bursts[a:b]) for a, b in pairwise(edges)]
    if from_the_left:
        merged = functools.reduce(Collected.merge, parts)
    else:
        merged = functools.reduce(lambda right, left: left.merge(right), reversed(parts))
    assert everything(merged) == WHOLE


def test_a_burst_is_in_one_part_only():
    with pytest.raises(StoreError, match="burst 3 is in two parts"):
        part([1, 3]).merge(part([3, 5]))
    with pytest.raises(StoreError, match="burst 7 is in two parts"):
        part([7]).merge(part([7]))
    with pytest.raises(StoreError, match="came back twice"):
        part([2, 2])
    again = part([2, 7])
    again.forget((1, 2))
    again.add(make_spill(run=1, burst=2)[0], "booked")


def test_what_is_said():
    made = part(list(range(1, 9)))
    document = made.document(partial=True)
    assert [spill["burst"] for spill in document["spills"]] == [1, 2, 3, 4, 5, 6, 8]
    assert document["totals"] == sum_spills(list(made.spills())).model_dump(mode="json")
    assert document["run"] == 1 and document["partial"] is True
    assert document["failed"] == [{"run": 1, "burst": 7, "place": "/rec/7", "reason": "garbage"}]
    assert [row["result"] for row in document["verify"]][:2] == ["booked", "upgraded"]
    assert made.is_bad and not part([1, 2]).is_bad
    text = made.text(partial=True)
    assert "run 1 burst 3: differs" in text and "run 1 burst 6" not in text
    total = sum_spills(list(made.spills())).pot
    assert text.splitlines()[-1] == f"PARTIAL: {total:.3g} POT of these spills only"
    assert "PARTIAL" not in made.text(partial=False)
    complaints = made.complaints()
    assert complaints == ["run 1 burst 3, run 1 burst 6: a note", "run 1 burst 7: not counted: garbage"]
    assert named([(1, b) for b in range(1, 10)]) == "run 1 burst 1, run 1 burst 2, run 1 burst 3 and 6 more"
