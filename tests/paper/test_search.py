"""A search goes on where it stood, prunes, and ends in a command line that runs."""

import csv
import shlex
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
import tiny
from PIL import Image
from states import same

import train
from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.models import UNet256
from citygan.paper import search as search_module
from citygan.paper.command_line import command_line
from citygan.paper.search import (
    AUGMENTATIONS,
    GRID,
    Search,
    best_command,
    changes_of,
    finished,
    open_folds,
    open_study,
    suggest,
)
from citygan.paper.search_report import write_search
from citygan.training import run as run_module
from citygan.training.loop import EpochDone
from citygan.training.recipes import RECIPES
from citygan.training.state import TrainingError

CPU = ("--device", "cpu", "--precision", "no")  # as conftest's accelerator, of which a process has one
ABOUT = {
    **{"recipe": "citygan", "epochs": 2, "dataset": "CamVid", "hardware": "none"},
    **{"pretrained": False, "generator_weights": None, "folds": "val"},
}
PARAMETERS = {
    **{"learning_rate": 3e-4, "l1_weight": 60.0, "ssim_weight": 12.5, "width": 16},
    **{"adversarial_loss": "mse", "smoothing": 0.05, "augmentation": "mirror + warp"},
}


def search(camvid: Path, place: Path, trials: int, **options) -> int:
    flags = {"data": camvid, "out": place / "study", "results": place / "results", "trials": trials} | options
    return train.main(["search", *tiny.flags(**flags), "--epochs", "1", "--widths", "1", *CPU])


def run_printed(command: str, camvid: Path, place: Path) -> int:
    """Runs the command that a search printed, on that data set."""
    words = shlex.split(command)
    assert words[:3] == ["python", "train.py", "fit"]
    places = {"DATA": str(camvid), "runs/searched": str(place / "run")}
    return train.main([*(places.get(word, word) for word in words[2:]), *CPU])


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
        assert -1 < float(line["ssim"]) < 1
        assert 5e-5 <= float(line["learning_rate"]) <= 1e-3
        assert line["width"] == "1"


def test_a_search_that_has_its_trials_trains_no_more(searched, camvid, monkeypatch):
    monkeypatch.setattr(search_module, "train", lambda *_: pytest.fail("trained again"))
    assert search(camvid, searched, 3) == 0


def test_the_page_has_the_best_trial_and_the_plots(searched):
    page = (searched / "results" / "README.md").read_text()
    best = max(lines_of(searched), key=lambda line: float(line["ssim"]))
    assert f"The best, trial {best['trial']}, reached an SSIM of {float(best['ssim']):.4f}" in page
    assert "3 trials of 1 epochs over the recipe `citygan` on CamVid" in page
    assert "its figure is the SSIM of its best epoch on the validation split" in page
    for name in ("history", "epochs", "slices"):
        assert f"({name}.png)" in page
        with Image.open(searched / "results" / f"{name}.png") as plot:
            assert min(plot.size) > 200


def test_a_study_about_something_else_is_refused(searched, camvid, capsys):
    assert search(camvid, searched, 4, recipe="citygan-plus") == 1
    assert "holds a search where recipe was 'citygan'; use another --out" in capsys.readouterr().err


def test_the_best_recipe_is_a_command_line_that_runs(searched, camvid, tmp_path):
    page = (searched / "results" / "README.md").read_text()
    assert run_printed(page.split("```sh\n")[1].split("\n```")[0], camvid, tmp_path) == 0
    best = max(lines_of(searched), key=lambda line: float(line["ssim"]))
    trained = Checkpoint.find(tmp_path / "run" / "best").info
    assert str(trained.recipe["learning_rate"]) == best["learning_rate"]
    assert trained.recipe["adversarial_loss"] == best["adversarial_loss"]
    assert trained.ssim["val"] == pytest.approx(float(best["ssim"]), abs=2e-3)  # of the same training


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


class Unstarted:
    """A training state that holds nothing."""

    def __init__(self, config, accelerator):
        self.config = config

    def start_generator(self, weights):
        pass


def fake_search(monkeypatch, ssims: list[list[float]], folds: int = 1) -> Search:
    """A search whose trials reach these SSIMs, epoch by epoch; a trial takes as many as there are folds."""
    reached = iter(ssims)

    def fake_train(*_):
        for epoch, ssim in enumerate(next(reached), 1):
            if isnan(ssim):
                raise TrainingError("the loss 'l1' is nan")
            yield EpochDone(epoch, epoch, 1e-4, {}, ssim)

    monkeypatch.setattr(search_module, "train", fake_train)
    monkeypatch.setattr(search_module, "TrainState", Unstarted)
    base = replace(RECIPES["citygan"], epochs=3)
    return Search(base, (8,), [([], [])] * folds, accelerator=None)


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
    write_search(study, tmp_path / "results", best_command(study))
    assert "--recipe citygan" in (tmp_path / "results" / "README.md").read_text()
    assert (tmp_path / "results" / "importances.png").is_file()


