"""The rows of the table are the paper's systems, ours, and sweeps that change one thing."""

from dataclasses import asdict

import pytest

from citygan.paper.systems import ROWS, SWEEPS, SYSTEMS, rows_to_train
from citygan.training.recipes import RECIPES

SMALL = {"epochs": 1, "width": 8, "pretrained": False, "backbone": "mobilenet_v3_large"}
PAPER = """
    baseline-bce   Baseline                         .369 / .324 / .301
    baseline-mse   Baseline with MSE                .808 / .512 / .499
    deeplab-bce    Pre-trained from PyTorch         .641 / .535 / .505
    literature-mse Pre-trained from the literature  .621 / .510 / .511
    enhanced-bce   Enhanced baseline                .820 / .536 / .535
    enhanced-mse   Enhanced with MSE                .487 / .455 / .462
"""


def test_the_rows_hold_the_figures_of_the_paper():
    printed = {}
    for line in PAPER.strip().splitlines():
        name, *title, train, _, val, _, test = line.split()
        printed[name] = (" ".join(title), {"train": float(train), "val": float(val), "test": float(test)})
    assert {row.name: (row.says, row.paper) for row in SYSTEMS if row.paper} == printed


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_every_row_can_be_configured_small(row):
    config = row.config(**SMALL)
    assert (config.epochs, config.width, config.discriminator_width) == (1, 8, 8)
    assert not config.pretrained
    assert config.seed == 0
    assert config.backbone == ("mobilenet_v3_large" if config.generator == "deeplab" else "resnet50")


def test_without_overrides_a_system_is_its_recipe():
    config = ROWS["deeplab-bce"].config(epochs=None, width=None, pretrained=True, backbone=None)
    assert (config.epochs, config.width, config.pretrained, config.backbone) == (200, 64, True, "resnet50")


@pytest.mark.parametrize("row", SWEEPS, ids=lambda row: row.name)
def test_a_sweep_changes_its_own_fields_of_a_system_and_no_other(row):
    swept, base = asdict(row.config(**SMALL)), asdict(ROWS[row.recipe].config(**SMALL))
    assert {name: value for name, value in swept.items() if value != base[name]} == row.changes
    assert row.changes


def test_the_rows_without_published_weights_are_named_for_what_they_are():
    named = {row.name: row.without_weights for row in SYSTEMS if row.without_weights}
    assert named == {
        "deeplab-bce": "DeepLab from random weights",
        "literature-mse": "U-Net-256 from random weights",
    }
    assert named.keys() == {row.name for row in SYSTEMS if RECIPES[row.recipe].pretrained}


def test_all_systems_come_before_all_sweeps_and_citygan_first():
    rows = rows_to_train((), sweeps=True, seeds=1)
    assert {row.name for row in rows} == set(ROWS)
    assert {row.name for row in rows[: len(SYSTEMS)]} == {row.name for row in SYSTEMS}
    assert rows[0].name == "citygan"


def test_every_row_has_a_run_before_any_has_the_next():
    runs = rows_to_train(("baseline-bce", "citygan"), sweeps=True, seeds=2)
    assert [run.id for run in runs] == [
        *("citygan-seed0", "baseline-bce-seed0"),
        *("citygan-seed1", "baseline-bce-seed1"),
    ]
    assert [run.config(**SMALL).seed for run in runs] == [0, 0, 1, 1]


def test_sweeps_are_trained_unless_they_are_left_out():
    assert all(row.is_system for row in rows_to_train((), sweeps=False, seeds=1))
    assert [row.name for row in rows_to_train(("citygan-ssim",), sweeps=False, seeds=1)] == ["citygan-ssim"]
