"""README.md, table.csv and table.png say what the records say, and what they lack."""

import csv
import shlex
from functools import wraps

import pytest
from PIL import Image

from citygan import __main__ as commands
from citygan.paper import chart
from citygan.paper.chart import subtitle
from citygan.paper.findings import findings, trust
from citygan.paper.records import write_record
from citygan.paper.report import EARLIER, write_results
from citygan.paper.seeds import Difference, Part, difference, figure, read_records, unseen_part
from citygan.paper.systems import ROWS
from citygan.paper.table import table

COMMAND = "python train.py table --data DATA --epochs 20 --width 16 --no-pretrained --seeds 2"
FCN = {"pixel_accuracy": 0.66, "class_accuracy": 0.23, "class_iou": 0.17}
REAL = {"pixel_accuracy": 0.8, "class_accuracy": 0.26, "class_iou": 0.21}
DRIVES = {  # photos of each split: those of CamVid
    "train": {"0001TP": 62, "0006R0": 101, "0016E5": 204},
    "val": {"0016E5": 101},
    "test": {"0001TP": 62, "Seq05VD": 171},
}


def scores(split: str, ssim: float) -> dict:
    """The scores of a split whose mean SSIM this is; drives of training are better by 0.1."""
    sizes = DRIVES[split]
    seen = {drive: drive in DRIVES["train"] and len(sizes) == 2 for drive in sizes}
    total, known = sum(sizes.values()), sum(n for drive, n in sizes.items() if seen[drive])
    base = ssim - 0.1 * known / total
    return {
        "photos": total,
        "ssim": ssim,
        "psnr": 18.5,
        "fcn": FCN,
        "fcn_of_real_photos": REAL,
        "by_drive": {d: {"photos": n, "ssim": base + 0.1 * seen[d]} for d, n in sizes.items()},
    }


def record(name: str, ssim: float, seed: int = 0, **changes) -> dict:
    """A record with this test SSIM, 0.1 more on validation, and 0.2 more on training."""
    row = ROWS[name]
    config = row.config(epochs=20, width=16, pretrained=False, backbone=None)
    last = {s: scores(s, ssim + d) for s, d in (("train", 0.2), ("val", 0.1), ("test", 0.0))}
    best = {s: scores(s, ssim + d) for s, d in (("val", 0.12), ("test", 0.02))}
    return {
        "name": name,
        "seed": seed,
        "recipe": row.recipe,
        "config": vars(config) | {"seed": seed},
        "dataset": "CamVid",
        "epochs": 20,
        "images_seen": 7340,
        "training_seconds": 3700,
        "hardware": "1 CPU core (x86_64)",
        "precision": "no",
        "parameters": 54_410_000,
        "definitions": {"ssim": "as the tests say"},
        "weights": {
            "last": {"epoch": 20, "averaged": config.ema_decay > 0, "sha256": "0" * 64, "scores": last},
            "best": {"epoch": 7, "averaged": config.ema_decay > 0, "sha256": "1" * 64, "scores": best},
        },
    } | changes


def records_of(**ssims: float | tuple[float, ...]) -> dict[str, dict[int, dict]]:
    """Records of rows by their test SSIM, of one seed or of each seed."""
    found = {}
    for name, values in ssims.items():
        name, values = name.replace("_", "-"), values if isinstance(values, tuple) else (values,)
        found[name] = {seed: record(name, ssim, seed) for seed, ssim in enumerate(values)}
    return found


@pytest.fixture
def results(tmp_path):
    """A table of two of the paper's systems, citygan, ours and one row of a sweep."""
    rows = records_of(
        enhanced_bce=(0.38, 0.42),
        baseline_bce=(0.3, 0.3),
        citygan=(0.35, 0.36),
        citygan_plus=(0.42, 0.42),
        literature_mse=0.31,
        baseline_bce_l1_50=(0.26, 0.28),
    )
    for name, seeds in rows.items():
        for seed, made in seeds.items():
            write_record(tmp_path, f"{name}-seed{seed}", made)
    write_results(tmp_path, COMMAND)
    return tmp_path


