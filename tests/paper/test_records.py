"""The table trains what is missing, skips what is done, survives a kill, and can be checked."""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import tiny
import torch
from PIL import Image

import train
from citygan.checkpoint import Checkpoint
from citygan.data.dataset import drives, open_split
from citygan.errors import CityGANError
from citygan.paper import records as table_module
from citygan.paper.pictures import COLUMN_PX
from citygan.paper.records import Table, file_sha256, read_record, write_record
from citygan.paper.systems import ROWS
from citygan.paper.table import table
from citygan.synthesis.device import hardware
from citygan.training.config import TrainConfig
from citygan.training.log import read_log
from citygan.training.run import Run

CPU = ("--device", "cpu", "--precision", "no")  # as conftest's accelerator, of which a process has one
SMALL = {"epochs": 1, "width": 1, "pretrained": False}
ROW, SWEPT = ROWS["citygan"], ROWS["citygan-ssim"]


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
        """The command: citygan, or what the options say."""
        asked = {"rows": ("citygan",), "device": "cpu", "precision": "no"} | SMALL | options
        table(self.data, out=self.results, runs=self.runs, **asked)

    def record(self, name: str = ROW.id) -> dict | None:
        return read_record(self.results, name)

    def asking(self, **changes) -> Table:
        return Table(self.data, self.runs, self.results, SMALL | {"backbone": None} | changes)


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    folder = tiny.write_camvid(tmp_path_factory.mktemp("set"), {"train": 3, "val": 2, "test": 2})
    tiny.write_camvid_sample(folder, "test", "Seq05VD_f00000")
    return folder


@pytest.fixture(scope="module")
def finished(data_folder, tmp_path_factory):
    """A table of a system and a row of its sweeps, to read only."""
    place = Place(data_folder, tmp_path_factory.mktemp("finished"))
    place.table(rows=(ROW.name, SWEPT.name))
    return place


@pytest.fixture
def copied(finished, tmp_path):
    """The same table, to change."""
    shutil.copytree(finished.root, tmp_path / "copy")
    return Place(finished.data, tmp_path / "copy")


def change_weights(place: Place, which: str = "last") -> None:
    found = Checkpoint.find(place.runs / ROW.id / which)
    generator, info = found.load(), found.info
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(3.0)
    Checkpoint.save(place.runs / ROW.id / which, generator, info)


# What a row leaves


def test_a_record_says_how_its_row_was_trained(finished):
    record, folder = finished.record(), finished.runs / ROW.id
    assert {k: record[k] for k in ("name", "seed", "recipe", "dataset", "epochs", "images_seen")} == {
        **{"name": "citygan", "seed": 0, "recipe": "citygan", "dataset": "CamVid"},
        **{"epochs": 1, "images_seen": 3},
    }
    assert record["config"]["width"] == record["config"]["discriminator_width"] == 1
    assert (record["hardware"], record["precision"]) == (hardware(torch.device("cpu")), "no")
    assert record["parameters"] == Checkpoint.find(folder / "last").info.parameters
    assert set(record["definitions"]) == {"ssim", "psnr", "fcn"}


def test_a_record_has_the_weights_of_the_last_and_of_the_best_epoch(copied):
    copied.table(epochs=3)
    record, folder = copied.record(), copied.runs / ROW.id
    best = max(read_log(folder), key=lambda row: row["val_ssim"])
    assert {which: about["epoch"] for which, about in record["weights"].items()} == {
        **{"last": 3, "best": best["epoch"]}
    }
    for which, about in record["weights"].items():
        assert about["sha256"] == file_sha256(folder / f"{which}.safetensors")
        assert about["averaged"] is False
    scores = {which: about["scores"]["val"]["ssim"] for which, about in record["weights"].items()}
    assert scores["best"] == pytest.approx(best["val_ssim"], abs=1e-3)
    assert scores["last"] == pytest.approx(read_log(folder)[-1]["val_ssim"], abs=1e-3)


