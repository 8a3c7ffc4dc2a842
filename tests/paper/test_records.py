"""The table trains what is missing, skips what is done, survives a kill, and can be checked."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import tiny
import torch

import train
from citygan import checkpoint as checkpoints
from citygan.errors import CityGANError
from citygan.models.published import WeightsUnavailableError
from citygan.paper import records as table_module
from citygan.paper.records import Table, file_sha256, read_record, write_record
from citygan.paper.systems import ROWS
from citygan.paper.table import table
from citygan.synthesis.device import hardware
from citygan.training.loop import TrainingError
from citygan.training.recipes import TrainConfig
from citygan.training.run import Run

SMALL = {"epochs": 1, "width": 1, "pretrained": False}
NAMES = ("citygan", "citygan-ssim")


@dataclass
class Place:
    """A data set, and the folders of a table over it."""

    data: Path
    root: Path

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    def table(self, **options) -> None:
        """The command: citygan with one row of its sweeps, or what the options say."""
        asked = (
            {"recipes": ("citygan",), "sweeps": False, "device": "cpu", "precision": "no"} | SMALL | options
        )
        table(self.data, out=self.results, runs=self.runs, **asked)

    def record(self, name: str = "citygan") -> dict | None:
        return read_record(self.results, name)

    def asking(self, **changes) -> Table:
        return Table(self.data, self.runs, self.results, SMALL | {"backbone": None} | changes)


@pytest.fixture(scope="module", autouse=True)
def without_lpips():
    """No backbone of LPIPS, wherever the tests run."""

    def unavailable(device):
        raise WeightsUnavailableError("no network in tests")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_module, "Lpips", unavailable)
        yield


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    return tiny.write_camvid(tmp_path_factory.mktemp("set"), {"train": 3, "val": 2, "test": 2})


@pytest.fixture(scope="module")
def finished(data_folder, tmp_path_factory):
    """A table of a system and a row of its sweeps, to read only."""
    place = Place(data_folder, tmp_path_factory.mktemp("finished"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("citygan.paper.systems.SWEEPS", (ROWS["citygan-ssim"],))
        place.table(sweeps=True)
    return place


@pytest.fixture
def copied(finished, tmp_path):
    """The same table, to change."""
    shutil.copytree(finished.root, tmp_path / "copy")
    return Place(finished.data, tmp_path / "copy")


def change_weights(place: Place) -> None:
    generator, info = checkpoints.load(place.runs / "citygan" / "best")
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(3.0)
    checkpoints.save(place.runs / "citygan" / "best", generator, info)


# What a row leaves


def test_a_record_says_how_its_row_was_trained(finished):
    record = finished.record()
    assert {k: record[k] for k in ("name", "recipe", "dataset", "epochs", "best_epoch", "images_seen")} == {
        **{"name": "citygan", "recipe": "citygan", "dataset": "CamVid"},
        **{"epochs": 1, "best_epoch": 1, "images_seen": 3},
    }
    assert record["config"]["width"] == record["config"]["discriminator_width"] == 1
    assert record["hardware"] == hardware(torch.device("cpu"))
    assert record["parameters"] == checkpoints.read_info(finished.runs / "citygan" / "best").parameters
    assert record["weights_sha256"] == file_sha256(finished.runs / "citygan" / "best.safetensors")
    assert set(record["definitions"]) == {"ssim", "psnr", "lpips", "fcn"}


def test_a_system_is_scored_on_every_split_and_a_sweep_on_validation_alone(finished):
    system, swept = (finished.record(name)["scores"] for name in NAMES)
    assert {split: scores["photos"] for split, scores in system.items()} == {"train": 3, "val": 2, "test": 2}
    assert list(swept) == ["val"]
    for scores in (*system.values(), *swept.values()):
        assert -1 < scores["ssim"] < 1
        assert 0 < scores["psnr"] < 100


def test_what_could_not_be_measured_is_no_figure(finished):
    scores = finished.record()["scores"]["val"]
    assert scores["lpips"] is scores["fcn"] is scores["fcn_of_real_photos"] is None


# What is trained, and what is not


def test_the_second_time_nothing_is_trained(copied, monkeypatch, capsys):
    monkeypatch.setattr(Run, "go", lambda run: pytest.fail(f"{run.out} was trained again"))
    before = (copied.results / "rows" / "citygan.json").read_bytes()
    shutil.rmtree(copied.runs)  # the records are enough
    copied.table()
    assert "citygan: trained already" in capsys.readouterr().out
    assert (copied.results / "rows" / "citygan.json").read_bytes() == before


@pytest.mark.parametrize("changes", [{"epochs": 2}, {"width": 2}], ids=str)
def test_a_row_of_another_configuration_is_not_the_one_asked_for(finished, changes):
    assert finished.asking().is_trained(ROWS["citygan"])
    assert not finished.asking(**changes).is_trained(ROWS["citygan"])


def test_a_row_of_another_data_set_is_not_the_one_asked_for(copied):
    write_record(copied.results, copied.record() | {"dataset": "Cityscapes"})
    assert not copied.asking().is_trained(ROWS["citygan"])


def test_a_record_older_than_a_field_had_its_default(copied):
    record = copied.record()
    assert record["config"].pop("noise") is TrainConfig().noise
    write_record(copied.results, record)
    assert copied.asking().is_trained(ROWS["citygan"])


class Killed(BaseException):
    """The process ends."""


def test_a_killed_run_goes_on_where_it_stood(data_folder, tmp_path, monkeypatch, caplog):
    place = Place(data_folder, tmp_path)
    save = Run._save_state

    def save_and_die(run):
        save(run)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_save_state", save_and_die)
        with pytest.raises(Killed):
            place.table(epochs=2)
    assert place.record() is None
    state = place.runs / "citygan" / "state.pt"
    torch.save(torch.load(state, weights_only=True) | {"seconds": 1000.0}, state)
    with caplog.at_level("INFO"):
        place.table(epochs=2)
    assert "resuming" in caplog.text
    assert "at epoch 2, step 0" in caplog.text
    record = place.record()
    assert (record["epochs"], record["images_seen"]) == (2, 6)
    assert 1000 <= record["training_seconds"] < 1200  # what came before the kill counts


def test_a_stopped_table_says_how_to_go_on_and_records_nothing(data_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Run, "go", lambda run: False)
    place = Place(data_folder, tmp_path)
    place.table()
    assert "stopped and saved; go on with: python" in capsys.readouterr().out
    assert place.record() is None


def test_a_longer_run_is_not_taken_for_a_shorter_one(copied):
    copied.table(epochs=2)
    assert copied.record()["epochs"] == 2
    with pytest.raises(CityGANError, match="has trained for 2 epochs, not 1; use --again"):
        copied.table(epochs=1)


def test_again_forgets_the_row_first(copied):
    (copied.runs / "citygan" / "state.pt").write_bytes(b"damaged")
    with pytest.raises(TrainingError, match="damaged"):
        copied.table(epochs=2)
    copied.table(epochs=2, again=True)
    assert copied.record()["epochs"] == 2


def test_a_damaged_record_is_named(copied):
    (copied.results / "rows" / "citygan.json").write_text("{")
    with pytest.raises(CityGANError, match=r"rows/citygan\.json is damaged"):
        copied.table()


# What is measured later


@dataclass
class Seer:
    """A segmenter that reads the drawn photos rightly."""

    path: Path
    device: torch.device
    classes: tuple[int, ...] = tuple(map(int, tiny.CAMVID_IDS))

    def __call__(self, photos: torch.Tensor) -> torch.Tensor:
        ids = ((255 - photos[:, 1].float()) / 4).round().byte()
        return torch.where(torch.isin(ids, torch.tensor(self.classes, dtype=torch.uint8)), ids, 0)


def test_scores_that_can_be_had_later_are_added_without_training(copied, monkeypatch):
    monkeypatch.setattr(Run, "go", lambda run: pytest.fail("trained again"))
    monkeypatch.setattr(table_module, "Lpips", lambda device: lambda photo, target: 0.25)
    monkeypatch.setattr(table_module, "Segmenter", Seer)
    (copied.root / "seer.safetensors").write_bytes(b"a segmenter")
    before = copied.record()["scores"]["val"]["ssim"]
    copied.table(segmenter=copied.root / "seer")
    for scores in copied.record()["scores"].values():
        assert scores["lpips"] == 0.25
        assert scores["fcn_of_real_photos"]["pixel_accuracy"] > 0.8 > scores["fcn"]["pixel_accuracy"]
        assert scores["segmenter_sha256"] == file_sha256(copied.root / "seer.safetensors")
    assert copied.record()["scores"]["val"]["ssim"] == before
    with_segmenter = copied.record()
    copied.table()  # without the segmenter
    assert copied.record() == with_segmenter


def test_weights_that_are_not_the_recorded_ones_are_never_scored(copied):
    record = copied.record()
    del record["scores"]["val"]
    write_record(copied.results, record)
    change_weights(copied)
    with pytest.raises(CityGANError, match="is not what the record of citygan says; use --again"):
        copied.table()


def test_without_a_test_split_the_test_is_left_out_when_asked(tmp_path, camvid):
    place = Place(camvid, tmp_path)
    place.table(test=False)
    assert list(place.record()["scores"]) == ["train", "val"]


# --check


def check(place: Place) -> int:
    return train.main(
        [
            *("table", "--check", "citygan", "--data", str(place.data), "--device", "cpu"),
            *("--out", str(place.results), "--runs", str(place.runs)),
        ]
    )


def test_a_row_is_verified_from_its_checkpoint(finished, capsys):
    assert check(finished) == 0
    ssim = finished.record()["scores"]["val"]["ssim"]
    assert f"citygan: validation SSIM {ssim:.4f}, as its record says" in capsys.readouterr().out


def test_changed_weights_are_found_out(copied, capsys):
    change_weights(copied)
    assert check(copied) == 1
    said = capsys.readouterr().err
    assert "its validation SSIM is" in said
    assert f"its record says {copied.record()['weights_sha256'][:12]}" in said


def test_a_figure_that_was_never_measured_is_found_out(copied, capsys):
    record = copied.record()
    record["scores"]["val"]["ssim"] += 0.01
    write_record(copied.results, record)
    assert check(copied) == 1
    assert "its validation SSIM is" in capsys.readouterr().err


def test_a_row_without_weights_cannot_be_checked(copied, capsys):
    shutil.rmtree(copied.runs)
    assert check(copied) == 1
    assert "citygan needs a record" in capsys.readouterr().err
