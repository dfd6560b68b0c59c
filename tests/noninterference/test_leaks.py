"""Test of the test: a program that leaks in any of the known ways is caught by the same comparison."""

from __future__ import annotations

from contextlib import ExitStack
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings

from tests.noninterference.compare import Leak
from tests.noninterference.mutants import HERE_KEYS, MUTANTS, note_booked
from tests.noninterference.streams import bursts
from tests.noninterference.world import LOOKS, world

EXAMPLES = 40
"""Bursts until a mutant has to be caught; most are by the first few."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_leak_is_caught(name, keys, tmp_path):
    mutant = MUTANTS[name]
    HERE_KEYS[:] = [keys]
    leaks: list[Leak] = []

    with world(tmp_path / "w", keys) as chains, ExitStack() as stack:

        def put(home, what, value):
            stack.enter_context(patch.object(home, what, value))

        note_booked(put)
        mutant.make(put)

        @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], derandomize=True)
        @given(bursts(hidden=mutant.families, first=("reject", "rejected"), eager=True))
        def look_for_it(burst):
            if not leaks:
                try:
                    chains.check(burst, mutant.verbs)
                except Leak as leak:
                    leaks.append(leak)

        look_for_it()
    assert leaks, "the mutant survives"


def test_what_the_mutants_stand_on_leaks_nothing(keys, tmp_path):
    with world(tmp_path / "w", keys) as chains, ExitStack() as stack:
        note_booked(lambda *what: stack.enter_context(patch.object(*what)))

        @settings(max_examples=3, deadline=None, database=None, derandomize=True)
        @given(bursts(first=("reject", "rejected"), eager=True))
        def nobody_can_tell(burst):
            chains.check(burst, tuple(LOOKS))

        nobody_can_tell()


def test_there_are_enough_of_them():
    assert len(MUTANTS) >= 20
    assert len({mutant.row for mutant in MUTANTS.values()}) >= 20
