"""Bad input is refused before the first spill, by its key, or it does no harm."""

import math
import re
import warnings
from itertools import chain

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from daq.config import load_config
from daq.config.beam import B2Config, BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.processes import ProcessesConfig
from daq.config.signal import SignalConfig
from daq.errors import ConfigError, DumpwatchError
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode

BASE = {
    "beam": BeamConfig(spill_seconds=0.1, pot_per_spill=2e8),
    "detector": DetectorConfig(),
    "processes": ProcessesConfig(),
    "signal": SignalConfig(injection={"enabled": True, "mass_gev": 0.3, "yield_factor": 1e6}),
}
NASTY = (math.nan, math.inf, -1e9, 1e300)
"""Refused for every number of every section."""


def numbers_of(model, path=()):
    """(path, place in a tuple or None, value) of every number of a section."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from numbers_of(value, (*path, name))
        elif isinstance(value, tuple):
            yield from (((*path, name), i, value) for i, x in enumerate(value) if isinstance(x, int | float))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (*path, name), None, value


def changed(section, path, place, old, new):
    tree = BASE[section].model_dump()
    node = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = new if place is None else tuple(new if i == place else x for i, x in enumerate(old))
    return type(BASE[section]).model_validate(tree)


def source(**sections):
    config = BASE | sections
    return EmulatedDetector(config["beam"], config["detector"], 1, config["processes"], config["signal"])


EVERY = [(section, *number) for section, model in BASE.items() for number in numbers_of(model)]


def test_every_number_of_the_configuration_has_bounds():
    """164 numbers: not a number, infinite, far too small, far too large."""
    assert len(EVERY) > 150
    open_ended = []
    for section, path, place, old in EVERY:
        for new in NASTY:
            try:
                changed(section, path, place, old, new)
            except ValidationError as error:
                assert path[-1] in str(error) or path[-2] in str(error)
            else:
                open_ended.append((section, ".".join(path), place, new))
    assert open_ended == []


EDGES = [
    ("detector", ("muv3", "scattering_mm_gev")),
    ("detector", ("straw", "tail_factor")),
    ("detector", ("straw", "slope_rad")),
    ("detector", ("filler", "chod_spread_mm")),
    ("detector", ("filler", "lkr_spread_mm")),
    ("detector", ("calorimeter", "lkr_noise_gev")),
    ("processes", ("k_short", "divergence_rad")),
    ("signal", ("brems", "max_pt_gev")),
    ("signal", ("injection", "mass_gev")),
    ("signal", ("injection", "coupling")),
    ("signal", ("depth_mm",)),
    ("beam", ("b2", "shape")),
    ("beam", ("b2", "minimum")),
]


@pytest.mark.parametrize(("section", "path"), EDGES)
def test_a_number_on_its_bounds_makes_a_burst_or_is_refused_at_the_start(section, path):
    model = BASE[section]
    for key in path[:-1]:
        model = getattr(model, key)
    field = type(model).model_fields[path[-1]]
    bounds = [getattr(m, name) for m in field.metadata for name in ("ge", "le") if hasattr(m, name)]
    assert bounds
    old = getattr(model, path[-1])
    for bound in bounds:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                made = source(**{section: changed(section, path, None, old, bound)})
            except (ConfigError, ValidationError):
                continue
            if sum(made.burst(0).mean_arrivals(a) for a in made.components) > 1e6:
                continue
            for batch in made.burst(0).slices():
                fields = chain.from_iterable(block.fields.values() for block in batch.blocks.values())
                assert all(np.all(np.isfinite(values)) for values in fields if values.dtype.kind == "f")


@pytest.mark.parametrize(
    ("section", "key", "value", "reason"),
    [
        ("detector", "halo", {"origin_z_mm": (100e3, 95e3)}, "halo.origin_z_mm: wanted low < high"),
        ("detector", "halo", {"origin_z_mm": (100e3, 190e3)}, "halo enters before the STRAW"),
        ("detector", "halo", {"soft_momentum_gev": (10.0, 3.5)}, "halo.soft_momentum_gev: wanted low < high"),
        ("detector", "calorimeter", {"lkr_mip_gev": (0.45, -0.05)}, "lkr_mip_gev.1"),
        ("detector", "calorimeter", {"lkr_radiation": (1.5, 0.4)}, "lkr_radiation.0"),
        ("detector", "calorimeter", {"hadron_range": (0.95, 0.1)}, "calorimeter.hadron_range: wanted low < high"),
        ("detector", "calorimeter", {"hadron_shape": (0.0, 2.0)}, "hadron_shape.0"),
        ("detector", "veto", {"anti0_hole_mm": 2000.0}, "anti0_hole_mm and anti0_outer_mm: wanted low < high"),
        ("detector", "straw", {"efficiency": 0.0}, "efficiency"),
        ("processes", "k_plus", {"z_mm": (180e3, 105e3)}, "k_plus.z_mm: wanted low < high"),
        ("processes", "k_plus", {"z_mm": (105e3, 190e3)}, "inside the spectrometer, are not emulated"),
        ("processes", "k_plus", {"momentum_gev": (-75.0, 14.0)}, "momentum_gev.0"),
        ("processes", "k_plus", {"branching_3pi": 0.9, "branching_ke4": 0.2}, "add up to more than 1"),
        ("processes", "k_short", {"z_mm": (101e3, 101e3)}, "k_short.z_mm: wanted low < high"),
        ("processes", "upstream", {"parent_gev": (75.0, -14.0)}, "parent_gev.1"),
        ("processes", "prompt_mumu", {"selected_per_pot": -1e-15}, "selected_per_pot"),
        ("processes", "prompt_mumu", {"lav_survival": 1.5}, "lav_survival"),
        ("processes", "prompt_ee", {"interaction": {"transfer": (1e-9, 0.9)}}, "density 1/transfer has no end at 0"),
        ("signal", "spot_mm", (-4.7, 3.2), "spot_mm.0"),
        ("signal", "decay_z_mm", (180e3, 102e3), "decay_z_mm: wanted 30000 < low < high"),
    ],
)  # fmt: skip
def test_unphysical_values_are_refused_with_their_key(section, key, value, reason):
    with pytest.raises(ValidationError, match=re.escape(reason)):
        type(BASE[section])(**{key: value})


def test_the_file_and_the_key_are_named(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[detector.calorimeter]\nlkr_mip_gev = [0.45, -0.05]\n[beam.b2]\ntable = [[-300, 1], [900, 2]]\n")
    with pytest.raises(ConfigError) as refusal:
        load_config(path)
    lines = str(refusal.value).splitlines()
    assert len(lines) == 2 and all(line.startswith(f"configuration {path}, line ") for line in lines)
    assert any(
        "detector.calorimeter.lkr_mip_gev.1: Input should be greater than or equal to 0, got -0.05" in x for x in lines
    )
    assert any("beam.b2: Value error, b2.table: no row between -300.0 and 900.0 A" in x for x in lines)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (((-500, 0.5), (-250, 0.25), (300, 0.75)), "no row between -250.0 and 300.0 A, wanted one every 500.0 A"),
        (((-500, 0.5), (-250, math.nan), (0, 0.75)), "finite"),
        (((-500, 0.5), (-250, -0.25), (0, 0.75)), "factors must be positive"),
        (((-500, 0.5), (-250, 0.0), (0, 0.75)), "factors must be positive"),
        (((-250, 0.5), (-500, 0.25)), "currents must ascend"),
        (((-250, 0.5),), "at least two"),
        (((-2400, 0.5), (-2100, 0.25)), "wanted currents to 2000 A"),
        (((-500, 0.5), (-250, 1e6)), "factors to 100"),
        (((-500, 0.5, 1.0), (-250, 0.25, 1.0)), "table.0"),
    ],
)
def test_b2_tables_with_gaps_and_wrong_rows_are_refused(table, reason):
    with pytest.raises(ValidationError, match=re.escape(reason)):
        B2Config(table=table)


def test_a_gap_can_be_meant_and_a_table_must_cover_the_working_point():
    assert B2Config(table=((-500, 0.5), (300, 0.75)), table_step_a=800.0).table
    with pytest.raises(ConfigError, match=r"beam\.b2\.table: covers -200\.0 to 200\.0 A, got a current of -250\.0 A"):
        source(beam=BeamConfig(b2=B2Config(table=((-200, 0.5), (200, 0.75)))))


@pytest.mark.parametrize(
    ("channels", "reason"),
    [
        ({"dead": [["chod", 139]]}, "chod has no channel 139; the nearest one is 138"),
        ({"noisy": [["muv3", 65, 10.0]]}, "muv3 has no channel 65"),
        ({"dead": [["lav", 13]]}, "lav has no channel 13; the nearest one is 12"),
    ],
)
@pytest.mark.parametrize("mode", [RunMode.BEAM, RunMode.TWO_TRACK])
def test_channels_that_do_not_exist_are_refused_before_the_first_burst(channels, reason, mode):
    with pytest.raises(ConfigError, match=re.escape(reason)):
        EmulatedDetector(BASE["beam"], DetectorConfig(channels=channels), 1, mode=mode)


@pytest.mark.parametrize("mode", [mode for mode in RunMode if mode is not RunMode.BEAM])
def test_a_scenario_in_another_mode_than_beam_is_refused(mode):
    with pytest.raises(
        DumpwatchError, match=f"--mode {mode} with --scenario halo-x2: a scenario is of beam; leave one"
    ):
        RunMode.named(mode.value, "halo-x2")


@pytest.mark.parametrize("mode", [RunMode.BEAM, RunMode.SIGNAL])
def test_a_signal_too_light_for_its_final_state_is_refused_before_the_first_burst(mode):
    signal = SignalConfig(injection={"enabled": True, "mass_gev": 0.5, "final_state": "pipieta"})
    with pytest.raises(
        ConfigError, match=r"signal\.injection: 0\.5 GeV cannot decay to pipieta, 0\.8270 GeV; wanted a heavier"
    ):
        EmulatedDetector(BASE["beam"], BASE["detector"], 1, BASE["processes"], signal, mode)
