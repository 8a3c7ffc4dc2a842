"""An evaluation scores generated photos against real ones, and what a network reads in both."""

import csv
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import (
    draw_photo,
    ids_in_photo,
    save_checkpoint,
    settled_street_unet,
    settled_unet,
    write_camvid,
    write_camvid_sample,
)

import train
from citygan import hub
from citygan.checkpoint import Checkpoint
from citygan.data.dataset import open_split
from citygan.evaluation import segmenter
from citygan.evaluation.evaluate import score_split
from citygan.evaluation.metrics import compare
from citygan.evaluation.scores import FcnScore


class Reader:
    """A segmenter for drawn photos, which say what each pixel is."""

    classes = (7, 8, 11, 13, 17, 20, 21, 23, 24, 25, 26)

    def __call__(self, photos):
        ids = [ids_in_photo(p.permute(1, 2, 0).numpy()) for p in photos]
        return torch.from_numpy(np.stack(ids))


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return open_split(write_camvid(tmp_path_factory.mktemp("camvid"), {"val": 4}), "val", 48)


def test_photos_of_another_size_are_also_compared_at_256(tmp_path):
    folder = write_camvid(tmp_path, {"val": 2})
    wide = open_split(folder, "val", 48, aspect=4 / 3)
    photos = []
    found = score_split(all_road, wide, photos=photos)
    assert [photo.shape for photo in photos] == [(48, 64, 3)] * 2
    for i, (_, target) in enumerate(wide):
        at_256 = compare(photos[i], target.permute(1, 2, 0).numpy(), (256, 256))
        assert (found.common[0][i], found.common[1][i]) == (at_256.ssim, at_256.psnr)
    assert found.of([1]).common[0] == found.common[0][1]
    assert score_split(all_road, open_split(folder, "val", 256)).common is None


def all_road(label_map):
    return draw_photo(np.full_like(label_map, 7))


def test_without_lpips_and_segmenter_their_scores_are_none(samples):
    found = score_split(all_road, samples)
    assert len(found.names) == len(found.ssim) == len(found.psnr) == 4
    assert found.lpips is found.pixel_accuracy is found.fcn_generated is found.fcn_real is None


def test_each_score_is_that_of_the_sample_of_its_name(samples):
    found = score_split(all_road, samples, lpips=lambda photo, real: float(real.mean()))
    for i, (labels, target) in enumerate(samples):
        real = target.permute(1, 2, 0).numpy()
        assert found.names[i] == samples.pairs[i].name
        assert found.ssim[i] == compare(all_road(labels.numpy()), real).ssim
        assert found.lpips[i] == real.mean()


def test_photos_that_show_their_labels_have_a_perfect_fcn_score(samples):
    found = score_split(draw_photo, samples, segmenter=Reader())
    assert found.fcn_generated == FcnScore(1, 1, 1)
    assert found.pixel_accuracy == pytest.approx(np.ones(4))