def test_a_system_is_scored_on_every_split_and_a_sweep_where_it_is_compared(finished):
    photos = {
        (run.name, which): {split: scores["photos"] for split, scores in about["scores"].items()}
        for run in (ROW, SWEPT)
        for which, about in finished.record(run.id)["weights"].items()
    }
    assert photos == {
        ("citygan", "last"): {"train": 3, "val": 2, "test": 3},
        ("citygan", "best"): {"val": 2, "test": 3},
        ("citygan-ssim", "last"): {"val": 2, "test": 3},
        ("citygan-ssim", "best"): {"val": 2},
    }
    for run in (ROW, SWEPT):
        scores = finished.record(run.id)["weights"]["last"]["scores"]["test"]
        assert -1 < scores["ssim"] < 1
        assert 0 < scores["psnr"] < 100


def test_each_score_is_also_one_for_each_drive(finished):
    scores = finished.record()["weights"]["last"]["scores"]["test"]
    sizes = {name: len(indices) for name, indices in drives(open_split(finished.data, "test", 256)).items()}
    assert len(sizes) == 2
    assert {drive: part["photos"] for drive, part in scores["by_drive"].items()} == sizes
    mean = sum(part["photos"] * part["ssim"] for part in scores["by_drive"].values()) / scores["photos"]
    assert mean == pytest.approx(scores["ssim"], abs=1e-4)


def test_what_could_not_be_measured_is_no_figure(finished):
    scores = finished.record()["weights"]["last"]["scores"]["val"]
    assert scores["fcn"] is scores["fcn_of_real_photos"] is None


def test_the_reference_row_leaves_pictures_without_a_photo_or_a_map_of_the_data_set(finished):
    folder = finished.results / "citygan"
    assert {file.name for file in folder.iterdir()} == {"curves.png", "samples.jpg", "training.gif"}
    with Image.open(folder / "samples.jpg") as samples:
        assert (
            samples.height == 3 * 256
        )  # label map, last, best: of our own streets, which have no real photo
    with Image.open(folder / "training.gif") as training:
        assert training.height == COLUMN_PX  # a third of the grid: neither label maps nor real photos


# What is trained, and what is not


def test_the_second_time_nothing_is_trained(copied, monkeypatch, capsys):
    monkeypatch.setattr(Run, "go", lambda run: pytest.fail(f"{run.out} was trained again"))
    before = copied.record()
    shutil.rmtree(copied.runs)  # the records are enough
    copied.table()
    assert "citygan-seed0: trained already" in capsys.readouterr().out
    assert copied.record() == before


@pytest.mark.parametrize("changes", [{"epochs": 2}, {"width": 2}], ids=str)
def test_a_row_of_another_configuration_is_not_the_one_asked_for(finished, changes):
    assert finished.asking().is_recorded(ROW)
    assert finished.asking().is_finished(ROW)
    assert not finished.asking(**changes).is_recorded(ROW)
    assert not finished.asking(**changes).is_finished(ROW)


def test_a_row_of_another_data_set_is_not_the_one_asked_for(copied):
    write_record(copied.results, ROW.id, copied.record() | {"dataset": "Cityscapes"})
    assert not copied.asking().is_recorded(ROW)


def test_a_record_older_than_a_field_had_its_default(copied):
    record = copied.record()
    assert record["config"].pop("noise") is TrainConfig().noise
    write_record(copied.results, ROW.id, record)
    assert copied.asking().is_recorded(ROW)


def fit(place: Place, seed: int, *more: str) -> int:
    """What a person, or another machine, types to train a run of the table."""
    flags = {"data": place.data, "out": place.runs / f"citygan-seed{seed}", "seed": seed, "epochs": 1}
    widths = {"width": 1, "discriminator_width": 1}
    return train.main(["fit", "--recipe", "citygan", *tiny.flags(**(flags | widths)), *more, *CPU])


def test_a_run_that_fit_has_finished_is_scored_and_not_trained(copied, monkeypatch, capsys):
    assert fit(copied, 1) == 0
    state = copied.runs / "citygan-seed1" / "state.pt"
    saved = torch.load(state, weights_only=True)
    del saved["precision"], saved["config"]["noise"]  # as an older copy of the code would have left it
    torch.save(saved | {"seconds": 1000.0}, state)
    monkeypatch.setattr(Run, "go", lambda run: pytest.fail(f"{run.out} was trained again"))
    copied.table(seeds=2)
    assert "citygan-seed1: trained already, not recorded" in capsys.readouterr().out
    record = copied.record("citygan-seed1")
    assert (record["seed"], record["precision"], record["training_seconds"]) == (1, None, 1000)
    assert set(record["weights"]["last"]["scores"]) == {"train", "val", "test"}


