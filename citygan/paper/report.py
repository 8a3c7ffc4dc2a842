"""The table on paper: `README.md`, `table.csv` and `table.png`, made of the records of its rows."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import matplotlib

from citygan.files import write_atomically
from citygan.paper.records import read_record
from citygan.paper.systems import ROWS, SYSTEMS, Row
from citygan.training.recipes import RECIPES

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SPLITS = ("train", "val", "test")
FCN_NAMES = ("pixel_accuracy", "class_accuracy", "class_iou")
MISSING = "–"
Records = dict[str, dict]  # name -> record, of the rows that are trained


def write_results(results: Path) -> None:
    """Writes the three files anew from `results/rows/`."""
    found = {name: read_record(results, name) for name in ROWS}
    records = {name: record for name, record in found.items() if record}
    write_atomically(results / "README.md", lambda p: p.write_text(page(records), encoding="utf-8"))
    write_atomically(results / "table.csv", lambda p: write_csv(records, p))
    write_atomically(results / "table.png", lambda p: draw_chart(records, p))


def page(records: Records) -> str:
    """The whole of README.md."""
    parts = [
        "# Results",
        "Written by `python train.py table` from what it measured: the record of each row in `rows/`.",
        *_systems(records),
        "![Validation SSIM, ours beside the paper's](table.png)",
        "## Where the two agree, and where they don't",
        " ".join(findings(records)),
        *_sweep(records, "L1 weight", "l1", "baseline-bce", "L1 weight 100"),
        *_sweep(records, "Augmentation", "augmentation", "citygan", "mirror"),
        *_sweep(records, "One change of citygan at a time", "changes", "citygan", "citygan itself"),
        *_definitions(records),
    ]
    return "\n\n".join(parts) + "\n"


def _table(header: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ("---",) * len(header), *lines))


def _systems(records: Records) -> list[str]:
    compared = [
        (row.says, f"`{row.name}`", _ssims(records.get(row.name)), _paper(row), *_effort(records, row))
        for row in SYSTEMS
    ]
    scored = [(f"`{row.name}`", *_other_scores(records[row.name])) for row in SYSTEMS if row.name in records]
    real = next((_fcn(s["fcn_of_real_photos"]) for s in _val_scores(records) if s["fcn_of_real_photos"]), "")
    if real:
        scored.append(("the real photos", MISSING, MISSING, real, MISSING))
    effort = ("epochs", "width", "training", "hardware")
    return [
        _table(("system", "recipe", "SSIM train / val / test", "in the paper", *effort), compared),
        "The weights are those of the epoch with the best validation SSIM. Other scores, on validation:",
        _table(("recipe", "PSNR", "LPIPS", "FCN-score: pixel / class / IoU", "parameters"), scored),
    ]


def _ssims(record: dict | None) -> str:
    if not record:
        return "not trained yet"
    scores = record["scores"]
    return " / ".join(f"{scores[s]['ssim']:.3f}" if s in scores else MISSING for s in SPLITS)


def _paper(row: Row) -> str:
    return " / ".join(f"{row.paper[s]:.3f}" for s in SPLITS) if row.paper else MISSING


def _effort(records: Records, row: Row) -> tuple[str, ...]:
    record = records.get(row.name)
    if not record:
        return (MISSING,) * 4
    config = record["config"]
    width = config["backbone"] if config["generator"] == "deeplab" else str(config["width"])
    return str(record["epochs"]), width, _time(record["training_seconds"]), record["hardware"]


def _time(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"


def _other_scores(record: dict) -> tuple[str, ...]:
    scores = record["scores"].get("val")
    parameters = f"{record['parameters'] / 1e6:.2f} M"
    if not scores:
        return MISSING, MISSING, MISSING, parameters
    lpips = "not measured" if scores["lpips"] is None else f"{scores['lpips']:.3f}"
    return f"{scores['psnr']:.2f} dB", lpips, _fcn(scores["fcn"]) or "not measured", parameters


def _fcn(score: dict | None) -> str:
    return " / ".join(f"{score[name]:.3f}" for name in FCN_NAMES) if score else ""


def _val_scores(records: Records) -> list[dict]:
    return [r["scores"]["val"] for r in records.values() if "val" in r["scores"]]


def val_ssim(records: Records, name: str) -> float | None:
    """The validation SSIM of a row; None where it is not measured yet."""
    return records.get(name, {}).get("scores", {}).get("val", {}).get("ssim")


def _sweep(records: Records, title: str, group: str, reference: str, says: str) -> list[str]:
    """A sweep's rows below the system that they change, with the difference to it."""
    base = val_ssim(records, reference)
    rows = [(says, reference), *((r.says, r.name) for r in ROWS.values() if r.group == group)]
    lines = []
    for text, name in rows:
        ssim = val_ssim(records, name)
        known = ssim is not None and base is not None
        difference = f"{ssim - base:+.3f}" if known and name != reference else MISSING
        if ssim is None:
            lines.append((text, f"`{name}`", "not trained yet", *[MISSING] * 3))
        else:
            fcn = _fcn(records[name]["scores"]["val"]["fcn"]) or "not measured"
            lines.append(
                (text, f"`{name}`", f"{ssim:.3f}", difference, fcn, str(records[name]["best_epoch"]))
            )
    scores = ("val SSIM", f"to `{reference}`", "FCN-score on val", "of epoch")
    return [f"## {title}", _table(("what", "row", *scores), lines)]


def _definitions(records: Records) -> list[str]:
    found = {name: text for record in records.values() for name, text in record["definitions"].items()}
    lines = [f"- {name.upper()}: {text}." for name, text in found.items()]
    time = "- Training: wall time over all resumes, with a validation after each epoch and the sample grids."
    return ["## Definitions", "\n".join([*lines, time])]