def test_photos_that_show_something_else_score_below_the_real_ones(samples):
    found = score_split(all_road, samples, segmenter=Reader())
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

    found = score_split(draw_photo, Samples(zip(labels, photos, strict=True)), segmenter=Reader())
    assert found.pixel_accuracy[0] == 1
    assert np.isnan(found.pixel_accuracy[1])
    assert found.fcn_generated == FcnScore(1, 1, 1)


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """`train.py evaluate` of a tiny checkpoint over four samples, with a segmenter that knows nothing."""
    folder = tmp_path_factory.mktemp("evaluate")
    model = save_checkpoint(folder, settled_unet(width=1))
    config = segmenter.SegmenterConfig(size_px=64)
    torch.manual_seed(0)
    network = segmenter.build(config.architecture, len(Reader.classes))
    score = FcnScore(0.1, 0.1, 0.1)
    note = segmenter.SegmenterInfo("reader", config, Reader.classes, 1, score, "none", "none", "none", 1)
    Checkpoint.save(folder / "reader", network, note, half=True)
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
    info = Checkpoint.find(command[2]).info
    assert f"SSIM: {info.ssim['val']:.4f} (its .json says 0.5000)" in said
    assert info.ssim["val"] == pytest.approx(mean, abs=1e-4)
    assert info.ssim_by_drive == {"val": {"val": info.ssim["val"]}}
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
def test_the_scores_of_a_folder_as_pushed_to_the_hub_stand_in_its_config(command, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, suffix in (("model", ".safetensors"), ("config", ".json")):
        shutil.copy(Path(command[2]).with_suffix(suffix), folder / f"{name}{suffix}")
    assert train.main([*command[:2], str(folder), *command[3:], "--record"]) == 0
    assert Checkpoint.find(folder).info.ssim["val"] != 0.5
    assert sorted(p.name for p in tmp_path.rglob("*.json")) == ["config.json"]


def test_the_scores_of_a_checkpoint_on_the_hub_are_refused_before_it_is_scored(
    command, tmp_path, monkeypatch, capsys
):
    cached = tmp_path / "cache" / ("c" * 40)
    cached.mkdir(parents=True)
    for name, suffix in (("model", ".safetensors"), ("config", ".json")):
        shutil.copy(Path(command[2]).with_suffix(suffix), cached / f"{name}{suffix}")
    monkeypatch.setattr(hub, "pull", lambda *_: cached)
    monkeypatch.chdir(tmp_path)
    assert train.main([*command[:2], "someone/streets", *command[3:], "--record"]) == 1
    said = capsys.readouterr()
    assert "not ours to write" in said.err
    assert "SSIM" not in said.out
    assert [p.name for p in tmp_path.iterdir()] == ["cache"]


@pytest.mark.usefixtures("no_network")
def test_without_a_segmenter_the_command_says_how_to_get_one(command, capsys):
    assert train.main(command) == 0
    assert "FCN-score: not measured (train a network with train.py segmenter" in capsys.readouterr().out


# By drive

PHOTOS = {
    "train": ("0001TP_1", "0006R0_1", "0006R0_2"),
    "val": ("0006R0_3", "0006R0_4"),
    "test": ("0001TP_2", "Seq05VD_1", "Seq05VD_2", "Seq05VD_3"),
}


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    """A data set as CamVid is: its dusk drive is in training and test, its last one in test alone."""
    folder = tmp_path_factory.mktemp("driven")
    for split, names in PHOTOS.items():
        for name in names:
            write_camvid_sample(folder, split, name)
    return folder


@pytest.fixture
def evaluated(driven, tmp_path, capsys, no_network):
    """Evaluates a tiny checkpoint and records it: what was printed, and its info then."""

    def run(*flags, drives=("0006R0",), data=driven):
        model = save_checkpoint(
            tmp_path, settled_unet(width=1), drives=drives, ssim_percentiles=(), ssim_percentiles_of=""
        )
        command = ["evaluate", "--model", str(model), "--data", str(data), "--device", "cpu", "--record"]
        assert train.main([*command, *flags]) == 0
        return capsys.readouterr().out, Checkpoint.find(model).info

    return run


def line_with(text, said):
    (line,) = [line for line in said.splitlines() if text in line]
    return line


def test_every_score_stands_by_drive_with_what_training_knew_of_it(evaluated):
    said, info = evaluated("--split", "test", "val", "train")
    assert "0001TP (1 photos, left out of training): SSIM" in said
    assert "Seq05VD (3 photos, never seen in training): SSIM" in said
    assert "0006R0 (2 photos, also in training): SSIM" in said
    assert {split: list(drives) for split, drives in info.ssim_by_drive.items()} == {
        "train": ["0001TP", "0006R0"],
        "val": ["0006R0"],
        "test": ["0001TP", "Seq05VD"],
    }
    test = info.ssim_by_drive["test"]
    assert f"SSIM {test['Seq05VD']:.4f}, PSNR" in line_with("Seq05VD (3", said)
    assert info.ssim["test"] == pytest.approx((test["0001TP"] + 3 * test["Seq05VD"]) / 4, abs=2e-4)
    assert info.ssim["val"] == info.ssim_by_drive["val"]["0006R0"]


def test_where_training_is_not_known_the_training_split_is_what_is_said(evaluated):
    said, _ = evaluated("--split", "test", drives=())
    assert "0001TP (1 photos, also in the training split): SSIM" in said
    assert "Seq05VD (3 photos, not in the training split): SSIM" in said


def test_the_scores_of_the_other_splits_stay_when_one_is_recorded(evaluated):
    _, info = evaluated("--split", "test")
    assert info.ssim.keys() == {"val", "test"}
    assert info.ssim_by_drive.keys() == {"val", "test"}


def test_percentiles_are_of_drives_that_no_training_ever_saw(evaluated, tmp_path):
    csv_file = tmp_path / "scores.csv"
    _, info = evaluated("--split", "test", "--csv", str(csv_file))
    with csv_file.open(newline="") as stream:
        strange = [float(r["ssim"]) for r in csv.DictReader(stream) if r["name"].startswith("Seq05VD")]
    assert len(strange) == 3
    assert info.ssim_percentiles_of == "3 photos of a drive it never saw"
    assert len(info.ssim_percentiles) == 101
    assert info.ssim_percentiles[0] == pytest.approx(min(strange), abs=1e-4)
    assert info.ssim_percentiles[50] == pytest.approx(np.median(strange), abs=1e-4)
    assert info.ssim_percentiles[100] == pytest.approx(max(strange), abs=1e-4)


@pytest.mark.parametrize(("split", "drives"), [("val", ("0006R0",)), ("train", ("0006R0",)), ("test", ())])
def test_without_a_photo_of_a_strange_drive_there_are_no_percentiles(evaluated, split, drives):
    _, info = evaluated("--split", split, drives=drives)
    assert info.ssim_percentiles == ()
    assert info.ssim_percentiles_of == ""


def test_folds_count_each_drive_once_over_all_splits(evaluated):
    said, info = evaluated("--split", "train", "val", "test", "--folds", "drive")
    one, two = (info.ssim_by_drive[split]["0006R0"] for split in ("train", "val"))
    seen = line_with("also in training (0006R0; 4 photos):", said)
    assert float(seen.rpartition(" ")[2]) == pytest.approx((one + two) / 2, abs=2e-4)
    strange = line_with("never seen in training (Seq05VD; 3 photos):", said)
    assert float(strange.rpartition(" ")[2]) == pytest.approx(info.ssim_by_drive["test"]["Seq05VD"], abs=1e-4)
    assert "left out of training (0001TP; 2 photos):" in said


def test_photos_whose_names_tell_no_drive_are_not_printed_as_one(evaluated, tmp_path):
    for split in ("train", "test"):
        write_camvid_sample(tmp_path / "nameless", split, "1")
    said, info = evaluated("--split", "test", data=tmp_path / "nameless")
    assert "(1 photos" not in said
    assert info.ssim_by_drive["test"] == {"all": info.ssim["test"]}
    assert info.ssim_percentiles == ()


def test_a_csv_of_several_splits_is_refused(driven, capsys):
    command = ["evaluate", "--model", "none", "--data", str(driven), "--split", "val", "test", "--csv", "a"]
    assert train.main(command) == 1
    assert "--csv and --sheet are of one split" in capsys.readouterr().err


# Judges


def figures_of(table):
    """Lines of `judge | generated | ...` -> judge: cells."""
    rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines() if " | " in line]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.slow
