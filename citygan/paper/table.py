"""`train.py table`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Literal

from citygan.models.deeplab import BACKBONES
from citygan.paper.records import Table
from citygan.paper.report import write_results
from citygan.paper.systems import CHANGES, ROWS, SWEEPS, SYSTEMS, Row, rows_to_train

SystemName = Literal[tuple(row.name for row in SYSTEMS)]
ChangeName = Literal[tuple(CHANGES)]
BackboneName = Literal[tuple(BACKBONES)]
RowName = Literal[tuple(ROWS)]


def table(
    data: Path,
    *,
    recipes: tuple[SystemName, ...] = (),
    sweeps: bool = True,
    changes: tuple[ChangeName, ...] = tuple(CHANGES),
    epochs: int | None = None,
    width: int | None = None,
    pretrained: bool = True,
    backbone: BackboneName | None = None,
    generator_weights: Path | None = None,
    segmenter: Path | None = None,
    test: bool = True,
    out: Path = Path("results"),
    runs: Path = Path("runs/table"),
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "no", "bf16"] = "auto",
    again: bool = False,
    check: RowName | None = None,
) -> None:
    """Trains every system that the table lacks, scores it, and writes the table; the same command goes on.

    Several processes, or machines that share the two folders, may each train their own --recipes.

    Args:
        data: The data set, in any known layout.
        recipes: Only these systems, and the sweeps over them; by default all.
        sweeps: Train the sweeps too: L1 weight, augmentation, one change of citygan at a time.
        changes: Which changes of citygan.
        epochs: Of each row; by default the recipe's.
        width: Of both networks of each row; by default the recipe's.
        pretrained: --no-pretrained starts from random weights throughout, and the results say so.
        backbone: Of deeplab-bce, by default the recipe's.
        generator_weights: Of literature-mse: a latest_net_G.pth.
        segmenter: What `train.py segmenter` made, for the FCN-score.
        test: Score the systems on the test split too, when all rows are trained.
        out: Where the table and its records go.
        runs: Where the runs are.
        device: What trains; auto is CUDA where there is one.
        precision: auto is bf16 where the machine computes in it.
        again: Forget these rows first, their runs too, and train them anew. Go on without it.
        check: Train nothing; score this row again from its checkpoint and compare it with its record.
    """
    shared = {"epochs": epochs, "width": width, "pretrained": pretrained, "backbone": backbone}
    whole = Table(data, runs, out, shared, segmenter, generator_weights, device, precision)
    if check:
        ssim = whole.check(ROWS[check])
        print(f"{check}: validation SSIM {ssim:.4f}, as its record says; the weights are the recorded ones")
        return
    rows = rows_to_train(recipes, sweeps=sweeps, changes=changes)
    for row in rows if again else ():
        whole.forget(row)
    if not _train(whole, rows):
        words = [word for word in sys.argv if word != "--again"]
        print(f"stopped and saved; go on with: python {shlex.join(words)}")
        return
    for row in rows if test else ():
        if row in SYSTEMS:
            whole.measure(row, ("test",))
    write_results(out)
    print(f"{out}/README.md: {len(rows)} rows trained")


def _train(whole: Table, rows: list[Row]) -> bool:
    """Trains and scores each row that is missing, and writes the table after it; False when stopped."""
    for row in rows:
        trained = whole.is_trained(row)
        print(f"{row.name}: {'trained already' if trained else 'training'}", flush=True)
        if not trained and not whole.train(row):
            return False
        whole.measure(row, ("val",) if row in SWEEPS else ("train", "val"))
        write_results(whole.results)
    return True
