"""Where recordings lie: local files and fsspec URLs; a copy is private and does not stay."""

import shutil
import stat
import zipfile

import fsspec
import pytest

from daq.errors import ConfigError, RecordingError
from offline.replay.burst import count_burst
from offline.replay.place import at_hand, find_places, identity, key_of_place, manifest_of
from offline.replay.start import recordings
from offline.replay.work import Work
from tests.offline.recorded import CONFIG, record, record_many


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    return root, record_many(root, 2)


@pytest.fixture
def in_memory(run):
    fs = fsspec.filesystem("memory")
    fs.put(str(run[0]) + "/", "/rec", recursive=True)
    yield "memory://rec"
    fs.rm("/rec", recursive=True)


def zipped(root, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in root.rglob("burst-*"):
            archive.write(file, file.relative_to(root))
    return f"zip://::file://{path}"


def test_the_same_bursts_are_found_wherever_they_lie(run, in_memory, tmp_path):
    root, paths = run
    assert find_places(str(root)) == find_places(f"file://{root}") == [str(path) for path in paths]
    for url in (in_memory, zipped(root, tmp_path / "rec.zip")):
        places = find_places(url)
        assert [key_of_place(place) for place in places] == [(1, 1), (1, 2)]
        for place, path in zip(places, paths, strict=True):
            assert manifest_of(place) == manifest_of(str(path))
            assert count_burst(place, Work.of(CONFIG)).pack() == count_burst(str(path), Work.of(CONFIG)).pack()


def test_a_copy_is_for_this_user_alone_and_does_not_stay(run, in_memory):
    place = find_places(in_memory)[0]
    with at_hand(place) as path:
        assert path.read_bytes() == run[1][0].read_bytes()
        assert path.with_suffix(".json").exists()
        assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert not path.parent.parent.exists()
    with at_hand(str(run[1][0])) as path:
        assert path == run[1][0]  # nothing is copied that is here


def test_messages_name_the_place_and_no_copy(in_memory):
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/rec/run-000001/burst-000001.json", b"{")
    with pytest.raises(RecordingError) as caught:
        count_burst(find_places(in_memory)[0], Work.of(CONFIG))
    assert "memory://" in str(caught.value) and "dumpwatch-copy" not in str(caught.value)


@pytest.mark.parametrize("remote", [False, True])
def test_a_recording_that_changes_is_another_one(run, tmp_path, remote):
    root = tmp_path / "rec"
    shutil.copytree(run[0], root)
    place = find_places(str(root))[0]
    if remote:
        fs = fsspec.filesystem("memory")
        fs.put(str(root) + "/", "/changing", recursive=True)
        place = find_places("memory://changing")[0]
    before = identity(place)
    assert identity(place) == before
    manifest = place.removeprefix("memory://").replace(".arrows", ".json")
    if remote:
        fs.pipe_file(manifest, b"{}")
    else:
        (root / "run-000001" / "burst-000001.json").write_text("{}")
    changed = identity(place)
    assert changed != before
    if remote:
        fs.rm("/changing", recursive=True)
    else:
        shutil.rmtree(root)
    with pytest.raises(RecordingError, match="cannot be read"):
        identity(place)


def test_places_that_hold_nothing_or_cannot_be_opened(tmp_path):
    with pytest.raises(ConfigError, match="none found"):
        find_places(str(tmp_path))
    with pytest.raises(ConfigError, match="none found"):
        find_places("memory://nowhere")
    with pytest.raises(ConfigError, match="nothing here opens such a URL"):
        find_places("nosuch://bucket/rec")
    with pytest.raises(RecordingError, match="cannot be read"):
        find_places(f"zip://::file://{tmp_path}/none.zip")
    (tmp_path / "run-000001").mkdir()
    (tmp_path / "run-000001" / "burst-000001.arrows.part").write_bytes(b"")
    with pytest.raises(ConfigError, match="1 unfinished journals"):
        find_places(str(tmp_path))


def test_two_recordings_of_one_burst_are_refused_by_name(tmp_path):
    first, second = record(tmp_path / "a"), record(tmp_path / "b")
    with pytest.raises(RecordingError) as caught:
        recordings([str(tmp_path / "a"), str(tmp_path / "b")])
    for word in (str(first), str(second), "run 1 burst 1", "give one of them"):
        assert word in str(caught.value)
    assert recordings([str(first), str(tmp_path / "a")]) == {(1, 1): str(first)}
