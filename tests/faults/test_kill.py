"""Short form of the kill campaign: every role, and all of them, killed while spills are running."""

import pytest

from tests.faults.kill_campaign import ROLES, campaign

KILLS = 2


@pytest.mark.parametrize("role", ROLES)
def test_after_kill_9_every_burst_is_booked_once_or_named(role, tmp_path):
    done, found = campaign(role, KILLS, seed=5, folder=tmp_path)
    assert done == KILLS
    assert found.faults == []
    assert found.incomplete <= (KILLS if role in ("source", "all") else 0)
    assert found.complete + found.incomplete >= 3 * KILLS
