"""Journals that were cut off by a death of the source: what is said of them does not tell what is in them."""

from __future__ import annotations

import os
import stat

import pytest

from daq.errors import RecordingError
from daq.frame import encode_frame
from daq.recording import Journal, RecordedBurst
from streaming.services.producer import torn_eob
from streaming.services.source import recover
from tests.noninterference.compare import same
from tests.noninterference.contents import content
from tests.noninterference.place import RESTRICTED, Observed, tree, watched
from tests.noninterference.streams import header_of
from tests.strategies import make_frame
from tests.strategies_wire import sob_record

FILLINGS = ("reject", "candidate", "crowded", "long")


def torn(folder, family: str) -> Observed:
    """What everybody sees of the recovery of a journal of two frames, the second one cut off."""
    journal = Journal(folder, sob_record())
    for number in range(2):
        events = [content(family, i) | header_of(i, number) for i in range(3)]
        journal.append(encode_frame(make_frame(events)), len(events))
    os.truncate(journal.path, journal.path.stat().st_size - 100)
    with watched(folder) as seen:
        for path in recover(folder):
            recorded = RecordedBurst(path)
            recorded.close_torn(torn_eob(recorded))
            recorded.close()
    os.close(journal._fd)
    return seen | tree(folder)


@pytest.fixture(autouse=True)
def open_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("family", FILLINGS[1:])
def test_a_torn_journal_says_the_same_whatever_is_in_it(family, tmp_path):
    one, two = (torn(tmp_path / name, name) for name in (FILLINGS[0], family))
    assert b"torn, 1 whole frames kept" in one["log"]
    assert any(name.endswith(".torn") for name in one)
    same(one, two)


def test_no_file_with_events_in_clear_can_be_read_by_all(tmp_path):
    torn(tmp_path, "candidate")
    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("burst-*")}
    assert set(modes) <= set(RESTRICTED) and set(modes.values()) == {0o640}


def test_a_cut_recording_does_not_tell_how_long_its_frames_are(tmp_path):
    texts = set()
    for family in FILLINGS:
        journal = Journal(tmp_path / family, sob_record())
        journal.append(encode_frame(make_frame([content(family, 1)])), 1)
        recorded = RecordedBurst(journal.path)
        os.truncate(journal.path, 100)
        with pytest.raises(RecordingError) as caught:
            recorded.frame(0)
        texts.add(str(caught.value).replace(str(tmp_path / family), "PLACE"))
        recorded.close()
        os.close(journal._fd)
    assert len(texts) == 1
