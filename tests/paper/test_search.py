"""A search goes on where it stood, prunes, and ends in a command line that runs."""

import csv
import shlex
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
from PIL import Image

import train
from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.paper import search as search_module
from citygan.paper.search import (
    AUGMENTATIONS,
    GRID,
    Search,
    changes_of,
    command_line,
    finished,
    open_study,
    suggest,
)
from citygan.paper.search_report import write_search
from citygan.training.loop import EpochDone
from citygan.training.recipes import RECIPES
from citygan.training.state import TrainingError

CPU = ("--device", "cpu", "--precision", "no")  # as conftest's accelerator, of which a process has one
ABOUT = {"recipe": "citygan", "epochs": 2, "dataset": "CamVid", "hardware": "none"}
PARAMETERS = {
    **{"learning_rate": 3e-4, "l1_weight": 60.0, "ssim_weight": 12.5, "width": 16},
    **{"adversarial_loss": "mse", "smoothing": 0.05, "augmentation": "mirror + warp"},
}


def search(camvid: Path, place: Path, trials: int, **options) -> int:
    flags = {"data": camvid, "out": place / "study", "results": place / "results", "trials": trials} | options
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    return train.main(["search", *words, "--epochs", "1", "--widths", "1", *CPU])


@pytest.fixture(scope="module")
def searched(camvid, tmp_path_factory):
    """Two trials by chance, then a third by the tree of Parzen estimators."""
    place = tmp_path_factory.mktemp("search")
    assert search(camvid, place, 2, sampler="random") == 0
    assert len(lines_of(place)) == 2
    assert search(camvid, place, 3, sampler="tpe") == 0
    return place


