"""The table on paper: `README.md`, `table.csv` and `table.png`, made of the records of its runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from citygan.files import write_atomically, write_csv
from citygan.paper.chart import draw_chart
from citygan.paper.findings import findings, trust
from citygan.paper.seeds import (
    ONE_SEED_TELLS,
    Figure,
    Part,
    Records,
    count_seeds,
    difference,
    figure,
    read_records,
    says,
    unseen_part,
)
from citygan.paper.spreadsheet import FCN_NAMES, SPLITS, lines
from citygan.paper.systems import ROWS, SYSTEMS, Row

MISSING = "–"
PAPERS = "the paper's, on Cityscapes: train / val / test"
EARLIER = "Earlier: 10 epochs, one seed, best epoch by validation SSIM"
NO_LPIPS = (
    "LPIPS is left out: AlexNet's weights must be downloaded for it, which not every machine can. `python "
    "train.py evaluate` measures it where they can be had."
)


def write_results(results: Path, command: str) -> None:
    """Writes the three files anew from `results/rows/`.

    Args:
        results: The folder.
        command: What makes the table again, for the page.
    """
    records = read_records(results)
    files = sorted((results / "rows" / "earlier").glob("*.json"))
    earlier = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
    pictures = (results / "citygan" / "curves.png").is_file()
    text = page(records, {n: r for n, r in earlier.items() if n not in records}, command, pictures)
    write_atomically(results / "README.md", lambda p: p.write_text(text, encoding="utf-8"))
    write_csv(results / "table.csv", lines(records))
    chart = draw_chart(records)
    write_atomically(results / "table.png", lambda p: chart.savefig(p, format="png", dpi=110))


def page(records: Records, earlier: dict[str, dict], command: str, pictures: bool) -> str:
    """The whole of README.md.

    Args:
        records: Of the present protocol.
        earlier: Records of the one before, of rows that have none of the present one.
        command: What makes the table again.
        pictures: Whether the folder `citygan/` is there.
    """
    parts = [
        "# Results",
        "Written by this command, from what it measured (the record of each run is in `rows/`):",
        f"```sh\n{command}\n```",
        *_systems(records),
        f"![Test SSIM, ours on {_data_sets(records)} beside the paper's on Cityscapes](table.png)",
        "## Where the two agree, and where they don't",
        *findings(records),
        *_sweep(records, "L1 weight", "l1", "baseline-bce", "L1 weight 100"),
        *_sweep(records, "Augmentation", "augmentation", "citygan", "mirror"),
        *_sweep(records, "One change of citygan at a time", "changes", "citygan", "citygan itself"),
        *(_PICTURES if pictures else ()),
        *_earlier(earlier),
        *_definitions(records),
    ]
    return "\n\n".join(parts) + "\n"


def _table(header: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ("---",) * len(header), *lines))


def _data_sets(records: Records) -> str:
    return ", ".join(sorted({r["dataset"] for seeds in records.values() for r in seeds.values()}))


def _cell(found: Figure | None) -> str:
    return str(found) if found else MISSING


def _splits_and_unseen(records: Records) -> tuple[Part, ...]:
    """The columns of SSIM: each split, then the drives that training never showed, where they are a part."""
    unseen = unseen_part(records)
    return (*(Part(split) for split in SPLITS), *([unseen] if unseen.drives else []))


def _systems(records: Records) -> list[str]:
    if not records:
        return ["No run is trained and measured yet."]
    parts = _splits_and_unseen(records)
    lines = [
        (
            says(records, row.name),
            f"`{row.name}`",
            *(_cell(figure(records, row.name, part)) for part in parts),
            _paper(row),
            str(len(records[row.name])),
            _averaged(records[row.name]),
        )
        if row.name in records
        else (row.says, f"`{row.name}`", *["not trained yet"] * len(parts), _paper(row), "0", MISSING)
        for row in SYSTEMS
    ]
    header = ("system", "recipe", *(f"SSIM {part}" for part in parts), PAPERS, "seeds", "weights")
    return [
        _about(records),
        _table(header, lines),
        "Beside them, the epoch with the best validation SSIM (which validation thus flatters), and what a "
        "run is:",
        _best_and_effort(records),
        "Other scores of the weights after the last epoch, over the whole test split. The FCN-score says "
        "how well a segmentation network finds the label map in the photos, and is no measure of realism:",
        _other_scores(records),
        NO_LPIPS,
    ]


def _about(records: Records) -> str:
    """What the figures are, and which of them to trust."""
    spread = (
        "the mean ± the standard deviation over the seeds"
        if any(len(seeds) > 1 for seeds in records.values())
        else f"of one seed, which cannot tell a difference below {ONE_SEED_TELLS}"
    )
    said = (
        f"Each figure is SSIM after the **last epoch**, {spread} ({count_seeds(records)}); of the "
        "average of the weights where the recipe keeps one, else of the plain weights."
    )
    return f"{said} {trust(records)}".strip()


def _averaged(seeds: dict[int, dict]) -> str:
    return "average" if any(r["weights"]["last"]["averaged"] for r in seeds.values()) else "plain"


def _paper(row: Row) -> str:
    return " / ".join(f"{row.paper[s]:.3f}" for s in SPLITS) if row.paper else MISSING


def _best_and_effort(records: Records) -> str:
    lines = []
    for row in SYSTEMS:
        if row.name not in records:
            continue
        seeds = list(records[row.name].values())
        epochs = ", ".join(str(r["weights"]["best"]["epoch"]) for r in seeds)
        config = seeds[0]["config"]
        width = config["backbone"] if config["generator"] == "deeplab" else str(config["width"])
        best = (_cell(figure(records, row.name, part, "best")) for part in _splits_and_unseen(records)[1:])
        time = _time(sum(r["training_seconds"] for r in seeds) / len(seeds))
        hardware = ", ".join(sorted({r["hardware"] for r in seeds}))
        parameters = f"{seeds[0]['parameters'] / 1e6:.2f} M"
        lines.append(
            (f"`{row.name}`", epochs, *best, str(seeds[0]["epochs"]), width, parameters, time, hardware)
        )
    effort = ("epochs", "width", "parameters", "training", "hardware")
    columns = (f"SSIM {part}" for part in _splits_and_unseen(records)[1:])
    return _table(("recipe", "best epoch of each seed", *columns, *effort), lines)


def _time(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min" if minutes else f"{seconds:.0f} s"


def _other_scores(records: Records) -> str:
    lines = [
        (f"`{row.name}`", _mean(records, row.name, "psnr", " dB"), _fcn(records, row.name, "fcn"))
        for row in SYSTEMS
        if row.name in records
    ]
    real = next((text for n in records if (text := _fcn(records, n, "fcn_of_real_photos")) != MISSING), "")
    if real:
        lines.append(("the real photos", MISSING, real))
    return _table(("recipe", "PSNR", "FCN-score: pixel / class / IoU"), lines)


def _scores(records: Records, name: str, split: str = "test") -> list[dict]:
    """Of the last epoch, of every seed that was measured."""
    found = [r["weights"]["last"]["scores"].get(split) for r in records[name].values()]
    return [scores for scores in found if scores]


def _mean(records: Records, name: str, score: str, unit: str) -> str:
    values = [scores[score] for scores in _scores(records, name)]
    return f"{sum(values) / len(values):.2f}{unit}" if values else MISSING


def _fcn(records: Records, name: str, kind: str) -> str:
    found = [scores[kind] for scores in _scores(records, name) if scores[kind]]
    return " / ".join(f"{sum(f[n] for f in found) / len(found):.3f}" for n in FCN_NAMES) if found else MISSING


def _sweep(records: Records, title: str, group: str, reference: str, text: str) -> list[str]:
    """A sweep's rows below the system that they change, with the difference to it after the last epoch."""
    parts = _splits_and_unseen(records)[1:]
    lines = []
    for row in (ROWS[reference], *(row for row in ROWS.values() if row.group == group)):
        what = text if row.name == reference else row.says
        if row.name not in records:
            lines.append((what, f"`{row.name}`", "not trained yet", *[MISSING] * (len(parts) + 2)))
            continue
        found = None if row.name == reference else difference(records, row.name, reference, parts[-1])
        told = f"{found}{'' if found.is_told else ' (not told)'}" if found else MISSING
        ssims = (_cell(figure(records, row.name, part)) for part in parts)
        lines.append(
            (what, f"`{row.name}`", *ssims, told, _fcn(records, row.name, "fcn"), str(len(records[row.name])))
        )
    columns = (f"SSIM {part}" for part in parts)
    header = ("what", "row", *columns, f"to `{reference}` ({parts[-1]})", "FCN-score on test", "seeds")
    return [f"## {title}", "After the last epoch of each, with the same seeds.", _table(header, lines)]


