"""Grids, animations and contact sheets show their photos, and scores stand in a CSV as measured."""

import csv

import numpy as np
import pytest
from PIL import Image

from citygan.evaluation.scores import Evaluation, Reading
from citygan.evaluation.sheets import draw_animation, draw_contact_sheet, draw_grid, write_scores


def read(*right):
    """What was read in photos of four labeled pixels, so many of them right; 0 is a photo without labels."""
    counts = np.zeros((len(right), 34, 34), int)
    for i, pixels in enumerate(right):
        if pixels:
            counts[i, 7, [7, 8]] = pixels, 4 - pixels
    return Reading((7, 8), counts, counts)


def test_the_grid_shows_a_column_for_each_sample(tmp_path):
    columns = [tuple(np.full((16, 24, 3), 40 * i + 10 * j, np.uint8) for j in range(3)) for i in range(4)]
    draw_grid(columns, tmp_path / "samples" / "grid.jpg")
    with Image.open(tmp_path / "samples" / "grid.jpg") as image:
        grid = np.asarray(image).astype(int)
    assert grid.shape == (3 * 16, 4 * 24, 3)
    for i in range(4):
        for j in range(3):
            assert abs(grid[16 * j + 8, 24 * i + 12, 0] - (40 * i + 10 * j)) <= 3


def grids(folder, count):
    for i in range(count):
        draw_grid([(np.full((8, 8, 3), 255 * i // count, np.uint8),)], folder / f"epoch-{i:04d}.jpg")
    return sorted(folder.glob("epoch-*.jpg"))


@pytest.mark.parametrize(("epochs", "frames"), [(1, 1), (5, 5), (30, 12)])
def test_the_animation_has_a_frame_for_each_epoch_up_to_the_most(tmp_path, epochs, frames):
    draw_animation(grids(tmp_path, epochs), tmp_path / "samples.gif", most_frames=12)
    with Image.open(tmp_path / "samples.gif") as image:
        assert image.format == "GIF"
        assert getattr(image, "n_frames", 1) == frames


def test_the_animation_ends_with_the_last_epoch_and_rests_there(tmp_path):
    draw_animation(grids(tmp_path, 30), tmp_path / "samples.gif", most_frames=4)
    with Image.open(tmp_path / "samples.gif") as image:
        image.seek(3)
        assert abs(np.asarray(image.convert("L")).mean() - 255 * 29 / 30) < 5
        assert image.info["duration"] == 2000
        assert image.info["loop"] == 0


def test_the_scores_of_each_sample_are_a_csv(tmp_path):
    scores = Evaluation(
        ("a,b", "c"),
        np.array([0.5, 0.25]),
        np.array([20.0, np.inf]),
        np.array([0.1, 0.2]),
        read(3, 0),
    )
    write_scores(scores, tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["name", "ssim", "psnr", "lpips", "pixel_accuracy"],
            ["a,b", "0.5000", "20.00", "0.1000", "0.7500"],
            ["c", "0.2500", "inf", "0.2000", ""],
        ]


def test_a_score_that_was_not_measured_is_an_empty_cell_and_no_zero(tmp_path):
    write_scores(Evaluation(("a",), np.array([0.5]), np.array([20.0])), tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_text().splitlines()[1] == "a,0.5000,20.00,,"


@pytest.mark.parametrize(("samples", "each"), [(90, 10), (9, 3), (1, 1)])
def test_the_contact_sheet_shows_the_best_the_median_and_the_worst(tmp_path, samples, each):
    ssim = np.random.default_rng(0).permutation(np.linspace(0, 1, samples))
    scores = Evaluation(tuple(map(str, range(samples))), ssim, np.full(samples, 20.0))

    def sample(i):
        return (np.full((16, 24, 3), 250 * ssim[i], np.uint8),) * 3

    draw_contact_sheet(scores, sample, tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as image:
        assert image.format == "JPEG"
        sheet = np.asarray(image).astype(int)
    assert sheet.shape[1] == 24 * each
    row_px = len(sheet) // 3
    shown = [sheet[row_px * (row + 1) - 8, 12::24, 0] / 250 for row in range(3)]
    ranked = np.sort(ssim)[::-1]
    middle = (samples - each) // 2
    assert shown[0] == pytest.approx(ranked[:each], abs=0.02)
    assert shown[1] == pytest.approx(ranked[middle : middle + each], abs=0.02)
    assert shown[2] == pytest.approx(ranked[-each:], abs=0.02)


def test_the_contact_sheet_says_the_scores_that_were_measured(tmp_path):
    alone = Evaluation(("a",), np.array([0.5]), np.array([20.0]))
    more = Evaluation(("a",), np.array([0.5]), np.array([20.0]), np.array([0.3]), read(4))
    ink = []
    for scores in (alone, more):
        draw_contact_sheet(scores, lambda i: (np.full((16, 300, 3), 255, np.uint8),), tmp_path / "sheet.jpg")
        with Image.open(tmp_path / "sheet.jpg") as image:
            ink.append((np.asarray(image.convert("L")) < 128).sum())
    assert 0 < ink[0] < ink[1]


def test_nothing_temporary_is_left(tmp_path):
    draw_animation(grids(tmp_path, 2), tmp_path / "samples.gif")
    write_scores(Evaluation(("a",), np.array([0.5]), np.array([20.0])), tmp_path / "scores.csv")
    names = ["epoch-0000.jpg", "epoch-0001.jpg", "samples.gif", "scores.csv"]
    assert sorted(p.name for p in tmp_path.iterdir()) == names
