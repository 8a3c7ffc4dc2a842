"""A training state comes back as it was, or not at all."""

import numpy as np
import pytest
import torch
from states import same

from citygan.errors import CityGANError
from citygan.models.state_file import read_state

STATE = {
    "config": {"width": 1},
    "epoch": 2,
    "network": {"weight": torch.arange(600.0), "steps": torch.ones(3)},
}


@pytest.fixture
def file(tmp_path):
    torch.save(STATE, tmp_path / "state.pt")
    return tmp_path / "state.pt"


def refused(file) -> str:
    with pytest.raises(CityGANError, match=r"state\.pt is damaged.*move it away") as caught:
        read_state(file, ("config",))
    return str(caught.value)


def test_a_state_is_read_as_it_was_saved(file):
    assert same(read_state(file, ("config", "epoch", "network")), STATE)


def test_no_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CityGANError, match=r"there is no training state .*state\.pt"):
        read_state(tmp_path / "state.pt", ())


def test_a_file_of_something_else_is_refused(file):
    torch.save({"weight": torch.ones(1)}, file)
    assert "it has no config" in refused(file)
    torch.save(torch.ones(1), file)
    refused(file)


def test_a_file_that_was_cut_off_is_refused_wherever(file):
    whole = file.read_bytes()
    for length in range(0, len(whole), 97):
        file.write_bytes(whole[:length])
        refused(file)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_garbage_is_refused(file):
    rng = np.random.default_rng(0)
    for start in (b"", b"\x80\x02", b"PK\x03\x04"):
        for size in range(0, 300, 7):
            file.write_bytes(start + rng.bytes(size))
            refused(file)


def test_a_bit_that_was_flipped_is_noticed_or_changes_nothing(file):
    whole, rng = np.fromfile(file, np.uint8), np.random.default_rng(0)
    noticed = 0
    for place in rng.choice(len(whole), 400, replace=False):
        broken = whole.copy()
        broken[place] ^= 1 << rng.integers(8)
        broken.tofile(file)
        try:
            assert same(read_state(file, ("config",)), STATE), place
        except CityGANError:
            noticed += 1
    assert noticed > 100