def lines_with(results, text: str) -> list[str]:
    return [line for line in (results / "README.md").read_text().splitlines() if text in line]


# README.md


def test_the_table_has_the_mean_and_the_deviation_of_the_last_epoch_beside_the_papers(results):
    ssims = "0.600 ± 0.028 | 0.500 ± 0.028 | 0.400 ± 0.028 | 0.373 ± 0.028"
    assert lines_with(results, "| Enhanced baseline |") == [
        f"| Enhanced baseline | `enhanced-bce` | {ssims} | 0.820 / 0.536 / 0.535 | 2 | plain |"
    ]
    assert lines_with(results, "| ours, for SSIM |")[0].endswith("| – | 2 | average |")
    header = lines_with(results, "| system | recipe |")[0]
    assert "| SSIM train | SSIM val | SSIM test | SSIM test, Seq05VD |" in header


def test_the_best_epoch_stands_beside_the_last(results):
    line = lines_with(results, "| `enhanced-bce` | 7, 7 |")[0]
    assert line.startswith(
        "| `enhanced-bce` | 7, 7 | 0.520 ± 0.028 | 0.420 ± 0.028 | 0.393 ± 0.028 | 20 | 16 |"
    )
    assert line.endswith("| 54.41 M | 1 h 02 min | 1 CPU core (x86_64) |")
    fcn = "| 18.50 dB | 0.660 / 0.230 / 0.170 |"
    assert lines_with(results, f"| `enhanced-bce` {fcn}")
    assert "0.800 / 0.260 / 0.210" in lines_with(results, "| the real photos |")[0]


def test_a_row_without_published_weights_is_called_what_it_is(results):
    assert lines_with(results, "| U-Net-256 from random weights | `literature-mse` |")
    assert lines_with(results, "| Pre-trained from PyTorch | `deeplab-bce` | not trained yet |")


def test_a_sweep_has_the_difference_to_its_system_at_the_same_epoch_with_the_same_seeds(results):
    fcn = " / ".join(f"{value:.3f}" for value in FCN.values())
    ssims = "0.370 ± 0.014 | 0.270 ± 0.014 | 0.243 ± 0.014"
    assert lines_with(results, f"| L1 weight 50 | `baseline-bce-l1-50` | {ssims} | -0.030 | {fcn} | 2 |")
    assert lines_with(results, "| L1 weight 100 | `baseline-bce` |")[0].endswith(f"| – | {fcn} | 2 |")
    assert lines_with(results, "| `baseline-bce-l1-75` | not trained yet |")


def test_the_page_names_the_command_that_makes_it_and_the_command_is_one(results, monkeypatch):
    words = shlex.split((results / "README.md").read_text().split("```sh\n")[1].split("\n```")[0])
    assert shlex.join(words) == COMMAND
    asked = {}

    @wraps(table)
    def only_noted(*_, **flags) -> None:
        asked.update(flags)

    monkeypatch.setitem(commands.COMMANDS, "table", only_noted)
    assert commands.main(words[2:]) == 0
    assert {k: asked[k] for k in ("epochs", "width", "pretrained", "seeds")} == {
        **{"epochs": 20, "width": 16, "pretrained": False, "seeds": 2}
    }


def test_the_page_says_which_drives_measure_memory(results):
    text = (results / "README.md").read_text()
    assert (
        "Of the val split, 101 of 101 photos are of the drive 0016E5, which is also 204 of the 367 training "
        "photos (56%): their figures measure memory." in text
    )
    assert "Of the test split, 62 of 233 photos are of the drive 0001TP, which is also 62 of the 367" in text
    assert "Seq05VD is in neither training nor validation: its column is the one to trust." in text


def test_lpips_is_left_out_with_its_reason(results):
    assert len(lines_with(results, "LPIPS is left out: AlexNet's weights must be downloaded")) == 1