def findings(records: Records) -> list[str]:
    """Sentences of facts: where our order and figures agree with the paper's, and what differs by design."""
    ours = {row.name: val_ssim(records, row.name) for row in SYSTEMS}
    ours = {name: ssim for name, ssim in ours.items() if ssim is not None}
    paper = {name: ROWS[name].paper["val"] for name in ours if ROWS[name].paper}
    sentences = (
        _order(paper, ours) if len(paper) > 1 else ["Fewer than two of the paper's systems are measured yet."]
    )
    return [*sentences, *_our_own(records, ours), *_conditions(records)]


def _order(paper: dict[str, float], ours: dict[str, float]) -> list[str]:
    theirs, here = (sorted(paper, key=scores.get, reverse=True) for scores in (paper, ours))
    pairs = list(combinations(paper, 2))
    agreeing = sum((paper[a] - paper[b]) * (ours[a] - ours[b]) > 0 for a, b in pairs)
    moved = max(paper, key=lambda name: abs(theirs.index(name) - here.index(name)))
    differences = {name: ours[name] - paper[name] for name in paper}
    least, most = (choose(differences, key=lambda name: abs(differences[name])) for choose in (min, max))
    sentences = [
        f"By validation SSIM the paper's order is {' > '.join(theirs)}; here it is {' > '.join(here)}.",
        f"{agreeing} of {len(pairs)} pairs of systems stand in the same order.",
    ]
    if theirs != here:
        sentences.append(
            f"Furthest from its place is {moved}: number {theirs.index(moved) + 1} in the paper, "
            f"{here.index(moved) + 1} here."
        )
    sentences.append(
        f"Nearest to its figure in the paper is {least} ({differences[least]:+.3f}), furthest from it "
        f"{most} ({differences[most]:+.3f})."
    )
    return sentences


def _our_own(records: Records, ours: dict[str, float]) -> list[str]:
    """How citygan-plus stands to the best of the others, on validation and on test."""
    others = [name for name in ours if ROWS[name].group == "paper"]
    if "citygan-plus" not in ours or not others:
        return []
    best = max(others, key=ours.get)
    gains = [f"{ours['citygan-plus'] - ours[best]:+.3f} on validation"]
    plus, other = (records[name]["scores"] for name in ("citygan-plus", best))
    if "test" in plus and "test" in other:
        gains.append(f"{plus['test']['ssim'] - other['test']['ssim']:+.3f} on test")
    return [
        f"citygan-plus stands to {best}, the best of the {len(others)} systems that are not ours, at "
        f"{', '.join(gains)}."
    ]


def _conditions(records: Records) -> list[str]:
    """What must be known before a figure is set beside the paper's."""
    systems = [records[row.name] for row in SYSTEMS if row.name in records]
    if not systems:
        return []
    kinds = {
        "Data set": {r["dataset"] for r in systems},
        "epochs": {r["epochs"] for r in systems},
        "width": {r["config"]["width"] for r in systems if r["config"]["generator"] != "deeplab"},
    }
    said = [f"{kind}: {', '.join(map(str, sorted(values)))}" for kind, values in kinds.items() if values]
    sentences = [f"{'; '.join(said)} (the paper: Cityscapes, 200 epochs)."]
    fresh = [r["name"] for r in systems if RECIPES[r["recipe"]].pretrained and not r["config"]["pretrained"]]
    if fresh:
        sentences.append(f"Not pretrained here, unlike in the paper: {', '.join(fresh)}.")
    waiting = [row.name for row in SYSTEMS if row.name not in records]
    if waiting:
        sentences.append(f"Not trained yet: {', '.join(waiting)}.")
    sentences.append("Photos are in [-1, 1] in every row; the paper has them in [0, 1] under a tanh.")
    return sentences


COLUMNS = (
    *("name", "recipe", "dataset", "epochs", "best_epoch", "images_seen", "width", "pretrained"),
    *("parameters", "training_seconds", "hardware", "precision"),
)


def write_csv(records: Records, path: Path) -> None:
    """Writes a line for each row that is trained: how it was, its scores on each split and the paper's."""
    lines = [_csv_line(record) for record in records.values()]
    names = list(dict.fromkeys(name for line in lines for name in line))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def _csv_line(record: dict) -> dict:
    line = {name: (record | record["config"])[name] for name in COLUMNS}
    for split in SPLITS:
        scores = record["scores"].get(split, {})
        line |= {f"{split}_{name}": scores.get(name) for name in ("ssim", "psnr", "lpips")}
        for kind in ("fcn", "fcn_of_real_photos"):
            line |= {f"{split}_{kind}_{name}": (scores.get(kind) or {}).get(name) for name in FCN_NAMES}
        line[f"{split}_ssim_in_paper"] = record["paper_ssim"].get(split)
    return line


def draw_chart(records: Records, path: Path) -> None:
    """Draws the validation SSIM of each system as a bar, and the paper's below it."""
    figure, axis = plt.subplots(figsize=(8, 5), layout="constrained")
    places = range(len(SYSTEMS))
    kinds = (
        (-0.2, "#0b6e99", "here", [val_ssim(records, row.name) for row in SYSTEMS]),
        (0.2, "#c9c3b8", "in the paper", [row.paper.get("val") for row in SYSTEMS]),
    )
    for shift, color, label, values in kinds:
        bars = axis.barh(
            [y + shift for y in places], [v or 0 for v in values], 0.38, color=color, label=label
        )
        axis.bar_label(bars, [MISSING if v is None else f"{v:.3f}" for v in values], padding=3, fontsize=8)
    axis.set(xlabel="validation SSIM", xlim=(0, 0.7))
    axis.set_yticks(places, [row.name for row in SYSTEMS])
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
    figure.savefig(path, format="png", dpi=110)
    plt.close(figure)