_PICTURES = (
    "## How `citygan` trains",
    "Losses and validation SSIM of seed 0, the photos that its last and its best weights make of our own "
    "streets (label map, last, best), and the photos of six validation maps after each epoch:",
    "![Loss curves](citygan/curves.png)",
    "![Our own streets](citygan/samples.jpg)",
    "![The training, epoch by epoch](citygan/training.gif)",
)


def _earlier(earlier: dict[str, dict]) -> list[str]:
    if not earlier:
        return []
    lines = [
        (
            says({name: {0: record}}, name),
            f"`{name}`",
            " / ".join(f"{s[k]['ssim']:.3f}" if k in (s := record["scores"]) else MISSING for k in SPLITS),
            str(record["best_epoch"]),
        )
        for name in ROWS
        if (record := earlier.get(name))
    ]
    return [
        f"## {EARLIER}",
        "Rows that the present protocol has not reached yet. An early epoch is often the best by SSIM, since "
        "it is smooth; in `citygan` and its sweeps dropout began one decoder layer further out; one seed "
        f"cannot tell a difference below {ONE_SEED_TELLS}.",
        _table(("what", "row", "SSIM train / val / test", "best epoch"), lines),
    ]


def _definitions(records: Records) -> list[str]:
    every = [record for seeds in records.values() for record in seeds.values()]
    found = {name: text for record in every for name, text in record["definitions"].items()}
    lines = [
        *(f"- {name.upper()}: {text}." for name, text in found.items()),
        "- A difference is told where it is more than the larger standard deviation of the two rows over "
        f"their seeds; with one seed, more than {ONE_SEED_TELLS}.",
        "- Training: wall time over all resumes, with a validation after each epoch and the sample grids; "
        "runs shared their machine.",
    ]
    return ["## Definitions", "\n".join(lines)]