def test_rows_of_the_earlier_protocol_stand_apart_until_they_are_trained_again(results):
    old = {"config": {"pretrained": False}, "best_epoch": 2, "scores": {"val": {"ssim": 0.435}}}
    for name in ("baseline-bce", "baseline-mse"):
        write_record(results, f"earlier/{name}", old)
    write_results(results, COMMAND)
    text = (results / "README.md").read_text().split(f"## {EARLIER}")[1]
    assert "| Baseline with MSE | `baseline-mse` | – / 0.435 / – | 2 |" in text
    assert "| `baseline-bce` | – / 0.435" not in text


def test_without_earlier_rows_there_is_no_such_section(results):
    assert not lines_with(results, EARLIER)


def test_an_empty_table_is_honest(tmp_path):
    write_results(tmp_path, COMMAND)
    assert lines_with(tmp_path, "No run is trained and measured yet.")
    assert (tmp_path / "table.csv").read_text().strip() == ""


# table.csv and table.png


def test_the_csv_has_a_line_for_each_run_and_its_weights_with_every_score(results):
    with (results / "table.csv").open(newline="") as stream:
        lines = {(r["name"], r["seed"], r["weights"]): r for r in csv.DictReader(stream)}
    assert len(lines) == 2 * (5 * 2 + 1)
    line = lines["enhanced-bce", "1", "last"]
    assert (line["epochs"], line["epoch"], line["width"], line["averaged"]) == ("20", "20", "16", "False")
    assert float(line["test_ssim"]) == pytest.approx(0.42)
    assert float(line["test_ssim_Seq05VD"]) == pytest.approx(0.42 - 0.1 * 62 / 233)
    assert (line["val_ssim_in_paper"], line["test_fcn_class_iou"]) == ("0.536", "0.17")
    best = lines["enhanced-bce", "1", "best"]
    assert (best["epoch"], best["train_ssim"]) == ("7", "")


