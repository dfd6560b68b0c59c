"""Tables of ALPINIST: its numbers from its own tables, its widths, and our tables in its format."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.config import Config
from daq.errors import ConfigError, DataError
from offline.signal.acceptance import Acceptance
from offline.signal.effort import Effort
from offline.signal.export import ALPINIST_POT, decay_table
from offline.signal.grid import yield_grid
from offline.signal.lifetimes import kstar_over_k
from offline.signal.tables import (
    Contribution,
    DecayTable,
    read_decay_table,
    rescale,
    table_of,
    write_decay_table,
    write_yields,
)
from offline.signal.widths import width_table

DATA = Path(__file__).parents[2] / "data" / "alpinist"
HBAR_GEV_S = 6.582119569e-25
KAONS = ("BmesonK", "BmesonKstar")


def rows_of(name):
    return list(csv.DictReader((DATA / name).read_text().splitlines()))


@pytest.fixture(scope="module")
def tables():
    return [read_decay_table(DATA / f"NA62_{name}_2Mu.dat") for name in KAONS]


def case(row, *names):
    return pytest.param(row, id=" ".join(row[name] for name in names))


@pytest.mark.parametrize("row", [case(r, "m_GeV", "tau_ps") for r in rows_of("na62_btoka_yield_v130.csv")])
def test_yields_of_b_to_k_a_follow_from_the_tables_of_the_tool(tables, row):
    """All with more than 1e-40 events; below, the tool shows the rounding of what it adds before the logarithm."""
    mass, wanted = float(row["m_GeV"]), float(row["N_per_unit_BRprod_times_BRdecay_at_1e18POT"])
    parts = zip(tables, (1.0, kstar_over_k(mass)), strict=True)
    contributions = [Contribution(table, 1.0, branching, 1e-10, 1.0) for table, branching in parts]
    got = rescale(contributions, mass, HBAR_GEV_S / (float(row["tau_ps"]) * 1e-12))
    assert got == pytest.approx(wanted, rel=1e-3, abs=1e-40)


def scalar_branching_of_the_tool(mass):
    """BR(B -> K S), BR(B -> K* S) over sin^2 theta in v1.3.0: our formula with its constants, over (m_b -+ m_s)^2 in
    GeV^2, which is once too often."""
    b, s, top, v = 4.18, 0.093, 173.0, 2.0 * 80.379 / 0.652905
    m_b, m_k, m_kstar = 5.27932, 0.49367, 0.89176
    results = []
    for kaon, quarks in ((m_k, b - s), (m_kstar, b + s)):
        lam = (m_b**2 - (kaon + mass) ** 2) * (m_b**2 - (kaon - mass) ** 2)
        loop = 3.0 * b * top**2 * 0.03978 * 0.99917 / (16.0 * math.pi**2 * v**3 * quarks**2)
        if kaon == m_k:
            form = (m_b**2 - m_k**2) ** 2 * math.sqrt(lam) * (0.330 / (1.0 - mass**2 / 37.46)) ** 2
        else:
            form = lam**1.5 * (1.364 / (1.0 - mass**2 / m_b**2) - 0.990 / (1.0 - mass**2 / 36.78)) ** 2
        results.append(loop**2 / (64.0 * math.pi * m_b**3) * form * 1.638e-12 / HBAR_GEV_S)
    return results


@pytest.mark.parametrize("row", [case(r, "log10_sin2theta") for r in rows_of("ds_nexp_na62_v130_250MeV.csv")])
def test_yields_of_the_dark_scalar_follow_from_the_tables_of_the_tool(tables, row):
    mass, sine2 = float(row["m_GeV"]), 10.0 ** float(row["log10_sin2theta"])
    widths = width_table("scalar", [mass], math.sqrt(sine2))
    muons = float(widths.branching("mumu")[0])
    parts = zip(tables, scalar_branching_of_the_tool(mass), strict=True)
    contributions = [Contribution(table, muons, branching * sine2, 1e-10, 1.0) for table, branching in parts]
    got = rescale(contributions, mass, float(widths.total_gev[0]))
    assert got == pytest.approx(float(row["N_exp_at_1e18POT"]), rel=1e-3)


@pytest.mark.parametrize("row", [case(r, "m_GeV") for r in rows_of("alp_widths_g1e-3.csv")])
def test_widths_of_an_alp_are_those_of_the_tool(row):
    """To 1e-3: its muon mass has one digit less and its alpha is 1/137, which the fourth power of e shows twice."""
    mass = float(row["m_GeV"])
    leptons, photons = (width_table(model, [mass], 1e-3).partial_gev for model in ("alp", "alp_photon"))
    assert leptons["ee"][0] == pytest.approx(float(row["Gamma_2El_gll1e-3perGeV"]), rel=1e-3)
    assert leptons["mumu"][0] == pytest.approx(float(row["Gamma_2Mu_gll1e-3perGeV"]), rel=1e-3, abs=1e-30)
    assert photons["gammagamma"][0] == pytest.approx(float(row["Gamma_2Gamma_ggg1e-3perGeV"]), rel=1e-3)


@pytest.mark.parametrize(("model", "name"), [("photon", "dp_widths_eps1.csv"), ("scalar", "ds_widths_sintheta1.csv")])
def test_life_times_and_branching_fractions_are_those_of_the_tool(model, name):
    rows = rows_of(name)
    table = width_table(model, [float(row["m_GeV"]) for row in rows])
    assert table.ctau_m == pytest.approx([float(row["ctau_m"]) for row in rows], rel=1e-3)
    column = {"photon": "BR_mumu", "scalar": "BR_2Mu"}[model]
    assert table.branching("mumu") == pytest.approx([float(row[column]) for row in rows], rel=1e-3, abs=1e-12)
    assert len(rows) > 100


def rows_in(masses, widths, events):
    return np.column_stack([*(axis.ravel() for axis in np.meshgrid(masses, widths, indexing="ij")), events.ravel()])


def test_the_doubled_mass_of_the_seam_is_taken_once_and_the_border_belongs_to_the_table():
    masses, widths = np.array([0.009, 0.01, 0.010000001, 0.011]), np.geomspace(1e-20, 1e-18, 3)
    events = np.outer([1.0, 2.0, 2.0, 4.0], [1.0, 10.0, 100.0])
    table = table_of(rows_in(masses, widths, events), "seam")
    assert table.masses.tolist() == [0.009, 0.01, 0.011] and table.events.shape == (3, 3)
    assert table.at(0.01, 1e-19) == pytest.approx(20.0)
    assert table.at(0.011, 1e-18) == pytest.approx(400.0) and table.at(0.009, 1e-20) == pytest.approx(1.0)
    # on a line of powers, halfway in the logarithms
    assert table.at(math.sqrt(0.009 * 0.01), 10**-19.5) == pytest.approx(math.sqrt(2.0) * math.sqrt(10.0))
    outside = table.at(np.array([0.008, 0.012, 0.01, 0.01]), np.array([1e-19, 1e-19, 1e-21, 1e-17]))
    assert outside.tolist() == [0.0] * 4


@given(st.floats(0.3, 3.0), st.floats(-3.0, 3.0), st.floats(0.21, 0.79), st.floats(-24.9, -15.1))
def test_a_table_of_powers_is_interpolated_exactly(in_width, in_mass, mass, exponent):
    masses, widths = np.linspace(0.2, 0.8, 7), np.geomspace(1e-25, 1e-15, 21)

    def law(m, w):
        return 1e9 * (m / 0.4) ** in_mass * (w / 1e-20) ** in_width * 1e-3

    wide = DecayTable(masses, widths, law(masses[:, None], widths[None, :]) + 0.0)
    node = float(masses[3])
    assert wide.at(node, 10.0**exponent) == pytest.approx(law(node, 10.0**exponent), rel=1e-6)
    both = np.exp(np.interp(np.log(mass), np.log(masses), np.log(law(masses, 1e-20))))
    assert wide.at(mass, 1e-20) == pytest.approx(both, rel=1e-6)


def test_a_table_of_ours_comes_back_from_its_file_and_gives_the_yields_of_the_grid(tmp_path):
    """One way to the yield is eq. (8) and the other a decay table that is rescaled: at its masses they are one."""
    acceptance = Acceptance(Config(), Effort(selected=200, made=20_000, anchors=0.5))
    masses, widths = [0.25, 0.3, 0.411], np.geomspace(1e-17, 1e-12, 201)
    table = decay_table(acceptance, "brems", "mumu", masses, widths)
    path = tmp_path / "dumpwatch_brems_2Mu.dat"
    write_decay_table(path, table)
    back = read_decay_table(path)
    assert back.events == pytest.approx(table.events, rel=1e-9) and back.events.max() > 0.0
    couplings = np.geomspace(2e-7, 2e-6, 5)
    grid = yield_grid(acceptance.config, "photon", "mumu", masses, couplings, ALPINIST_POT, effort=acceptance.effort)
    for k, mass in enumerate(masses):
        for j, coupling in enumerate(couplings):
            found = width_table("photon", [mass], coupling)
            part = Contribution(back, float(found.branching("mumu")[0]), float(coupling), 1.0, 2.0)
            wanted = grid.by_mode["brems"].value[k, j]
            assert rescale([part], mass, float(found.total_gev[0])) == pytest.approx(wanted, rel=0.01)
    write_yields(tmp_path / "plot.dat", grid.masses, grid.couplings, grid.events)
    rows = np.loadtxt(tmp_path / "plot.dat")
    assert rows.shape == (15, 3) and rows[7, 2] == pytest.approx(grid.events[1, 2])


GOOD = "0.1 1e-20 1\n0.1 1e-19 2\n0.2 1e-20 3\n0.2 1e-19 4\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("0.2 1e-20 3", "0.2 1e-20 nan"), r"line 3: 0.2 1e-20 nan; wanted .* finite"),
        (GOOD.replace("0.2 1e-20 3", "0.2 1e-20 -3"), r"line 3: .* not negative"),
        (GOOD.replace("0.2 1e-20 3", "0.2 0 3"), r"line 3: 0.2 0 3; wanted"),
        (GOOD.replace("0.2 1e-20 3", "0.2 1e-20"), r"line 3: 0.2 1e-20; wanted mass, width and events"),
        (GOOD.replace("0.2 1e-20 3", "0.2 1e-20 three"), r"line 3: could not convert .*three"),
        (GOOD.replace("0.2 1e-20 3\n", ""), r"nothing at mass 0.2 GeV and width 1e-20 GeV"),
        ("# nothing\n", "no row of numbers"),
        ("0.1 1e-20 1\n0.1 1e-19 1\n", "1 masses and 2 widths; wanted 2 or more"),
    ],
)
def test_broken_tables_are_refused_with_their_line(tmp_path, text, message):
    path = tmp_path / "own.dat"
    path.write_text(text)
    with pytest.raises(DataError, match=f"own.dat.*{message}"):
        read_decay_table(path)


def test_comments_and_commas_are_fine_and_nonsense_in_a_rescaling_is_not(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("# made by hand\nm_GeV,Gamma_GeV,N_events\n" + GOOD.replace(" ", ","))
    table = read_decay_table(path)
    assert table.events.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    for bad in ((1.5, 1.0, 1.0), (math.nan, 1.0, 1.0), (0.5, -1.0, 1.0), (0.5, 1.0, 0.0)):
        with pytest.raises(ConfigError, match="signal tables: branching"):
            rescale([Contribution(table, *bad, 2.0)], 0.15, 1e-20)
    with pytest.raises(ConfigError, match=r"nowhere.dat: cannot be read"):
        read_decay_table(tmp_path / "nowhere.dat")
