"""The table of all systems: what is still missing of it, and the record that each row leaves.

`RESULTS/rows/NAME.json` is the record of a row: all that was measured, how, and on what. `RUNS/NAME/` is its
run. A row is trained when its record has the configuration and the data set asked for, so a record outlives
its weights.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path

from citygan import checkpoint as checkpoints
from citygan.data import dataset as datasets
from citygan.errors import CityGANError
from citygan.evaluation.evaluate import score_split
from citygan.evaluation.metrics import (
    LPIPS_DEFINITION,
    PSNR_DEFINITION,
    SSIM_DEFINITION,
    Lpips,
)
from citygan.evaluation.scores import FCN_DEFINITION, Evaluation, FcnScore
from citygan.evaluation.segmenter import Segmenter
from citygan.files import write_atomically
from citygan.models.published import WeightsUnavailableError
from citygan.paper.systems import Row
from citygan.synthesis.device import find_device
from citygan.synthesis.synthesizer import Synthesizer
from citygan.training.recipes import TrainConfig
from citygan.training.run import DatasetNote, Run, open_accelerator

log = logging.getLogger(__name__)

SSIM_TOLERANCE = 1e-3  # between two measurements of the same weights, such as in bfloat16 and in float32
DEFINITIONS = {
    "ssim": SSIM_DEFINITION,
    "psnr": PSNR_DEFINITION,
    "lpips": LPIPS_DEFINITION,
    "fcn": FCN_DEFINITION,
}


def read_record(results: Path, name: str) -> dict | None:
    """The record of a row; None where there is none.

    Raises:
        CityGANError: it is damaged.
    """
    file = results / "rows" / f"{name}.json"
    if not file.is_file():
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CityGANError(f"{file} is damaged ({error}); remove it, and its row is made again") from error


def write_record(results: Path, record: dict) -> None:
    """Writes the record of the row that it names."""
    text = json.dumps(record, indent=1) + "\n"
    write_atomically(results / "rows" / f"{record['name']}.json", lambda p: p.write_text(text))


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _rounded(score: FcnScore | None) -> dict[str, float] | None:
    return score and {name: round(value, 5) for name, value in asdict(score).items()}


_open_split = cache(datasets.open_split)  # the rows share their data


@dataclass(frozen=True)
class Table:
    """A table over one data set, in its two folders. Processes may share them, each with its own rows."""

    data: Path
    runs: Path
    results: Path
    shared: dict  # the arguments of Row.config
    segmenter: Path | None = None  # of the FCN-score
    generator_weights: Path | None = None  # that a pretrained unet-256 starts from
    device: str = "auto"
    precision: str = "auto"

    def is_trained(self, row: Row) -> bool:
        """Whether the row's record has this configuration and this data set.

        A field that the record does not know had its default value when it was made.
        """
        record = read_record(self.results, row.name)
        if record is None or record["dataset"] != datasets.describe(self.data)["name"]:
            return False
        return asdict(TrainConfig()) | record["config"] == asdict(row.config(**self.shared))

    def forget(self, row: Row) -> None:
        """Removes a row's run and its record, so that it is trained from the start."""
        shutil.rmtree(self.runs / row.name, ignore_errors=True)
        (self.results / "rows" / f"{row.name}.json").unlink(missing_ok=True)

    def train(self, row: Row) -> bool:
        """Trains a row, or goes on where its run stood, and writes its record; False when it was stopped.

        Raises:
            CityGANError: its folder holds a run that was longer than this.
            TrainingError: its folder holds a run of another configuration, or a loss is not finite.
        """
        config, out = row.config(**self.shared), self.runs / row.name
        accelerator = open_accelerator(self.device, self.precision)
        note = datasets.describe(self.data)
        run = Run(
            out,
            row.recipe,
            config,
            _open_split(self.data, "train", config.load_px_max),
            _open_split(self.data, "val", config.size_px),
            DatasetNote(note["name"], note["aspect"], "as the licence of the training data demands"),
            accelerator,
            generator_weights=self.generator_weights if config.generator == "unet-256" else None,
        )
        if not run.go():
            return False
        best, last = checkpoints.read_info(out / "best"), checkpoints.read_info(out / "last")
        if last.epochs != config.epochs:
            raise CityGANError(
                f"{out} has trained for {last.epochs} epochs, not {config.epochs}; "
                "use --again or another --runs"
            )
        record = {
            "name": row.name,
            "recipe": row.recipe,
            "config": asdict(config),
            "dataset": note["name"],
            "epochs": last.epochs,
            "best_epoch": best.epochs,  # of the best validation SSIM: the one whose weights are measured
            "images_seen": last.images_seen,
            "training_seconds": round(run.seconds),
            "hardware": last.hardware,
            "precision": accelerator.mixed_precision,
            "parameters": best.parameters,
            "weights_sha256": file_sha256(out / "best.safetensors"),
            "paper_ssim": row.paper,
            "definitions": DEFINITIONS,
            "scores": {},
        }
        write_record(self.results, record)
        return not run.stopped

    def measure(self, row: Row, splits: Sequence[str]) -> None:
        """Scores a trained row on the splits where a score is missing that can be had, and records it.

        Raises:
            CityGANError: the weights are not those of its record.
        """
        record = read_record(self.results, row.name)
        missing = [split for split in splits if self._lacks(record["scores"].get(split, {}))]
        if missing and not self._weights(row).is_file():
            log.info("%s: not scored on %s, its weights are gone", row.name, ", ".join(missing))
        elif missing:
            if file_sha256(self._weights(row)) != record["weights_sha256"]:
                raise CityGANError(
                    f"{self._weights(row)} is not what the record of {row.name} says; use --again"
                )
            for split in missing:
                scores, earlier = self._score(row, split), record["scores"].get(split, {})
                record["scores"][split] = scores | {k: v for k, v in earlier.items() if scores[k] is None}
                write_record(self.results, record)

    def check(self, row: Row) -> float:
        """Scores a row on validation again; its SSIM.

        Raises:
            CityGANError: no record or no weights, other weights, or another SSIM than its record says.
        """
        record = read_record(self.results, row.name)
        if record is None or "val" not in record["scores"] or not self._weights(row).is_file():
            raise CityGANError(
                f"{row.name} needs a record in {self.results} and its weights in {self.runs}; "
                f"train it: python train.py table --recipes {row.recipe} ..."
            )
        ssim, recorded = float(self._evaluate(row, "val").ssim.mean()), record["scores"]["val"]["ssim"]
        problems = []
        if abs(ssim - recorded) > SSIM_TOLERANCE:
            problems.append(f"its validation SSIM is {ssim:.4f}, its record says {recorded:.4f}")
        sha256 = file_sha256(self._weights(row))
        if sha256 != record["weights_sha256"]:
            problems.append(f"its weights are {sha256[:12]}, its record says {record['weights_sha256'][:12]}")
        if problems:
            raise CityGANError(f"{row.name}: {'; '.join(problems)}")
        return ssim

    def _weights(self, row: Row) -> Path:
        return self.runs / row.name / "best.safetensors"

    def _lacks(self, scores: dict) -> bool:
        return (
            not scores
            or (self.segmenter is not None and scores["segmenter_sha256"] != self._segmenter_sha256)
            or (scores["lpips"] is None and self._lpips is not None)
        )

    def _score(self, row: Row, split: str) -> dict:
        found = self._evaluate(row, split, lpips=self._lpips, segmenter=self._segmenter)
        return {
            "photos": len(found.names),
            "ssim": round(float(found.ssim.mean()), 5),
            "psnr": round(float(found.psnr.mean()), 3),
            "lpips": None if found.lpips is None else round(float(found.lpips.mean()), 5),
            "fcn": _rounded(found.fcn_generated),
            "fcn_of_real_photos": _rounded(found.fcn_real),
            "segmenter_sha256": self._segmenter_sha256,
        }

    def _evaluate(self, row: Row, split: str, **others) -> Evaluation:
        synthesizer = Synthesizer(self._weights(row), self.device)
        return score_split(synthesizer, _open_split(self.data, split, synthesizer.info.height_px), **others)

    @cached_property
    def _lpips(self) -> Lpips | None:
        try:
            return Lpips(find_device(self.device))
        except WeightsUnavailableError as error:
            log.warning("LPIPS: not measured (%s)", error)
            return None

    @cached_property
    def _segmenter(self) -> Segmenter | None:
        return self.segmenter and Segmenter(self.segmenter, find_device(self.device))

    @cached_property
    def _segmenter_sha256(self) -> str | None:
        if self.segmenter is None:
            return None
        name = self.segmenter.name.removesuffix(".safetensors")
        return file_sha256(self.segmenter.with_name(f"{name}.safetensors"))
