"""Several chains side by side, each with another filling of the same bursts: nobody may tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.noninterference import verbs
from tests.noninterference.compare import same
from tests.noninterference.place import Keys, Observed, Place
from tests.noninterference.seam import sealed_world
from tests.noninterference.streams import Burst

LOOKS: dict[str, Callable[[Place, verbs.Desk, int], Observed]] = {
    "desk": lambda _, desk, number: desk.look(number),
    "commands": lambda place, *_: verbs.commands(place),
    "export": lambda place, *_: verbs.export(place),
    "moved": lambda place, _, number: verbs.moved(place, number),
    "union": lambda place, _, number: verbs.union(place, number),
    "tables": lambda place, _, number: verbs.tables(place, number),
}
"""What reads a ledger or recordings."""


class World:
    """Chains that see low-equivalent streams. After a leak they are made anew."""

    def __init__(self, folder: Path, keys: Keys, n_places: int) -> None:
        self._folder, self._keys, self._n = folder, keys, n_places
        self.places: list[Place] = []
        self._desks: dict[Place, verbs.Desk] = {}
        self._number = self._made = 0
        self.n_pairs = self.n_looked_at = 0

    def check(self, burst: Burst, looks: Sequence[str] = ()) -> None:
        """Take in all fillings of a burst, count the recordings again, and compare everything.

        looks : names of `LOOKS` that look at the ledgers then; `finish` does at the end

        Raises
        ------
        Leak
            Two of them can be told apart.
        """
        if len(burst.slots) != self._n or not burst.is_low_equivalent:
            msg = "the fillings of a burst are not low-equivalent: the test is wrong"
            raise ValueError(msg)
        self._prepare()
        try:
            self._compare(burst, looks)
        except BaseException:
            self.close()
            raise
        self.n_pairs += self._n - 1

    def _compare(self, burst: Burst, looks: Sequence[str]) -> None:
        taken = [place.live(burst, filling, self._number) for filling, place in enumerate(self.places)]
        for seen in taken[1:]:
            same(taken[0], seen)
        # the public recordings have the same bytes: what is made of one of them is made of all
        counted = [verbs.replay(place, self._number, public=place is self.places[0]) for place in self.places]
        replays_agree(counted[0])
        of_clear = [{name: said for name, said in seen.items() if "public" not in name} for seen in counted]
        for seen in of_clear[1:]:
            same(of_clear[0], seen)
        self._look(looks)

    def finish(self) -> None:
        """Let everything that reads look at the ledgers with all bursts that were taken in.

        Raises
        ------
        Leak
            As `check`.
        """
        self._look(tuple(LOOKS))
        self.n_looked_at += self._number * (self._n - 1)

    def _look(self, looks: Sequence[str]) -> None:
        for name in looks:
            looked = [LOOKS[name](place, self._desk(place), self._number) for place in self.places]
            for seen in looked[1:]:
                same(looked[0], seen)

    def _desk(self, place: Place) -> verbs.Desk:
        if place not in self._desks:
            self._desks[place] = verbs.Desk(place)
        return self._desks[place]

    def _prepare(self) -> None:
        if not self.places:
            self._made += 1
            self._number = 0
            self.places = [Place(self._folder / f"{self._made}-{i}", self._keys) for i in range(self._n)]
        self._number += 1

    def close(self) -> None:
        """Remove all chains."""
        for desk in self._desks.values():
            desk.close()
        for place in self.places:
            place.close()
        self.places, self._desks = [], {}


def replays_agree(seen: Observed) -> None:
    """The public recording gives the numbers and the events of the clear one, where there is one."""
    public, clear = (
        {name.replace(kind, ""): said for name, said in seen.items() if kind in name} for kind in ("public", "clear")
    )
    if public["replay  row"] != b"no recording":
        same(public, clear)


@contextmanager
def world(folder: Path, keys: Keys, n_places: int = 2) -> Iterator[World]:
    """Chains under the determinism seam."""
    with sealed_world():
        made = World(folder, keys, n_places)
        try:
            yield made
        finally:
            made.close()