@pytest.mark.usefixtures("no_network")
def test_judges_see_a_wide_checkpoint_at_both_sizes_and_write_what_they_say(
    command, driven, tmp_path, capsys
):
    model = save_checkpoint(
        tmp_path,
        settled_street_unet(),
        generator="street-unet",
        arguments={"in_channels": 29, "width": 4, "depth": 6},
        encoding="classes",
        norm_statistics="instance",
        height_px=128,
        seen={7: 0.5, 21: 0.4, 17: 0.005, 0: 0.095},
    )
    reader = command[2].replace("tiny", "reader")
    file = tmp_path / "figures.json"
    flags = ["--model", str(model), "--data", str(driven), "--device", "cpu", "--segmenter", reader]
    assert train.main(["evaluate", *flags, "--judges", "--true-light", "--json", str(file)]) == 0
    said = capsys.readouterr().out
    written = json.loads(file.read_text())["splits"]["test"]
    assert written.keys() == {"all", "0001TP", "Seq05VD"}
    values = written["all"]
    assert f"at 256 x 256: SSIM {values['ssim_256']:.4f}, PSNR {values['psnr_256']:.2f} dB" in said
    guessed, told = (float(said.partition(f"{what}: SSIM ")[2][:6]) for what in ("at 256 x 256", "leaks it"))
    assert guessed != told == float(f"{written['all']['true_light']['ssim']:.4f}")
    whole, *drives = said.partition("judges (")[2].partition("0001TP ")
    found = figures_of(whole)
    sizes = [
        *(f"{px} px of 256 x 256" for px in (256, 128, 64, 32, 16)),
        *(f"{px} px of 256 x 128" for px in (128, 64, 32, 16)),
    ]
    for name in ("KID by reader", "KID by random VGG-11", *(f"SWD {size}" for size in sizes)):
        generated, floor, real = found[f"{name}, x 1e3"]
        assert float(floor) < float(generated)
        assert real == "-"
        assert f"{values['judges'][f'{name}, x 1e3']['generated']:.3f}" == generated
    assert set(values["judges"]) == set(found) - {"judge"}
    for name in ("streaks at 256 x 256", "streaks at 256 x 128", "chroma, of 255"):
        assert all(float(cell) >= 0 for cell in found[name])
    assert float(found["frame on 2 even maps, of 255"][0]) > 0  # poles are rare, and unlabeled is no class
    assert float(found["seeds 1 and 2 differ by, of 255"][0]) > 0
    by_drive = written["Seq05VD"]["judges"]
    assert "chroma, of 255" in by_drive
    assert not any("KID" in name or "SWD" in name for name in by_drive)  # of three photos
    assert "Seq05VD" in "".join(drives)


def test_a_checkpoint_without_light_has_no_true_one(driven, tmp_path, capsys):
    model = save_checkpoint(tmp_path, settled_unet(width=1))
    flags = ["--model", str(model), "--data", str(driven), "--device", "cpu"]
    assert train.main(["evaluate", *flags, "--true-light"]) == 1
    assert "is told no light; leave --true-light out" in capsys.readouterr().err


@pytest.mark.usefixtures("no_network")
def test_one_photo_is_refused_by_the_judges(driven, tmp_path, capsys):
    write_camvid_sample(tmp_path, "val", "0001TP_1")
    model = save_checkpoint(tmp_path, settled_unet(width=1))
    flags = ["--model", str(model), "--data", str(tmp_path), "--split", "val", "--device", "cpu"]
    assert train.main(["evaluate", *flags, "--judges"]) == 1
    assert "judges need at least 2 photos, got 1" in capsys.readouterr().err