def test_a_run_of_another_data_set_is_not_taken_for_this_one(copied):
    Checkpoint.find(copied.runs / ROW.id / "last").record(dataset="Cityscapes")
    (copied.results / "rows" / f"{ROW.id}.json").unlink()
    with pytest.raises(CityGANError, match="is of Cityscapes, not CamVid; use another --runs"):
        copied.table()


class Killed(BaseException):
    """The process ends."""


@pytest.fixture
def killed(data_folder, tmp_path, monkeypatch) -> Place:
    """A table whose only run of two epochs was killed after the first."""
    place, save = Place(data_folder, tmp_path), Run._save_state

    def save_and_die(run: Run) -> None:
        save(run)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_save_state", save_and_die)
        with pytest.raises(Killed):
            place.table(epochs=2)
    return place


def test_only_trained_trains_nothing_and_leaves_what_is_half_done(killed, monkeypatch, capsys):
    monkeypatch.setattr(Run, "__init__", lambda *_: pytest.fail("trained"))
    killed.table(epochs=2, seeds=2, only_trained=True)
    said = capsys.readouterr().out
    assert "citygan-seed0: not trained" in said
    assert "0 of 2 runs are trained and scored" in said
    assert killed.record() is None
    assert "not trained yet" in (killed.results / "README.md").read_text()


def test_what_would_forget_and_train_nothing_is_refused(copied):
    with pytest.raises(CityGANError, match="--again forgets runs and --only-trained trains none"):
        copied.table(again=True, only_trained=True)
    assert copied.record() is not None


def test_a_killed_run_goes_on_where_it_stood(killed, caplog):
    assert killed.record() is None
    state = killed.runs / ROW.id / "state.pt"
    torch.save(torch.load(state, weights_only=True) | {"seconds": 1e6}, state)
    with caplog.at_level("INFO"):
        killed.table(epochs=2)
    assert "resuming" in caplog.text
    assert "at epoch 2, step 0" in caplog.text
    record = killed.record()
    assert (record["epochs"], record["images_seen"]) == (2, 6)
    assert record["training_seconds"] >= 1e6  # what came before the kill counts


def test_a_stopped_table_prints_a_command_that_goes_on_as_it_was_asked(
    data_folder, tmp_path, monkeypatch, capsys
):
    asked = []
    monkeypatch.setattr(Run, "go", lambda run: asked.append((run.out, run.config)))
    place = Place(data_folder, tmp_path)
    place.table(again=True, seeds=2, test=False, rows=("deeplab-bce",), backbone="mobilenet_v3_large")
    said = capsys.readouterr().out
    assert place.record("deeplab-bce-seed0") is None
    words = shlex.split(said.partition("stopped and saved; go on with: ")[2])
    assert words[:3] == ["python", "train.py", "table"]
    assert "--again" not in words
    assert train.main(words[2:]) == 0
    assert asked[0] == asked[1]
    assert capsys.readouterr().out == said


def test_a_longer_run_is_not_taken_for_a_shorter_one(copied):
    copied.table(epochs=2)
    assert copied.record()["epochs"] == 2
    with pytest.raises(CityGANError, match="has trained for 2 epochs, not 1; use --again"):
        copied.table(epochs=1)


def test_again_forgets_the_row_first(copied):
    (copied.runs / ROW.id / "state.pt").write_bytes(b"damaged")
    with pytest.raises(CityGANError, match="damaged"):
        copied.table(epochs=2)
    copied.table(epochs=2, again=True)
    assert copied.record()["epochs"] == 2


def test_a_damaged_record_is_named(copied):
    (copied.results / "rows" / f"{ROW.id}.json").write_text("{")
    with pytest.raises(CityGANError, match=r"rows/citygan-seed0\.json is damaged"):
        copied.table()


# What is measured later


@dataclass
class Seer:
    """A segmenter that reads the drawn photos rightly."""

    path: Path
    device: torch.device
    classes: tuple[int, ...] = tuple(map(int, tiny.CAMVID_IDS))

    @property
    def weights(self) -> Path:
        return self.path.with_suffix(".safetensors")

    def __call__(self, photos: torch.Tensor) -> torch.Tensor:
        ids = ((255 - photos[:, 1].float()) / 4).round().byte()
        return torch.where(torch.isin(ids, torch.tensor(self.classes, dtype=torch.uint8)), ids, 0)


