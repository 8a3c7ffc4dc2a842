"""README.md, table.csv and table.png say what the records say, and what they lack."""

import csv

import pytest
from PIL import Image

from citygan.paper.records import write_record
from citygan.paper.report import findings, write_results
from citygan.paper.systems import ROWS, SYSTEMS

FCN = {"pixel_accuracy": 0.66, "class_accuracy": 0.23, "class_iou": 0.17}
REAL = {"pixel_accuracy": 0.8, "class_accuracy": 0.26, "class_iou": 0.21}


def record(name: str, ssim: float, **changes) -> dict:
    """A record with round figures."""
    row = ROWS[name]
    config = row.config(epochs=10, width=16, pretrained=False, backbone=None)
    scores = {"photos": 2, "psnr": 18.5, "lpips": None, "fcn": FCN, "fcn_of_real_photos": REAL}
    splits = {"train": ssim + 0.1, "val": ssim, "test": ssim - 0.1}
    return {
        "name": name,
        "recipe": row.recipe,
        "config": vars(config),
        "dataset": "CamVid",
        "epochs": 10,
        "best_epoch": 9,
        "images_seen": 3670,
        "training_seconds": 3700,
        "hardware": "2 CPU cores (x86_64)",
        "precision": "bf16",
        "parameters": 54_410_000,
        "weights_sha256": "0" * 64,
        "paper_ssim": row.paper,
        "definitions": {"ssim": "as the tests say"},
        "scores": {split: scores | {"ssim": value} for split, value in splits.items()},
    } | changes


@pytest.fixture
def results(tmp_path):
    """A table of two of the paper's systems, citygan, ours and one row of a sweep."""
    ssims = {"enhanced-bce": 0.5, "baseline-bce": 0.4, "citygan": 0.45, "citygan-plus": 0.52}
    for name, ssim in (ssims | {"baseline-bce-l1-50": 0.37}).items():
        write_record(tmp_path, record(name, ssim))
    write_results(tmp_path)
    return tmp_path


def lines_with(results, text: str) -> list[str]:
    return [line for line in (results / "README.md").read_text().splitlines() if text in line]


def test_the_table_has_our_figures_beside_the_papers(results):
    line = lines_with(results, "| Enhanced baseline | `enhanced-bce` |")[0]
    assert (
        "| 0.600 / 0.500 / 0.400 | 0.820 / 0.536 / 0.535 | 10 | 16 | 1 h 02 min | 2 CPU cores (x86_64) |"
        in line
    )
    line = lines_with(results, "| `enhanced-bce` | 18.50 dB |")[0]
    assert "| not measured | 0.660 / 0.230 / 0.170 | 54.41 M |" in line
    assert "0.800 / 0.260 / 0.210" in lines_with(results, "| the real photos |")[0]


def test_a_row_that_is_not_trained_says_so(results):
    assert "| not trained yet | 0.641 / 0.535 / 0.505 |" in lines_with(results, "`deeplab-bce` |")[0]
    assert lines_with(results, "| `baseline-bce-l1-75` | not trained yet |")


def test_a_sweep_has_the_difference_to_its_system_and_the_fcn_score(results):
    fcn = " / ".join(f"{value:.3f}" for value in FCN.values())
    assert lines_with(results, f"| L1 weight 50 | `baseline-bce-l1-50` | 0.370 | -0.030 | {fcn} | 9 |")
    assert lines_with(results, f"| L1 weight 100 | `baseline-bce` | 0.400 | – | {fcn} | 9 |")


def test_the_csv_has_a_line_for_each_trained_row_with_every_score(results):
    with (results / "table.csv").open(newline="") as stream:
        lines = {line["name"]: line for line in csv.DictReader(stream)}
    assert set(lines) == {"baseline-bce", "enhanced-bce", "citygan", "citygan-plus", "baseline-bce-l1-50"}
    line = lines["enhanced-bce"]
    assert (line["epochs"], line["width"], line["training_seconds"]) == ("10", "16", "3700")
    assert [line[f"{split}_ssim"] for split in ("train", "val", "test")] == ["0.6", "0.5", "0.4"]
    assert [line[f"{split}_ssim_in_paper"] for split in ("train", "val", "test")] == [
        "0.82",
        "0.536",
        "0.535",
    ]
    assert (line["val_lpips"], line["val_fcn_class_iou"], line["val_fcn_of_real_photos_class_iou"]) == (
        *("", "0.17", "0.21"),
    )


def test_the_chart_is_a_picture(results):
    with Image.open(results / "table.png") as chart:
        assert chart.format == "PNG"
        assert min(chart.size) > 300


def test_an_empty_table_is_honest(tmp_path):
    write_results(tmp_path)
    assert len(lines_with(tmp_path, "not trained yet")) > len(SYSTEMS)
    assert lines_with(tmp_path, "Fewer than two of the paper's systems are measured yet.")
    assert (tmp_path / "table.csv").read_text().strip() == ""


def said(**ssims) -> str:
    names = {name.replace("_", "-"): ssim for name, ssim in ssims.items()}
    return " ".join(findings({name: record(name, ssim) for name, ssim in names.items()}))


def test_agreement_with_the_paper_is_counted_in_pairs():
    text = said(enhanced_bce=0.45, enhanced_mse=0.47, baseline_bce=0.2)
    assert "the paper's order is enhanced-bce > enhanced-mse > baseline-bce; here it is" in text
    assert "here it is enhanced-mse > enhanced-bce > baseline-bce." in text
    assert "2 of 3 pairs of systems stand in the same order." in text
    assert "Furthest from its place is enhanced-bce: number 1 in the paper, 2 here." in text
    assert (
        "Nearest to its figure in the paper is enhanced-mse (+0.015), furthest from it baseline-bce (-0.124)."
        in text
    )


def test_the_same_order_is_not_called_a_difference():
    text = said(enhanced_bce=0.5, baseline_bce=0.2)
    assert "1 of 1 pairs" in text
    assert "Furthest from its place" not in text


def test_ours_is_compared_with_the_best_of_the_others():
    text = said(citygan_plus=0.52, citygan=0.51, enhanced_bce=0.5)
    gains = "at +0.010 on validation, +0.010 on test."
    assert f"stands to citygan, the best of the 2 systems that are not ours, {gains}" in text


def test_what_differs_from_the_paper_by_design_is_said():
    text = said(deeplab_bce=0.5, citygan=0.4)
    assert "Data set: CamVid; epochs: 10; width: 16 (the paper: Cityscapes, 200 epochs)." in text
    assert "Not pretrained here, unlike in the paper: deeplab-bce." in text
    assert "Not trained yet: baseline-bce, baseline-mse, literature-mse" in text
