"""When a number of protons will be reached, at the pace of the last days; silent where that would be a guess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import sqrt

from daq.units import POT_RELATIVE_ERROR
from monitor.spill import Public, pot_error

MIN_DAYS = 2
"""A pace with an error needs two days at least."""

MAX_AHEAD_DAYS = 3650
"""A date further ahead than this is not a projection but a sign that the beam is off."""


class Projection(Public):
    """Protons so far against a goal, and the day on which it will be reached."""

    goal: float
    pot: int
    pot_error: int
    """20 %, fully correlated."""
    fraction: float
    n_days: int
    """Whole days that the pace is taken from, those without beam included."""
    pot_per_day: float | None
    pot_per_day_error: float | None
    """From the scatter of the days; the 20 % is not in it."""
    date: str | None
    earliest: str | None
    latest: str | None
    """Day if the pace were higher or lower by its error; `latest` is None when the pace could be zero."""
    earliest_scale: str | None
    latest_scale: str | None
    """Day if all protons were 20 % more, or less, than the monitor says."""
    reason: str | None
    """Why there is no date."""


def project(pot_of_day: Mapping[str, int], goal: float, today: str, n_days: int) -> Projection:
    """Project the day on which a goal is reached.

    Parameters
    ----------
    pot_of_day : protons of good spills by UTC day, YYYY-MM-DD; other keys (`unknown`) add to the sum only
    goal : protons wanted
    today : UTC day, not over yet, so it adds to the sum but not to the pace
    n_days : the pace is the mean over so many whole days before today
    """
    pot = sum(pot_of_day.values())
    pace = _pace(pot_of_day, today, n_days)
    blank = dict.fromkeys(("date", "earliest", "latest", "earliest_scale", "latest_scale"))
    plain = {
        "goal": goal,
        "pot": pot,
        "pot_error": pot_error(pot),
        "fraction": pot / goal,
        "n_days": len(pace),
        "pot_per_day": None,
        "pot_per_day_error": None,
    }
    if len(pace) < MIN_DAYS:
        why = f"{len(pace)} whole days with data, wanted {MIN_DAYS} or more"
        return Projection(**plain, **blank, reason="reached" if pot >= goal else why)
    mean = sum(pace) / len(pace)
    error = sqrt(sum((n - mean) ** 2 for n in pace) / (len(pace) - 1) / len(pace))
    plain |= {"pot_per_day": mean, "pot_per_day_error": error}
    if pot >= goal:
        return Projection(**plain, **blank, reason="reached")
    when = _day_of(goal, pot, mean, today)
    if when is None:
        return Projection(**plain, **blank, reason=f"no beam to speak of in the last {len(pace)} days")
    low, high = 1 - POT_RELATIVE_ERROR, 1 + POT_RELATIVE_ERROR
    return Projection(
        **plain,
        date=when,
        earliest=_day_of(goal, pot, mean + error, today),
        latest=_day_of(goal, pot, mean - error, today),
        earliest_scale=_day_of(goal, pot * high, mean * high, today),
        latest_scale=_day_of(goal, pot * low, mean * low, today),
        reason=None,
    )


def _pace(pot_of_day: Mapping[str, int], today: str, n_days: int) -> list[int]:
    """Protons of each whole day before today, from the first day with data on, at most `n_days`."""
    days = sorted(day for day in pot_of_day if day[:1].isdigit())
    if not days:
        return []
    last = date.fromisoformat(today) - timedelta(days=1)
    first = max(date.fromisoformat(days[0]), last - timedelta(days=n_days - 1))
    return [pot_of_day.get(str(first + timedelta(days=i)), 0) for i in range((last - first).days + 1)]


def _day_of(goal: float, pot: float, per_day: float, today: str) -> str | None:
    ahead = (goal - pot) / per_day if per_day > 0 else float("inf")
    return str(date.fromisoformat(today) + timedelta(days=max(ahead, 0.0))) if ahead <= MAX_AHEAD_DAYS else None