def lines_of(place: Path) -> list[dict]:
    with (place / "results" / "trials.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_search_goes_on_to_the_trials_that_are_asked_for(searched):
    lines = lines_of(searched)
    assert [line["trial"] for line in lines] == ["0", "1", "2"]
    for line in lines:
        assert line["state"] in ("complete", "pruned")
        assert -1 < float(line["val_ssim"]) < 1
        assert 5e-5 <= float(line["learning_rate"]) <= 1e-3
        assert line["width"] == "1"


def test_a_search_that_has_its_trials_trains_no_more(searched, camvid, monkeypatch):
    monkeypatch.setattr(search_module, "train", lambda *_: pytest.fail("trained again"))
    assert search(camvid, searched, 3) == 0


def test_the_page_has_the_best_trial_and_the_plots(searched):
    page = (searched / "results" / "README.md").read_text()
    best = max(lines_of(searched), key=lambda line: float(line["val_ssim"]))
    assert (
        f"The best, trial {best['trial']}, reached a validation SSIM of {float(best['val_ssim']):.4f}" in page
    )
    assert "3 trials of 1 epochs over the recipe `citygan` on CamVid" in page
    for name in ("history", "epochs", "slices"):
        assert f"({name}.png)" in page
        with Image.open(searched / "results" / f"{name}.png") as plot:
            assert min(plot.size) > 200


def test_a_study_about_something_else_is_refused(searched, camvid, capsys):
    assert search(camvid, searched, 4, recipe="citygan-plus") == 1
    assert "holds a search where recipe was 'citygan'; use another --out" in capsys.readouterr().err


def test_the_best_recipe_is_a_command_line_that_runs(searched, camvid, tmp_path):
    page = (searched / "results" / "README.md").read_text()
    words = shlex.split(page.split("```sh\n")[1].split("\n```")[0])
    assert words[:3] == ["python", "train.py", "fit"]
    places = {"DATA": str(camvid), "runs/searched": str(tmp_path / "run")}
    assert train.main([*(places.get(word, word) for word in words[2:]), *CPU]) == 0
    best = max(lines_of(searched), key=lambda line: float(line["val_ssim"]))
    trained = Checkpoint.find(tmp_path / "run" / "best").info
    assert str(trained.recipe["learning_rate"]) == best["learning_rate"]
    assert trained.recipe["adversarial_loss"] == best["adversarial_loss"]
    assert trained.ssim["val"] == pytest.approx(float(best["val_ssim"]), abs=2e-3)  # of the same training


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_every_augmentation_is_a_possible_configuration(augmentation):
    config = replace(RECIPES["citygan"], **changes_of(PARAMETERS | {"augmentation": augmentation}))
    assert (config.real_label, config.fake_label) == (0.95, 0.05)
    assert config.discriminator_width == config.width == 16
    assert config.mirror == (augmentation != "none")


def test_the_grid_is_what_the_grid_sampler_chooses_from(tmp_path):
    study = open_study(tmp_path, "grid", (8, 16), ABOUT)
    tried = [suggest(study.ask(), (8, 16)) for _ in range(6)]
    for parameters in tried:
        assert parameters.keys() == PARAMETERS.keys()
        assert parameters["width"] in (8, 16)
        assert all(parameters[name] in values for name, values in GRID.items())
    assert len({tuple(parameters.values()) for parameters in tried}) == 6


def test_processes_share_a_study_and_draw_different_trials(tmp_path):
    ours, theirs = (open_study(tmp_path, "random", (8,), ABOUT) for _ in range(2))
    for study in (ours, theirs):
        trial = study.ask()
        suggest(trial, (8,))
        study.tell(trial, 0.5)
    assert finished(ours) == finished(theirs) == 2
    first, second = ours.trials
    assert first.params["learning_rate"] != second.params["learning_rate"]


def fake_search(monkeypatch, ssims: list[list[float]]) -> Search:
    """A search whose trials reach these validation SSIMs, epoch by epoch."""
    reached = iter(ssims)

    def fake_train(*_):
        for epoch, ssim in enumerate(next(reached), 1):
            if isnan(ssim):
                raise TrainingError("the loss 'l1' is nan")
            yield EpochDone(epoch, epoch, 1e-4, {}, ssim)

    monkeypatch.setattr(search_module, "train", fake_train)
    monkeypatch.setattr(search_module, "TrainState", lambda config, accelerator: None)
    base = replace(RECIPES["citygan"], epochs=3)
    return Search(base, (8,), train_set=[], val_set=[], accelerator=None)


def test_a_trial_below_the_median_is_pruned_and_one_that_diverges_too(tmp_path, monkeypatch):
    study = open_study(tmp_path, "random", (8,), ABOUT)
    ssims = [*[[0.3, 0.4, 0.38]] * 4, [0.1, 0.1, 0.9], [float("nan")]]
    fake_search(monkeypatch, ssims).run(study, 6)
    assert [t.state.name for t in study.trials] == ["COMPLETE"] * 4 + ["PRUNED"] * 2
    assert study.best_value == 0.4  # of its best epoch, not of its last
    assert len(study.trials[4].intermediate_values) == 2


def test_the_importances_are_drawn_once_there_are_enough_trials(tmp_path, monkeypatch):
    study = open_study(tmp_path / "study", "random", (8,), ABOUT)
    fake_search(monkeypatch, [[number / 10] for number in range(8)]).run(study, 8)
    assert "--recipe citygan" in write_search(study, tmp_path / "results")
    assert (tmp_path / "results" / "importances.png").is_file()


def test_a_search_without_a_complete_trial_names_no_best(tmp_path):
    study = open_study(tmp_path / "study", "random", (8,), ABOUT)
    assert write_search(study, tmp_path / "results") == ""
    assert "The best" not in (tmp_path / "results" / "README.md").read_text()


def test_a_switch_is_written_as_a_switch():
    line = command_line("citygan", {"mirror": False, "noise": True, "l1_weight": 50.0}, 10)
    assert line.endswith("--epochs 10 --no-mirror --noise --l1-weight 50.0")


def test_a_refusal_names_all_that_differs(tmp_path):
    open_study(tmp_path, "tpe", (8,), ABOUT)
    with pytest.raises(CityGANError, match=r"epochs was 2, widths was \[8\]"):
        open_study(tmp_path, "tpe", (16,), ABOUT | {"epochs": 3})