def test_scores_that_can_be_had_later_are_added_without_training(copied, monkeypatch):
    monkeypatch.setattr(Run, "go", lambda run: pytest.fail("trained again"))
    monkeypatch.setattr(table_module, "Segmenter", Seer)
    (copied.root / "seer.safetensors").write_bytes(b"a segmenter")
    before = copied.record()["weights"]["last"]["scores"]["val"]["ssim"]
    copied.table(segmenter=copied.root / "seer")
    measured = [
        scores for about in copied.record()["weights"].values() for scores in about["scores"].values()
    ]
    assert len(measured) == 5
    for scores in measured:
        assert scores["fcn_of_real_photos"]["pixel_accuracy"] > 0.8 > scores["fcn"]["pixel_accuracy"]
        assert scores["segmenter_sha256"] == file_sha256(copied.root / "seer.safetensors")
    assert copied.record()["weights"]["last"]["scores"]["val"]["ssim"] == before
    with_segmenter = copied.record()
    copied.table()  # without the segmenter
    assert copied.record() == with_segmenter


def test_the_same_weights_are_scored_once(finished, monkeypatch, copied):
    record = copied.record()
    assert record["weights"]["last"]["sha256"] == record["weights"]["best"]["sha256"]  # of one epoch
    for about in record["weights"].values():
        about["scores"].clear()
    write_record(copied.results, ROW.id, record)
    scored = []
    real_score = Table._score

    def spy(whole, row, which, split):
        scored.append(split)
        return real_score(whole, row, which, split)

    monkeypatch.setattr(Table, "_score", spy)
    copied.table()
    assert sorted(scored) == ["test", "train", "val"]
    assert copied.record() == finished.record()


@pytest.mark.parametrize("which", ["last", "best"])
def test_weights_that_are_not_the_recorded_ones_are_never_scored(copied, which):
    record = copied.record()
    for about in record["weights"].values():
        del about["scores"]["val"]
    write_record(copied.results, ROW.id, record)
    change_weights(copied, which)
    with pytest.raises(CityGANError, match=f"{which}.safetensors is not what the record of citygan-seed0"):
        copied.table()


def test_without_a_test_split_the_test_is_left_out_when_asked(tmp_path, camvid):
    place = Place(camvid, tmp_path)
    place.table(test=False)
    scores = {which: list(about["scores"]) for which, about in place.record()["weights"].items()}
    assert scores == {"last": ["train", "val"], "best": ["val"]}


# --check


def check(place: Place, *more: str) -> int:
    where = tiny.flags(data=place.data, out=place.results, runs=place.runs)
    return train.main(["table", "--check", "citygan", *where, *more, "--device", "cpu"])


def test_a_row_is_verified_from_both_its_weights(finished, capsys):
    assert check(finished) == 0
    weights = finished.record()["weights"]
    last, best = (weights[which]["scores"]["val"]["ssim"] for which in ("last", "best"))
    said = f"citygan-seed0: validation SSIM last {last:.4f}, best {best:.4f}, as its record says"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("which", ["last", "best"])
def test_changed_weights_are_found_out(copied, capsys, which):
    change_weights(copied, which)
    assert check(copied) == 1
    said = capsys.readouterr().err
    assert f"the validation SSIM of its {which} weights is" in said
    assert f"its record says {copied.record()['weights'][which]['sha256'][:12]}" in said


def test_a_figure_that_was_never_measured_is_found_out(copied, capsys):
    record = copied.record()
    record["weights"]["best"]["scores"]["val"]["ssim"] += 0.01
    write_record(copied.results, ROW.id, record)
    assert check(copied) == 1
    assert "the validation SSIM of its best weights is" in capsys.readouterr().err


def test_a_row_without_weights_names_the_command_that_makes_them(copied, capsys):
    before = copied.record()
    shutil.rmtree(copied.runs)
    assert check(copied, "--seeds", "1") == 1
    said = capsys.readouterr().err
    assert "citygan-seed0 needs a record" in said
    words = shlex.split(said.partition("make both with: ")[2])
    assert train.main([*words[2:], *CPU]) == 0
    assert copied.record()["config"] == before["config"]
    assert check(copied) == 0


def test_each_seed_is_checked(copied, capsys):
    assert check(copied, "--seeds", "2") == 1
    assert "citygan-seed1 needs a record" in capsys.readouterr().err
