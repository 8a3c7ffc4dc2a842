"""An evaluation scores generated photos against real ones, and what a network reads in both."""

import csv
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import draw_photo, ids_in_photo, save_checkpoint, settled_unet, write_camvid

import train
from citygan import checkpoint as checkpoints
from citygan.data.dataset import open_split
from citygan.evaluation import segmenter
from citygan.evaluation.metrics import FcnScore, compare
from citygan.evaluation.scoring import evaluate


class Reader:
    """A segmenter for drawn photos, which say what each pixel is."""

    classes = (7, 8, 11, 13, 17, 20, 21, 23, 24, 25, 26)

    def __call__(self, photos):
        ids = [ids_in_photo(p.permute(1, 2, 0).numpy()) for p in photos]
        return torch.from_numpy(np.stack(ids))


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return open_split(write_camvid(tmp_path_factory.mktemp("camvid"), {"val": 4}), "val", 48)


def all_road(label_map):
    return draw_photo(np.full_like(label_map, 7))


def test_without_lpips_and_segmenter_their_scores_are_none(samples):
    found = evaluate(all_road, samples)
    assert len(found.names) == len(found.ssim) == len(found.psnr) == 4
    assert found.lpips is found.pixel_accuracy is found.fcn_generated is found.fcn_real is None


def test_each_score_is_that_of_the_sample_of_its_name(samples):
    found = evaluate(all_road, samples, lpips=lambda photo, real: float(real.mean()))
    for i, (labels, target) in enumerate(samples):
        real = target.permute(1, 2, 0).numpy()
        assert found.names[i] == samples.pairs[i].name
        assert found.ssim[i] == compare(all_road(labels.numpy()), real).ssim
        assert found.lpips[i] == real.mean()


def test_photos_that_show_their_labels_have_a_perfect_fcn_score(samples):
    found = evaluate(draw_photo, samples, segmenter=Reader())
    assert found.fcn_generated == FcnScore(1, 1, 1)
    assert found.pixel_accuracy == pytest.approx(np.ones(4))


def test_photos_that_show_something_else_score_below_the_real_ones(samples):
    found = evaluate(all_road, samples, segmenter=Reader())
    labels = np.stack([m.numpy() for m, _ in samples])
    share_of_road = (labels == 7).sum() / (labels != 0).sum()
    assert found.fcn_generated.pixel_accuracy == pytest.approx(share_of_road)
    assert found.fcn_generated.class_accuracy == pytest.approx(1 / len(np.unique(labels[labels != 0])))
    assert found.fcn_generated.class_iou < found.fcn_real.class_iou < 1  # resizing blends some real pixels


def test_a_map_without_labels_has_no_pixel_accuracy_and_changes_no_score():
    labels = torch.zeros(2, 48, 48, dtype=torch.uint8)
    labels[0] = 7
    photos = [torch.from_numpy(draw_photo(m.numpy())).permute(2, 0, 1) for m in labels]

    class Samples(list):
        pairs = (SimpleNamespace(name="road"), SimpleNamespace(name="nothing"))

    found = evaluate(draw_photo, Samples(zip(labels, photos, strict=True)), segmenter=Reader())
    assert found.pixel_accuracy[0] == 1
    assert np.isnan(found.pixel_accuracy[1])
    assert found.fcn_generated == FcnScore(1, 1, 1)


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """`train.py evaluate` of a tiny checkpoint over four samples, with a segmenter that knows nothing."""
    folder = tmp_path_factory.mktemp("evaluate")
    model = save_checkpoint(folder, settled_unet(width=1))
    config = segmenter.SegmenterConfig(size_px=64)
    network = segmenter.build(config.architecture, len(Reader.classes))
    score = FcnScore(0.1, 0.1, 0.1)
    note = segmenter.SegmenterInfo("reader", config, Reader.classes, 1, score, "none", "none", "none", 1)
    segmenter.save(folder / "reader", network, note)
    data = write_camvid(folder / "camvid", {"val": 4})
    return ["evaluate", "--model", str(model), "--data", str(data), "--split", "val", "--device", "cpu"]


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """No backbone of LPIPS in torchvision's cache, and none to be had."""

    def unreachable(request):
        raise URLError("no network in tests")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", unreachable)


@pytest.mark.usefixtures("no_network")
def test_the_command_prints_writes_and_draws_the_scores(command, tmp_path, capsys):
    reader = command[2].replace("tiny", "reader")
    files = ["--csv", str(tmp_path / "scores.csv"), "--sheet", str(tmp_path / "sheet.jpg")]
    assert train.main([*command, "--segmenter", reader, "--record", *files]) == 0
    said = capsys.readouterr().out
    with (tmp_path / "scores.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 4
    mean = np.mean([float(row["ssim"]) for row in rows])
    assert f"SSIM: {checkpoints.read_info(Path(command[2])).ssim['val']:.4f}" in said
    assert checkpoints.read_info(Path(command[2])).ssim["val"] == pytest.approx(mean, abs=1e-4)
    psnr = float(said.partition("PSNR: ")[2].partition(" dB")[0])
    assert psnr == pytest.approx(np.mean([float(row["psnr"]) for row in rows]), abs=0.02)
    assert "mean over the images" in said
    assert "LPIPS: not measured (https://" in said
    assert "no network in tests" in said
    assert {row["lpips"] for row in rows} == {""}
    assert "FCN-score: generated per-pixel accuracy" in said
    assert "real      per-pixel accuracy" in said
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.width == 256


@pytest.mark.usefixtures("no_network")
def test_without_a_segmenter_the_command_says_how_to_get_one(command, capsys):
    assert train.main(command) == 0
    assert "FCN-score: not measured (train a network with train.py segmenter" in capsys.readouterr().out