def test_the_chart_says_in_itself_what_is_set_beside_what(results):
    with Image.open(results / "table.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 300
    (axis,) = chart.draw_chart(read_records(results)).axes
    assert axis.get_title() == subtitle(read_records(results))
    said = axis.get_title().splitlines()
    assert said[1] == "here: CamVid, width 16, 20 epochs, 1 to 2 seeds, last epoch"
    assert said[2] == "the paper: Cityscapes, 200 epochs"
    texts = {text.get_text() for text in axis.texts}
    assert {"0.373 ± 0.028", "0.535", "not trained yet"} <= texts


# Figures over seeds


def test_a_figure_is_the_mean_with_the_deviation_of_a_sample():
    assert str(figure(records_of(citygan=(0.3, 0.4, 0.5)), "citygan", Part("test"))) == "0.400 ± 0.100"
    assert str(figure(records_of(citygan=0.3), "citygan", Part("test"))) == "0.300"
    assert figure(records_of(citygan=0.3), "citygan-plus", Part("test")) is None


def test_the_part_to_trust_are_the_test_drives_that_training_never_showed():
    records = records_of(citygan=0.3)
    assert unseen_part(records) == Part("test", ("Seq05VD",))
    assert figure(records, "citygan", unseen_part(records)).mean == pytest.approx(0.3 - 0.1 * 62 / 233)


def test_where_training_showed_no_drive_of_the_test_split_all_of_it_is_to_trust():
    records = records_of(citygan=0.3)
    weights = records["citygan"][0]["weights"]["last"]["scores"]
    weights["train"]["by_drive"] = {"aachen": {"photos": 9, "ssim": 0.5}}
    assert unseen_part(records) == Part("test")
    assert trust(records) == ""


def test_a_difference_is_over_the_seeds_that_both_have():
    records = records_of(citygan=(0.3, 0.4, 0.9), baseline_bce=(0.2, 0.3))
    assert difference(records, "citygan", "baseline-bce", Part("test")).mean == pytest.approx(0.1)
    assert difference(records, "citygan", "enhanced-bce", Part("test")) is None


@pytest.mark.parametrize(
    ("mean", "deviation", "told"),
    [(0.03, 0.02, True), (-0.03, 0.02, True), (0.03, 0.04, False), (0.019, None, False), (0.03, None, True)],
)
def test_a_difference_is_told_where_it_is_more_than_the_seeds_spread(mean, deviation, told):
    assert Difference(mean, deviation).is_told is told


def test_records_of_another_configuration_are_not_averaged_with_the_rest(tmp_path):
    for seed, epochs in ((0, 20), (1, 20), (2, 5)):
        made = record("citygan", 0.3, seed)
        made["config"]["epochs"] = epochs
        write_record(tmp_path, f"citygan-seed{seed}", made)
    assert list(read_records(tmp_path)["citygan"]) == [0, 1]


# Findings


def said(**ssims: float | tuple[float, ...]) -> str:
    return "\n".join(findings(records_of(**ssims)))


def test_agreement_with_the_paper_is_counted_in_pairs_that_differ_by_more_than_their_seeds():
    text = said(enhanced_bce=(0.44, 0.46), enhanced_mse=(0.47, 0.47), baseline_bce=(0.2, 0.2), citygan=0.1)
    assert (
        "the paper's order is enhanced-bce > enhanced-mse > baseline-bce; here (SSIM of test, Seq05VD) it is"
        in text
    )
    assert "it is enhanced-mse > enhanced-bce > baseline-bce." in text
    assert "Of 3 pairs of systems 3 differ by more than their seeds do, and 2 of these stand" in text
    text = said(enhanced_bce=(0.40, 0.50), enhanced_mse=(0.47, 0.47), baseline_bce=(0.2, 0.2))
    assert "Of 3 pairs of systems 2 differ by more than their seeds do, and 2 of these stand" in text


def test_loss_and_network_are_compared_with_the_paper():
    text = said(
        **{"baseline_bce": (0.3, 0.3), "baseline_mse": (0.4, 0.4)},
        **{"enhanced_bce": (0.4, 0.4), "enhanced_mse": (0.5, 0.5)},
    )
    assert "on the baseline it differs by +0.100, as in the paper (+0.198)" in text
    assert "on the enhanced network it differs by +0.100, unlike in the paper (-0.073)" in text
    assert "under BCE it differs by +0.100, as in the paper (+0.234)" in text
    assert "under least squares it differs by +0.100, unlike in the paper (-0.037)" in text


def test_what_the_seeds_spread_covers_is_not_claimed():
    text = said(baseline_bce=(0.3, 0.34), baseline_mse=(0.32, 0.34), enhanced_bce=0.3, enhanced_mse=0.31)
    assert "on the baseline it differs by +0.010, within the seeds' own 0.028 (the paper: +0.198)" in text
    assert (
        "on the enhanced network it differs by +0.010, and one seed cannot tell below 0.02 (the paper: "
        "-0.073)" in text
    )


def test_weight_and_augmentation_are_set_beside_their_systems():
    text = said(baseline_bce=0.3, baseline_bce_l1_50=0.25, citygan=0.4, citygan_jitter=0.41)
    assert "after trying 50 and 75 on the baseline; its figures for those two are not known here." in text
    assert "Beside 100, L1 weight 50 differs by -0.050." in text
    assert (
        "Beside mirroring alone, mirror + colour jitter differs by +0.010, and one seed cannot tell" in text
    )
    assert "L1 weight" not in said(baseline_bce=0.3)


def test_ours_is_compared_with_the_best_of_the_others():
    text = said(citygan_plus=0.55, citygan=0.51, enhanced_bce=0.5)
    assert "**Ours.** Beside citygan, the best of the others, citygan-plus differs by +0.040." in text


def test_what_differs_from_the_paper_by_design_is_said():
    text = said(deeplab_bce=0.5, citygan=0.4, baseline_bce=0.3)
    assert "Here: data set CamVid, epochs 20, width 16, 1 seed; the paper: Cityscapes" in text
    assert "Without published weights, unlike in the paper: deeplab-bce." in text
    assert "DeepLab from random weights beside baseline-bce differs by" in text
    assert "Not trained yet: baseline-mse, literature-mse, enhanced-bce" in text
