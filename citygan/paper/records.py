"""The runs of the table: what is still missing of them, and the record that each one leaves.

`RESULTS/rows/ID.json` is the record of a run: all that was measured, how, and on what. `RUNS/ID/` is its
folder. A run is trained when its record has the configuration and the data set asked for, so a record
outlives its weights.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path

from citygan.checkpoint import Checkpoint
from citygan.data import dataset as datasets
from citygan.errors import CityGANError
from citygan.evaluation.evaluate import score_split
from citygan.evaluation.metrics import PSNR_DEFINITION, SSIM_DEFINITION
from citygan.evaluation.scores import FCN_DEFINITION, Evaluation, FcnScore
from citygan.evaluation.segmenter import Segmenter
from citygan.files import write_atomically
from citygan.models.state_file import read_state
from citygan.paper.command_line import command_line
from citygan.paper.systems import Row
from citygan.synthesis.device import find_device
from citygan.synthesis.synthesizer import Synthesizer
from citygan.training.accelerator import open_accelerator
from citygan.training.config import TrainConfig
from citygan.training.run import STATE, STATE_PARTS, Run, RunData, RunOptions

log = logging.getLogger(__name__)

SSIM_TOLERANCE = 1e-3  # between two measurements of the same weights, such as in bfloat16 and in float32
DEFINITIONS = {"ssim": SSIM_DEFINITION, "psnr": PSNR_DEFINITION, "fcn": FCN_DEFINITION}
WEIGHTS = ("last", "best")  # of the last epoch, and of the one with the best validation SSIM


def read_record(results: Path, name: str) -> dict | None:
    """The record of a run; None where there is none.

    Raises:
        CityGANError: it is damaged.
    """
    file = results / "rows" / f"{name}.json"
    if not file.is_file():
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CityGANError(f"{file} is damaged ({error}); remove it, and it is made again") from error


def write_record(results: Path, name: str, record: dict) -> None:
    """Writes the record of the run of that name."""
    text = json.dumps(record, indent=1) + "\n"
    write_atomically(results / "rows" / f"{name}.json", lambda p: p.write_text(text))


def splits_of(row: Row, weights: str) -> tuple[str, ...]:
    """What some weights of a row are scored on: a system on all, a sweep to be set beside its system."""
    if weights == "last":
        return ("train", "val", "test") if row.is_system else ("val", "test")
    return ("val", "test") if row.is_system else ("val",)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_open_split = cache(datasets.open_split)  # the runs share their data


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

    def is_recorded(self, row: Row) -> bool:
        """Whether the run's record has this configuration and this data set."""
        record = read_record(self.results, row.id)
        if record is None or record["dataset"] != self._data_name:
            return False
        return _filled(record["config"]) == asdict(row.config(**self.shared))

    def is_finished(self, row: Row) -> bool:
        """Whether the run's folder holds a complete run of this configuration, whoever trained it.

        Raises:
            CityGANError: it is of another data set, or longer.
        """
        config, out = row.config(**self.shared), self.runs / row.id
        if not (out / STATE).is_file():
            return False
        saved = read_state(out / STATE, STATE_PARTS)
        epochs, step = (saved["position"][name] for name in ("epoch", "step"))
        alike = _filled(saved["config"]) | {"epochs": config.epochs} == asdict(config)
        if not alike or epochs < config.epochs:
            return False
        if epochs > config.epochs or step:
            raise CityGANError(
                f"{out} has trained for {epochs} epochs, not {config.epochs}; use --again or another --runs"
            )
        trained_on = Checkpoint.find(out / "last").info.dataset
        if trained_on != self._data_name:
            raise CityGANError(f"{out} is of {trained_on}, not {self._data_name}; use another --runs")
        return True

    def forget(self, row: Row) -> None:
        """Removes a run and its record, so that it is trained from the start."""
        shutil.rmtree(self.runs / row.id, ignore_errors=True)
        (self.results / "rows" / f"{row.id}.json").unlink(missing_ok=True)

    def train(self, row: Row) -> bool:
        """Trains a row, or goes on where its run stood; False when it was stopped.

        Raises:
            TrainingError: its folder holds a run of another configuration, or a loss is not finite.
        """
        config, note = row.config(**self.shared), datasets.describe(self.data)
        train_set = _open_split(self.data, "train", config.load_px_max)
        val_set = _open_split(self.data, "val", config.size_px)
        data = RunData(train_set, val_set, note["name"], note["aspect"])
        weights = self.generator_weights if config.pretrained and config.generator == "unet-256" else None
        options = RunOptions(self.runs / row.id, row.recipe, generator_weights=weights)
        run = Run(config, data, options, open_accelerator(self.device, self.precision))
        return run.go() and not run.stopped

    def record(self, row: Row) -> None:
        """Writes the record of a finished run, without scores."""
        out = self.runs / row.id
        saved = read_state(out / STATE, STATE_PARTS)
        last = Checkpoint.find(out / "last").info
        weights = {
            which: {
                "epoch": Checkpoint.find(out / which).info.epochs,
                "averaged": saved["config"]["ema_decay"] > 0,
                "sha256": file_sha256(self._weights(row, which)),
                "scores": {},
            }
            for which in WEIGHTS
        }
        record = {
            "name": row.name,
            "seed": row.seed,
            "recipe": row.recipe,
            "config": asdict(row.config(**self.shared)),
            "dataset": last.dataset,
            "epochs": last.epochs,
            "images_seen": last.images_seen,
            "training_seconds": round(saved["seconds"]),
            "hardware": last.hardware,
            "precision": saved.get("precision"),  # None where it was trained before this was noted
            "parameters": last.parameters,
            "definitions": DEFINITIONS,
            "weights": weights,
        }
        write_record(self.results, row.id, record)

    def measure(self, row: Row, *, test: bool = True) -> None:
        """Scores a recorded run where a score is missing that can be had, and records it.

        Args:
            row: Which.
            test: On the test split, too.

        Raises:
            CityGANError: there is no record, or the weights are not those that it names.
        """
        record = read_record(self.results, row.id)
        if record is None:
            raise CityGANError(f"{row.id} has no record in {self.results}; train it first")
        for which, about in record["weights"].items():
            splits = [split for split in splits_of(row, which) if test or split != "test"]
            missing = [split for split in splits if self._lacks(about["scores"].get(split))]
            if missing and not self._weights(row, which).is_file():
                log.info("%s: %s is not scored on %s, it is gone", row.id, which, ", ".join(missing))
                continue
            if missing and file_sha256(self._weights(row, which)) != about["sha256"]:
                raise CityGANError(
                    f"{self._weights(row, which)} is not what the record of {row.id} says; use --again"
                )
            for split in missing:
                known = self._known(record["weights"], about["sha256"], split)
                about["scores"][split] = known or self._score(row, which, split)
                write_record(self.results, row.id, record)

    def _known(self, weights: dict[str, dict], sha256: str, split: str) -> dict | None:
        """The score of the same weights under their other name."""
        twins = [about["scores"].get(split) for about in weights.values() if about["sha256"] == sha256]
        return next((scores for scores in twins if not self._lacks(scores)), None)

    def check(self, row: Row) -> dict[str, float]:
        """Scores both weights of a run on validation again; their SSIM.

        Raises:
            CityGANError: no record or no weights, other weights, or another SSIM than the record says.
        """
        record = read_record(self.results, row.id)
        files = [self._weights(row, which) for which in WEIGHTS]
        if record is None or not all(file.is_file() for file in files):
            raise CityGANError(
                f"{row.id} needs a record in {self.results} and its weights in {self.runs}; make both with: "
                f"{self._command(row, record)}"
            )
        found, problems = {}, []
        for which, file in zip(WEIGHTS, files, strict=True):
            about = record["weights"][which]
            found[which] = float(self._evaluate(row, which, "val").ssim.mean())
            recorded = about["scores"]["val"]["ssim"]
            if abs(found[which] - recorded) > SSIM_TOLERANCE:
                said = f"{found[which]:.4f}, its record says {recorded:.4f}"
                problems.append(f"the validation SSIM of its {which} weights is {said}")
            sha256 = file_sha256(file)
            if sha256 != about["sha256"]:
                problems.append(f"{file} is {sha256[:12]}, its record says {about['sha256'][:12]}")
        if problems:
            raise CityGANError(f"{row.id}: {'; '.join(problems)}")
        return found

    def _command(self, row: Row, record: dict | None) -> str:
        """What trains this run, and the same row's runs before it."""
        config = TrainConfig(**_filled(record["config"])) if record else row.config(**self.shared)
        flags: dict = {"data": self.data, "rows": (row.name,), "epochs": config.epochs, "width": config.width}
        if config.generator == "deeplab":
            flags["backbone"] = config.backbone
        flags |= {"pretrained": config.pretrained, "seeds": row.seed + 1}
        flags |= {"out": self.results, "runs": self.runs} | ({"again": True} if record else {})
        return command_line("table", flags)

    def _weights(self, row: Row, which: str) -> Path:
        return self.runs / row.id / f"{which}.safetensors"

    def _lacks(self, scores: dict | None) -> bool:
        return not scores or (
            self.segmenter is not None and scores["segmenter_sha256"] != self._segmenter_sha256
        )

    def _score(self, row: Row, which: str, split: str) -> dict:
        found = self._evaluate(row, which, split, segmenter=self._segmenter)
        samples = _open_split(self.data, split, row.config(**self.shared).size_px)
        return {
            "photos": len(found.names),
            "ssim": round(float(found.ssim.mean()), 5),
            "psnr": round(float(found.psnr.mean()), 3),
            "fcn": _rounded(found.fcn_generated),
            "fcn_of_real_photos": _rounded(found.fcn_real),
            "segmenter_sha256": self._segmenter_sha256,
            "by_drive": {
                drive: {"photos": len(indices), "ssim": round(float(found.ssim[indices].mean()), 5)}
                for drive, indices in datasets.drives(samples).items()
            },
        }

    def _evaluate(self, row: Row, which: str, split: str, **others) -> Evaluation:
        synthesizer = Synthesizer(self._weights(row, which), self.device)
        return score_split(synthesizer, _open_split(self.data, split, synthesizer.info.height_px), **others)

    @cached_property
    def _data_name(self) -> str:
        return datasets.describe(self.data)["name"]

    @cached_property
    def _segmenter(self) -> Segmenter | None:
        return None if self.segmenter is None else Segmenter(self.segmenter, find_device(self.device))

    @cached_property
    def _segmenter_sha256(self) -> str | None:
        return file_sha256(self._segmenter.weights) if self._segmenter else None


def _filled(config: dict) -> dict:
    """A saved configuration with the fields that it does not know, which had their defaults."""
    return asdict(TrainConfig()) | config


def _rounded(score: FcnScore | None) -> dict[str, float] | None:
    return None if score is None else {name: round(value, 5) for name, value in asdict(score).items()}
