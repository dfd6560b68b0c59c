"""What level 0 refuses: configurations and slices of hits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from daq.config import Config, load_config, render_config
from daq.config.l0 import L0Config
from daq.errors import ConfigError, DataError
from daq.hits import END_OF_BURST, HitBatch, HitBlock, empty_block
from daq.model import DETECTORS
from l0emu import L0Setup, new_burst, step
from tests.l0emu.streams import block, counts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[l0.inputs.chod.bits]\nH9 = 3", "unknown condition 'H9' of chod; nearest known is 'H"),
        ("[l0.inputs.chod.bits]\nH1 = 3\nH2 = 3", "bit of chod 3 is used twice"),
        ("[l0.inputs.lkr.bits]\nE1 = 16", "condition 'E1' of lkr: bit 16, wanted 0..15"),
        (
            '[[l0.masks]]\nname = "A"\nbit = 0\nrequire = ["chod.Q7"]',
            "mask A: condition 'chod.Q7' is not in the bit map",
        ),
        ('[[l0.masks]]\nname = "A"\nbit = 0\nrequire = ["Q1"]', "nearest known is 'chod.Q1'"),
        ('[[l0.masks]]\nname = "A"\nbit = 16', "l0.masks.0.bit: Input should be less than or equal to 15, got 16"),
        ('[[l0.masks]]\nname = "A"\nbit = 0\ndownscaling = 0', "l0.masks.0.downscaling"),
        ('[[l0.masks]]\nname = "A"\nbit = 0\nrequire = ["chod.Q1"]\nveto = ["chod.Q1"]', "is required and vetoed"),
        ('[[l0.masks]]\nname = "A"\nbit = 0\n[[l0.masks]]\nname = "B"\nbit = 0', "bit 0 is used twice"),
        ('[[l0.masks]]\nname = "LKR"\nbit = 0', "name 'LKR' is used twice"),
        ('[l0.control]\nrequire = ["chod.Q1"]', "control line LKR: condition 'chod.Q1' is not in the bit map"),
        ("[l0.choke]\noff_words = 9000", "off_words 9000 must be below on_words 8000"),
        ("[l0]\nfine_time_bits = 4", "l0.fine_time_bits: Input should be less than or equal to 3, got 4"),
        ('[l0]\nreference = "rich"', "l0.reference"),
        ("[l0]\nmask = 3", "unknown key 'l0.mask'; nearest known key is 'l0.masks'"),
    ],
)
def test_a_wrong_menu_is_refused(tmp_path: Path, text: str, message: str):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_the_default_menu_survives_being_written_and_read(tmp_path: Path):
    path = tmp_path / "default.toml"
    path.write_text(render_config(Config()))
    assert load_config(path).l0 == L0Config()


EMPTY = {name: empty_block(name) for name in DETECTORS}
GOOD = HitBatch(2000, EMPTY | {"chod": block("chod", [(1000, 101), (1990, 202)])})


def _chod(*hits: tuple[int, int]) -> dict:
    return EMPTY | {"chod": block("chod", list(hits))}


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (HitBatch(1999, EMPTY), "watermark 1999 after 2000"),
        (HitBatch(3000, {"lkr": EMPTY["lkr"]}), "batch without a block 'chod'"),
        (HitBatch(3000, _chod((2500, 101), (2499, 102))), "times go back inside the batch"),
        (HitBatch(3000, _chod((1999, 101))), "times 1999..1999, wanted 2000.."),
        (HitBatch(3000, _chod((2500, 101), (1 << 40, 101))), "inside a 32-bit clock"),
        (HitBatch(3000, EMPTY | {"chod": HitBlock(np.array([2500]), {})}), "column 'id': got nothing"),
        (
            HitBatch(3000, EMPTY | {"chod": HitBlock(np.array([2500]), {"id": np.array([101])})}),
            "got int64 of shape (1,)",
        ),
        (HitBatch(3000, EMPTY | {"chod": HitBlock(np.array([2500.0]), {"id": np.zeros(1, "<u2")})}), "got float64"),
    ],
)
def test_a_wrong_slice_is_refused_and_changes_nothing(batch: HitBatch, message: str):
    setup = L0Setup.from_config(L0Config())
    state, clean = new_burst(setup), new_burst(setup)
    step(state, GOOD, setup)
    step(clean, GOOD, setup)
    with pytest.raises(DataError) as caught:
        step(state, batch, setup)
    assert message in str(caught.value)
    end = HitBatch(END_OF_BURST, _chod((2500, 303)))
    assert step(state, end, setup).time.tolist() == step(clean, end, setup).time.tolist()
    assert counts(state.counters(setup)) == counts(clean.counters(setup))


def test_a_closed_burst_takes_no_more():
    setup = L0Setup.from_config(L0Config())
    state = new_burst(setup)
    step(state, HitBatch(END_OF_BURST, EMPTY), setup)
    with pytest.raises(DataError, match="after the end of the burst"):
        step(state, HitBatch(END_OF_BURST, EMPTY), setup)
