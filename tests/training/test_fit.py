"""The command that trains hands its run the photos that its flags ask for."""

import pytest
import tiny

import train
from citygan.training import fit as command


@pytest.fixture
def driven(tmp_path):
    """Training photos of two drives, and one of a third for validation."""
    for name in ("a_1", "b_1", "a_2"):
        tiny.write_camvid_sample(tmp_path / "set", "train", name)
    tiny.write_camvid_sample(tmp_path / "set", "val", "c_1")
    return tmp_path / "set"


@pytest.fixture
def handed(driven, tmp_path, monkeypatch):
    """Runs the command up to the training; what the run was given."""
    runs = []

    class Run:
        def __init__(self, config, data, options, accelerator):
            runs.append((config, data))

        def go(self):
            return True

    def fit(*flags):
        monkeypatch.setattr(command, "Run", Run)
        where = ["--data", str(driven), "--out", str(tmp_path / "run"), "--device", "cpu"]
        where += ["--precision", "no"]  # as the other tests of this process, whose accelerator it shares
        assert train.main(["fit", *where, *flags]) == 0
        return runs.pop()

    return fit


def names(samples):
    return [pair.name for pair in samples.pairs]


def test_a_run_trains_on_the_training_split_and_validates_on_val(handed):
    config, data = handed()
    assert names(data.train_set) == ["a_1", "a_2", "b_1"]
    assert names(data.val_set) == ["c_1"]
    assert (data.train_set.size_px, data.val_set.size_px) == (config.load_px_max, config.size_px)
    assert data.name == "CamVid"


def test_a_drive_that_is_left_out_is_what_the_run_validates_on(handed):
    config, data = handed("--leave-drive-out", "b")
    assert names(data.train_set) == ["a_1", "a_2"]
    assert names(data.val_set) == ["b_1"]
    assert (data.train_set.size_px, data.val_set.size_px) == (config.load_px_max, config.size_px)
    assert data.name == "CamVid without its drive b, on which it is validated"


def test_a_drive_that_is_not_in_the_training_split_cannot_be_left_out(driven, tmp_path, capsys):
    where = ["--data", str(driven), "--out", str(tmp_path / "run"), "--device", "cpu", "--precision", "no"]
    assert train.main(["fit", *where, "--leave-drive-out", "c"]) == 1
    assert "the drive 'c' cannot be left out; the samples are of a, b" in capsys.readouterr().err