def test_a_search_without_a_complete_trial_names_no_best(tmp_path):
    study = open_study(tmp_path / "study", "random", (8,), ABOUT)
    assert best_command(study) == ""
    write_search(study, tmp_path / "results", "")
    assert "The best" not in (tmp_path / "results" / "README.md").read_text()


def test_a_switch_is_written_as_a_switch_and_what_is_none_is_left_out():
    flags = {"mirror": False, "noise": True, "l1_weight": 50.0, "width": None, "rows": ("a", "b")}
    line = command_line("fit", flags)
    assert line == "python train.py fit --no-mirror --noise --l1-weight 50.0 --rows a b"


# What a trial starts from


def test_a_search_over_published_weights_wants_them_as_fit_does(camvid, tmp_path, capsys):
    assert search(camvid, tmp_path, 1, recipe="literature-mse") == 1
    assert "--generator-weights latest_net_G.pth" in capsys.readouterr().err


def test_a_trial_starts_from_the_weights_that_the_printed_command_starts_from(
    camvid, tmp_path, monkeypatch, capsys
):
    weights = tiny.save_checkpoint(tmp_path, UNet256(3, 1), generator="unet-256")
    started = []

    def fake_train(state, *_, **__):
        started.append({name: t.clone() for name, t in state.generator.state_dict().items()})
        yield EpochDone(1, 1, 1e-4, {}, 0.5)

    monkeypatch.setattr(search_module, "train", fake_train)
    assert search(camvid, tmp_path, 1, recipe="literature-mse", generator_weights=weights) == 0
    command = capsys.readouterr().out.strip().splitlines()[-1]
    monkeypatch.setattr(run_module, "train", fake_train)
    assert run_printed(command, camvid, tmp_path) == 0
    in_trial, in_run = started
    assert same(in_trial, dict(UNet256.state_dict(Checkpoint.find(weights).load())))
    assert same(in_run, in_trial)


def test_a_search_from_random_weights_prints_a_command_from_random_weights(
    camvid, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(search_module, "train", lambda *_: iter([EpochDone(1, 1, 1e-4, {}, 0.5)]))
    flags = ["--data", str(camvid), "--out", str(tmp_path / "study"), "--results", str(tmp_path / "results")]
    small = ["--trials", "1", "--epochs", "1", "--widths", "1", "--recipe", "literature-mse"]
    assert train.main(["search", *flags, *small, "--no-pretrained", *CPU]) == 0
    command = capsys.readouterr().out.strip().splitlines()[-1]
    assert "--no-pretrained" in shlex.split(command)
    monkeypatch.setattr(run_module, "train", lambda *_, **__: iter([]))
    assert run_printed(command, camvid, tmp_path) == 0


# Folds


def test_a_trial_over_drives_has_the_mean_of_its_folds_in_each_epoch(tmp_path, monkeypatch):
    study = open_study(tmp_path, "random", (8,), ABOUT)
    fake_search(monkeypatch, [[0.2, 0.6, 0.1], [0.4, 0.4, 0.1]], folds=2).run(study, 1)
    assert study.trials[0].intermediate_values == pytest.approx({1: 0.3, 2: 0.5, 3: 0.1})
    assert study.best_value == pytest.approx(0.5)


def test_each_drive_is_scored_by_a_network_that_was_not_trained_on_it(tmp_path):
    folder = tiny.write_camvid(tmp_path, {})
    for name in ("a_0", "a_1", "b_0", "c_0"):
        tiny.write_camvid_sample(folder, "train", name)
    folds = open_folds(folder, "drive", RECIPES["citygan"])
    found = [[[pair.name for pair in half.pairs] for half in fold] for fold in folds]
    assert found == [
        [["b_0", "c_0"], ["a_0", "a_1"]],
        [["a_0", "a_1", "c_0"], ["b_0"]],
        [["a_0", "a_1", "b_0"], ["c_0"]],
    ]
    assert {(fold[0].size_px, fold[1].size_px) for fold in folds} == {(286, 256)}


def test_a_search_over_drives_says_so_on_its_page(tmp_path, capsys):
    folder = tiny.write_camvid(tmp_path / "set", {})
    for name in ("a_0", "b_0"):
        tiny.write_camvid_sample(folder, "train", name)
    assert search(folder, tmp_path, 1, folds="drive") == 0
    page = (tmp_path / "results" / "README.md").read_text()
    assert "SSIM of its best epoch on each training drive in turn, by a network trained on the others" in page
    assert search(folder, tmp_path, 2) == 1
    assert "holds a search where folds was 'drive'; use another --out" in capsys.readouterr().err


def test_a_refusal_names_all_that_differs(tmp_path):
    open_study(tmp_path, "tpe", (8,), ABOUT)
    with pytest.raises(CityGANError, match=r"epochs was 2, widths was \[8\]"):
        open_study(tmp_path, "tpe", (16,), ABOUT | {"epochs": 3})
