"""`train.py table`."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Literal

from citygan.errors import CityGANError
from citygan.models.deeplab import BACKBONES
from citygan.paper.command_line import command_line
from citygan.paper.pictures import draw_run
from citygan.paper.records import Table
from citygan.paper.report import write_results
from citygan.paper.systems import ROWS, Row, rows_to_train

BackboneName = Literal[tuple(BACKBONES)]  # ty: ignore[invalid-type-form]: the names of the table
RowName = Literal[tuple(ROWS)]  # ty: ignore[invalid-type-form]: the names of the table
REFERENCE = ROWS["citygan"]  # whose training is shown


def table(
    data: Path,
    *,
    rows: tuple[RowName, ...] = (),
    sweeps: bool = True,
    seeds: int = 1,
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
    only_trained: bool = False,
    again: bool = False,
    check: RowName | None = None,
) -> None:
    """Trains every run that the table lacks, scores it, and writes the table; the same command goes on.

    A run that is complete in its folder, RUNS/ROW-seedK, is scored as it is, whoever trained it. Several
    processes, or machines that share the two folders, may each train their own --rows.

    Args:
        data: The data set, in any known layout.
        rows: Only these rows; by default all.
        sweeps: Train the sweeps too: L1 weight, augmentation, one change of citygan at a time.
        seeds: Runs of each row, with the seeds 0, 1, ...
        epochs: Of each run; by default the recipe's.
        width: Of both networks of each row; by default the recipe's.
        pretrained: --no-pretrained starts from random weights throughout, and the results say so.
        backbone: Of deeplab-bce, by default the recipe's.
        generator_weights: Of literature-mse: a latest_net_G.pth.
        segmenter: What `train.py segmenter` made, for the FCN-score.
        test: Score on the test split too.
        out: Where the table and its records go.
        runs: Where the runs are.
        device: What trains; auto is CUDA where there is one.
        precision: auto is bf16 where the machine computes in it.
        only_trained: Train nothing; score the runs that are complete, and write the table.
        again: Forget these rows first, their runs too, and train them anew. Go on without it.
        check: Train nothing; score this row's runs again from their weights and compare with their records.
    """
    asked = locals()
    defaults = {name: parameter.default for name, parameter in signature(table).parameters.items()}
    given = {name: v for name, v in asked.items() if v != defaults[name] and name != "again"}
    if again and only_trained:
        raise CityGANError("--again forgets runs and --only-trained trains none; give one of them")
    shared = {"epochs": epochs, "width": width, "pretrained": pretrained, "backbone": backbone}
    whole = Table(data, runs, out, shared, segmenter, generator_weights, device, precision)
    if check:
        for row in rows_to_train((check,), sweeps=True, seeds=seeds):
            found = ", ".join(f"{weights} {ssim:.4f}" for weights, ssim in whole.check(row).items())
            print(f"{row.id}: validation SSIM {found}, as its record says; the weights are the recorded ones")
        return
    of_all = {name: given[name] for name in (*shared, "seeds") if name in given}
    made_by = command_line("table", {"data": "DATA"} | of_all)
    chosen = rows_to_train(rows, sweeps=sweeps, seeds=seeds)
    for row in chosen if again else ():
        whole.forget(row)
    for row in chosen:
        if not _make(whole, row, only_trained=only_trained, test=test):
            print(f"stopped and saved; go on with: {command_line('table', given)}")
            return
        write_results(out, made_by)
    recorded = sum(whole.is_recorded(row) for row in chosen)
    print(f"{out}/README.md: {recorded} of {len(chosen)} runs are trained and scored")


def _make(whole: Table, row: Row, *, only_trained: bool, test: bool) -> bool:
    """Trains and scores a run where that is missing; False when stopped."""
    if whole.is_recorded(row):
        print(f"{row.id}: trained already", flush=True)
    elif whole.is_finished(row):
        print(f"{row.id}: trained already, not recorded", flush=True)
        _record(whole, row)
    elif only_trained:
        print(f"{row.id}: not trained", flush=True)
        return True
    else:
        print(f"{row.id}: training", flush=True)
        if not whole.train(row):
            return False
        _record(whole, row)
    whole.measure(row, test=test)
    return True


def _record(whole: Table, row: Row) -> None:
    if row == REFERENCE:  # before its record: with that it is done, and is not drawn again
        draw_run(whole.runs / row.id, whole.results / row.name, whole.device)
    whole.record(row)
