"""A mask may only grow."""

from __future__ import annotations

import pytest

from daq.config.reco import BoxM, GateConfig, RegionsConfig
from daq.errors import PolicyError
from monitor.sealed import mask_growth
from monitor.sealed.mask_growth import Mask, guard_mask, is_superset, shrunk

OLD = Mask(regions=RegionsConfig(), gate=GateConfig())
SMALLER_BOX = {name: BoxM(z_min_m=-6, z_max_m=53, cda_max_mm=150) for name in ("ee_cr", "hadron_cr")}
FAR_END = {name: BoxM(z_min_m=-7, z_max_m=52, cda_max_mm=150) for name in ("ee_cr", "hadron_cr")}

SMALLER = {
    "z from": {"regions": RegionsConfig(**SMALLER_BOX)},
    "far end only": {"regions": RegionsConfig(**FAR_END)},
    "z to": {"gate": GateConfig(guard_z_m=4.999)},
    "cda": {"gate": GateConfig(guard_cda_mm=29.9)},
    "K_S": {"gate": GateConfig(ks_half_width_gev=0.00799)},
    "same sign": {"gate": GateConfig(open_same_sign=True)},
    "leptons": {"gate": GateConfig(open_ks_leptons=True)},
    "tracks": {"gate": GateConfig(max_tracks=33)},
}
LARGER = {
    "same": {},
    "guard": {"gate": GateConfig(guard_z_m=6.0, guard_cda_mm=30.0)},
    "K_S": {"gate": GateConfig(ks_half_width_gev=0.009)},
    "region": {"regions": RegionsConfig(mumu_cr=BoxM(z_min_m=-20, z_max_m=70, cda_max_mm=400))},
    "tracks": {"gate": GateConfig(max_tracks=8)},
    "inner region": {"regions": RegionsConfig(mumu_sr=BoxM(z_min_m=7, z_max_m=30, cda_max_mm=10))},
}


@pytest.mark.parametrize("change", SMALLER.values(), ids=SMALLER)
def test_a_smaller_mask_is_refused_with_its_bound(tmp_path, change):
    new = OLD.model_copy(update=change)
    assert not is_superset(new, OLD) and shrunk(new, OLD)
    path = tmp_path / "masks.json"
    guard_mask(path, OLD)
    before = path.read_bytes()
    with pytest.raises(PolicyError, match=r"mask: smaller than mask 1 of .*: .*\d|on, was off"):
        guard_mask(path, new)
    assert path.read_bytes() == before


@pytest.mark.parametrize("change", LARGER.values(), ids=LARGER)
def test_a_larger_mask_is_taken_and_then_holds(tmp_path, change):
    path, new = tmp_path / "masks.json", OLD.model_copy(update=change)
    assert is_superset(new, OLD)
    guard_mask(path, OLD)
    guard_mask(path, new)
    if change.keys() and not is_superset(OLD, new):
        with pytest.raises(PolicyError, match="smaller than mask 2"):
            guard_mask(path, OLD)


@pytest.mark.parametrize("change", [SMALLER[n] for n in ("z from", "z to", "cda", "K_S", "same sign", "leptons")])
def test_the_grid_alone_finds_it_as_well(monkeypatch, change):
    """The second look, with the plain formulation of the mask, does not lean on the first."""
    monkeypatch.setattr(mask_growth, "shrunk", lambda *_: [])
    assert not is_superset(OLD.model_copy(update=change), OLD)


def test_what_is_remembered_has_to_be_readable(tmp_path):
    path = tmp_path / "masks.json"
    for text in ("", "{}", '{"schema": "dumpwatch.masks/2", "masks": []}'):
        path.write_text(text)
        with pytest.raises(PolicyError, match="without it no mask can be compared"):
            guard_mask(path, OLD)
