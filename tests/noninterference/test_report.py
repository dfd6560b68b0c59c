"""`dumpwatch analyse`: recordings that differ only in what is hidden give the same report, byte for byte."""

from __future__ import annotations

import shutil

from tests.noninterference.compare import same
from tests.noninterference.contents import HIDDEN
from tests.noninterference.place import Observed, Place, tree
from tests.noninterference.streams import Burst, header_of
from tests.noninterference.verbs import run
from tests.noninterference.world import world

FAMILIES = [name for name in HIDDEN if name not in ("breaking", "edge")]
"""A process of its own has no seam to break the analysis, or to put a pair on an edge."""


def burst() -> Burst:
    """Visible pairs and single tracks, and between them every family, or rejected events in its place."""
    fillings: list[list[tuple[str, int]]] = [[], []]
    for i, family in enumerate(FAMILIES):
        for filling in fillings:
            filling += [("shown", i), ("single", i), (family if filling is fillings[1] else "reject", i)]
    headers = tuple(header_of(i, i) for i in range(len(fillings[0])))
    return Burst((len(headers),), headers, tuple(map(tuple, fillings)))


def report(place: Place, kind: str, acceptance) -> Observed:
    """Everything that the analysis of one recording writes.

    acceptance : where emulated samples are kept between two of them
    """
    into = place.folder / "report"
    shutil.rmtree(into, ignore_errors=True)
    if acceptance.exists():
        shutil.copytree(acceptance, into / "acceptance")
    books = ["--ledger", place.url, "--keys", str(place.keys.public), "--config", str(place.keys.file)]
    said = run(["analyse", str(place.recording(kind, 1)), "-o", str(into), "--points", "4", *books], place)
    if not acceptance.exists():
        shutil.copytree(into / "acceptance", acceptance)
    return {"said": said, **tree(into)}


def test_a_report_is_the_same_from_public_and_clear_recordings_whatever_is_masked(keys, tmp_path):
    with world(tmp_path / "w", keys) as chains:
        chains.check(burst())
        one, two = chains.places
        found = [report(one, "public", tmp_path / "acceptance")]
        found += [report(place, "clear", tmp_path / "acceptance") for place in (one, two)]
    assert b"exit 0" in found[0]["said"] and "file report.html" in found[0]
    for other in found[1:]:
        same(found[0], other)
