"""Configuration: what is shown loads back, what is unknown is named, what is out of bounds is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.config import Config, load_config, render_config
from daq.errors import ConfigError


def test_what_is_shown_loads_back(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(render_config(Config()))
    assert load_config(path) == Config()


def test_assumptions_are_marked():
    text = render_config(Config())
    assert "assumed: protons on target per spill" in text
    assert "flat-top extraction [s]. Source: arXiv:2312.17188" in text


@pytest.mark.parametrize(
    ("toml", "key", "nearest"),
    [
        ("[streamming]\nworkerz = 3", "streamming", "streaming"),
        ("[beam]\npot_per_spil = 1.0", "beam.pot_per_spil", "beam.pot_per_spill"),
        ("[beem]\nx = 1", "beem", "beam"),
        ("[gate]\nguard_zm = 1", "gate.guard_zm", "gate.guard_z_m"),
    ],
)
def test_an_unknown_key_is_refused_and_the_nearest_named(tmp_path, toml, key, nearest):
    path = tmp_path / "c.toml"
    path.write_text(toml)
    with pytest.raises(ConfigError, match=f"unknown key '{key}'; nearest known key is '{nearest}'"):
        load_config(path)


def test_all_faults_come_in_one_message(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("[beam]\npot_per_spill = -1\nspill_seconds = 'long'\nxx = 1")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert str(error.value).count("\n") == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[beam", b"a = = 1"])
def test_unreadable_files_are_one_clear_error(tmp_path, content):
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"cannot be read|not TOML"):
        load_config(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "nowhere.toml")


def test_not_a_number_is_refused(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("[beam]\npot_per_spill = nan")
    with pytest.raises(ConfigError, match="finite"):
        load_config(path)


@given(st.floats(1e9, 1e13))
def test_the_digest_follows_physics_and_nothing_else(pot):
    plain = Config()
    other = plain.model_copy(update={"beam": plain.beam.model_copy(update={"pot_per_spill": pot})})
    assert (other.digest() == plain.digest()) == (pot == plain.beam.pot_per_spill)
    moved = plain.model_copy(update={"paths": plain.paths.model_copy(update={"runtime": "/elsewhere"})})
    assert moved.digest() == plain.digest()
    guarded = plain.model_copy(update={"gate": plain.gate.model_copy(update={"guard_z_m": pot})})
    assert guarded.mask_digest() != plain.mask_digest()
    assert other.mask_digest() == plain.mask_digest()


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("[regions.mumu_sr]\nz_min_m = 6000\nz_max_m = 40\ncda_max_mm = 20\n", "regions.mumu_sr.z_min_m"),
        ("[regions.hadron_sr]\nz_centre_m = 23\nz_half_m = 23000\ncda_half_mm = 40\n", "regions.hadron_sr.z_half_m"),
        ("[regions.mumu_cr]\nz_min_m = -4\nz_max_m = 50\ncda_max_mm = 150000\n", "regions.mumu_cr.cda_max_mm"),
        ("[gate]\nks_half_width_gev = 8.0\n", "gate.ks_half_width_gev"),
    ],
)
def test_a_limit_in_another_unit_is_refused(table, line, tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(table)
    with pytest.raises(ConfigError, match=line):
        load_config(path)
