"""The table for programs: `table.csv`."""

from __future__ import annotations

from citygan.paper.records import WEIGHTS
from citygan.paper.seeds import Records
from citygan.paper.systems import ROWS

SPLITS = ("train", "val", "test")
FCN_NAMES = ("pixel_accuracy", "class_accuracy", "class_iou")
COLUMNS = (
    *("name", "seed", "recipe", "dataset", "epochs", "images_seen", "width", "pretrained"),
    *("parameters", "training_seconds", "hardware", "precision"),
)


def lines(records: Records) -> list[dict]:
    """A line for each run and its weights: how it was trained, its scores, and the paper's."""
    return [
        _line(record, weights)
        for seeds in records.values()
        for record in seeds.values()
        for weights in WEIGHTS
    ]


def _line(record: dict, weights: str) -> dict:
    about = record["weights"][weights]
    line = {name: (record | record["config"])[name] for name in COLUMNS}
    line |= {"weights": weights, "epoch": about["epoch"], "averaged": about["averaged"]}
    for split in SPLITS:
        scores = about["scores"].get(split, {})
        line |= {f"{split}_{name}": scores.get(name) for name in ("ssim", "psnr")}
        line |= {f"{split}_ssim_{drive}": part["ssim"] for drive, part in scores.get("by_drive", {}).items()}
        for kind in ("fcn", "fcn_of_real_photos"):
            line |= {f"{split}_{kind}_{name}": (scores.get(kind) or {}).get(name) for name in FCN_NAMES}
        line[f"{split}_ssim_in_paper"] = ROWS[record["name"]].paper.get(split)
    return line
