"""HepMC3 files: read, and refused with line, event and reason. Reading needs the extra pyhepmc."""

import sys

import numpy as np
import pytest

from daq.errors import ConfigError, DataError
from daq.source.particles import Kind
from daq.source.propagation import path_curve, positions
from daq.source.signal.hepmc import read_hepmc

CURVE = path_curve(-1)
HEAD = "HepMC::Version 3.02.06\nHepMC::Asciiv3-START_EVENT_LISTING\nW Default\n"
END = "HepMC::Asciiv3-END_EVENT_LISTING\n"


def event(number, pdg=13, weight=1.0, z=150000.0, pz=30.0):
    return (
        f"E {number} 1 4\nU GEV MM\nW {weight}\n"
        "P 1 0 32 0.0 0.0 60.0 60.001 0.4 4\n"
        f"V -1 0 [1] @ 5.0 6.0 {z} 0.0\n"
        f"P 2 -1 {pdg} 0.1 0.0 {pz} 30.1 0.1056 1\n"
        "P 3 -1 -13 -0.1 0.0 30.0 30.1 0.1056 1\n"
        "P 4 -1 12 0.0 0.0 0.1 0.1 0.0 1\n"
    )


def written(tmp_path, text):
    path = tmp_path / "signal.hepmc"
    path.write_text(text)
    return path


def test_events_become_particles(tmp_path):
    pytest.importorskip("pyhepmc")
    path = written(tmp_path, HEAD + event(0) + event(1, weight=0.25, pdg=-321) + END)
    found = read_hepmc(path, CURVE, spacing_ns=1000.0)
    assert found.weight.tolist() == [1.0, 0.25]
    kinds = {
        (block.kind, int(block.charge[0])): (block, rows)
        for block, rows in zip(found.blocks, found.events, strict=True)
    }
    assert set(kinds) == {(Kind.MUON, -1), (Kind.MUON, 1), (Kind.KAON, -1)}
    plus, rows = kinds[Kind.MUON, 1]
    assert rows.tolist() == [0, 1] and plus.time.tolist() == [0.0, 1000.0]
    assert kinds[Kind.KAON, -1][1].tolist() == [1]
    x, y = positions(plus, CURVE, 150000.0)
    assert x == pytest.approx([5.0, 5.0]) and y == pytest.approx([6.0, 6.0])
    assert plus.p == pytest.approx(np.hypot(0.1, 30.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + event(0) + event(1), r"line 19, event 1: no 'HepMC::Asciiv3-END_EVENT_LISTING'; the file is cut"),
        (HEAD + event(0) + event(1)[:-50], r"line 12, event 1: 3 particles, 4 announced"),
        (HEAD + "E 0 x\n" + END, r"line 4, event 0: 'E 0 x' is no event header"),
        ("hello\n", r"line 1: no 'HepMC::Asciiv3-START"),
        ("", r"line 1: no 'HepMC::Asciiv3-START"),
    ],
)
def test_damaged_text_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_hepmc(written(tmp_path, text), CURVE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEAD + event(0) + event(1, pdg=2212) + END,
            r"line 17, event 1: particle 2212 of status 1; wanted one",
        ),
        (HEAD + event(0, weight=-0.5) + END, r"line 4, event 0: weight -0\.5; wanted 0 or more"),
        (HEAD + event(0, z=200000.0) + END, r"line 9, event 0: vertex at Z = 200000"),
    ],
)
def test_events_that_mean_nothing_here_are_refused(tmp_path, text, message):
    pytest.importorskip("pyhepmc")
    with pytest.raises(DataError, match=message):
        read_hepmc(written(tmp_path, text), CURVE)


def test_missing_file_and_missing_package_are_clear(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_hepmc(tmp_path / "nowhere.hepmc", CURVE)
    monkeypatch.setitem(sys.modules, "pyhepmc", None)
    with pytest.raises(ConfigError, match="need the package pyhepmc, which is not installed"):
        read_hepmc(written(tmp_path, HEAD + event(0) + END), CURVE)
