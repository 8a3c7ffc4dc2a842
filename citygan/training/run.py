"""One training run and its folder: resuming, saving, sample grids and the log.

`OUT/` holds `state.pt` (the training state), `best` and `last` (checkpoints), `metrics.csv`, `tensorboard/`,
`curves.png`, `samples/epoch-0001.jpg` ... and `samples.gif`.
"""

from __future__ import annotations

import logging
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from tqdm import tqdm

from citygan import palette
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.data import dataset as datasets
from citygan.data.dataset import LabelPhotoSet
from citygan.evaluation.metrics import SSIM_DEFINITION
from citygan.evaluation.sheets import draw_animation, draw_grid
from citygan.files import remove_leftovers, write_atomically
from citygan.models.encoding import encode_labels
from citygan.models.light import light_of
from citygan.models.state_file import read_state
from citygan.synthesis.device import hardware
from citygan.training.config import TrainConfig
from citygan.training.log import RunLog, draw_curves
from citygan.training.loop import EpochDone, StepDone, train
from citygan.training.networks import generator_arguments
from citygan.training.state import TrainState

log = logging.getLogger(__name__)

STATE, STATE_PARTS = "state.pt", ("config", "position")
WEIGHTS_LICENSE = "as the licence of the training data demands"


@dataclass(frozen=True)
class RunData:
    """What a run trains on, and what its checkpoints say of that."""

    train_set: LabelPhotoSet
    val_set: LabelPhotoSet
    name: str
    aspect: float  # width / height of the photos
    license: str = WEIGHTS_LICENSE  # of weights trained on it


@dataclass(frozen=True)
class RunOptions:
    """Where a run lives, where it starts from, and how it is done."""

    out: Path
    recipe: str  # the name of the recipe that its configuration comes from
    save_minutes: float = 5.0  # between saves of the training state inside an epoch
    samples: int = 6  # validation maps that are drawn after each epoch
    start_from: Path | None = None  # the folder of a run whose networks this one trains on
    generator_weights: Path | None = None  # a checkpoint or another project's file, for the generator alone
    compile: bool = True  # see `train`
    workers: int = 2  # processes that read ahead where the training set is not in memory
    validate_every: int = 1  # epochs between validations, which save checkpoints and draw samples


class Run:
    """A run in its folder: `Run(...).go()` starts it, or goes on where it stood.

    Args:
        config: What it computes.
        data: What it trains on.
        options: Where and how.
        accelerator: The device and the other processes.

    Raises:
        CityGANError: the folder belongs to another configuration, or its state is damaged; or what the run
            should start from does not fit.
    """

    def __init__(self, config: TrainConfig, data: RunData, options: RunOptions, accelerator: Accelerator):
        self.config, self.data, self.options, self.accelerator = config, data, options, accelerator
        self.out, self.state_file = options.out, options.out / STATE
        self.state = TrainState(config, accelerator)
        self.seconds_before, self.started = 0.0, time.monotonic()
        self.stopped = False
        if self.state_file.is_file():
            saved = read_state(self.state_file, STATE_PARTS)
            self.state.load_state_dict(saved)
            self.seconds_before = saved.get("seconds", 0.0)
            log.info("resuming %s at epoch %d, step %d", self.out, self.state.epoch + 1, self.state.step)
        elif options.start_from:
            self.state.start_from(read_state(options.start_from / STATE, STATE_PARTS))
        else:
            self.state.start_generator(options.generator_weights)
        data.train_set.to(accelerator.device)
        if accelerator.is_main_process:
            for folder in (self.out, self.out / "samples"):
                remove_leftovers(folder)
        # the main process alone writes
        self.run_log = RunLog(self.out, self.state.epoch) if accelerator.is_main_process else None
        self.best_ssim = (
            max((row["val_ssim"] for row in self.run_log.rows), default=-1.0) if self.run_log else -1.0
        )

    def go(self) -> bool:
        """Trains to the last epoch; False when Ctrl-C or SIGTERM stopped it earlier, with everything saved.

        Raises:
            TrainingError: a loss is not finite.
            OSError: the disk is full; what was saved before is whole.
        """
        earlier = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            return self._train()
        finally:
            for s, handler in earlier.items():
                signal.signal(s, handler)

    @property
    def seconds(self) -> float:
        """Wall time of this run until now, validation included, over all resumes."""
        return self.seconds_before + time.monotonic() - self.started

    @property
    def drives(self) -> tuple[str, ...]:
        """The drives that the generator has seen, also in the run that it started from; none where that run
        did not note its own."""
        own, earlier = set(datasets.drives(self.data.train_set)), self.state.started_from
        if earlier is None:
            return tuple(sorted(own))
        noted = earlier.get("drives")
        return tuple(sorted(own | set(noted))) if noted else ()

    def _stop(self, *_) -> None:
        self.stopped = True

    def _stopped_anywhere(self) -> bool:
        """Whether any process got a signal, so that all stop after the same step."""
        if self.accelerator.num_processes == 1:
            return self.stopped
        flag = torch.tensor(float(self.stopped), device=self.accelerator.device)
        return self.accelerator.reduce(flag, "sum").item() > 0

    def _train(self) -> bool:
        sets, options = (self.data.train_set, self.data.val_set), self.options
        events = train(
            self.state,
            *sets,
            compile=options.compile,
            workers=options.workers,
            validate_every=options.validate_every,
        )
        saved_at = time.monotonic()
        with _ProgressBar(self.config.epochs, self.accelerator.is_main_process) as bar:
            for event in events:
                if isinstance(event, StepDone):
                    bar.step(event)
                    due = time.monotonic() - saved_at > 60 * self.options.save_minutes
                else:
                    bar.epoch(event)
                    self._finish_epoch(event)
                    due = True
                stop = self._stopped_anywhere()
                if due or stop:
                    self._save_state()
                    saved_at = time.monotonic()
                if stop:
                    return self.state.epoch >= self.config.epochs
        return True

    def _save_state(self) -> None:
        if self.accelerator.is_main_process:
            state = self.state.state_dict() | {"seconds": self.seconds, "drives": self.drives}
            write_atomically(self.state_file, lambda p: torch.save(state, p))

    def _finish_epoch(self, event: EpochDone) -> None:
        if self.run_log is None:
            return
        generator = self.state.inference_generator()
        info = self._info(event)
        trained = self.state.trained_generator()
        Checkpoint.save(self.out / "last", trained, info)
        if event.val_ssim > self.best_ssim:
            self.best_ssim = event.val_ssim
            Checkpoint.save(self.out / "best", trained, info)
        losses = {f"loss/{name}": value for name, value in event.losses.items()}
        self.run_log.add(
            {"epoch": event.epoch, "images_seen": event.images_seen, "val_ssim": event.val_ssim}
            | {"learning_rate": event.learning_rate}
            | losses
        )
        draw_curves(self.run_log.rows, self.out / "curves.png")
        draw_grid(self._sample(generator), self.out / "samples" / f"epoch-{event.epoch:04d}.jpg")
        grids = sorted((self.out / "samples").glob("epoch-*.jpg"))
        draw_animation(grids, self.out / "samples.gif")

    @torch.no_grad()
    def _sample(self, generator: torch.nn.Module) -> list[tuple[np.ndarray, ...]]:
        """Columns of label map, generated and real photo of fixed, evenly spread validation samples."""
        count = min(self.options.samples, len(self.data.val_set))
        columns = []
        torch.manual_seed(self.config.seed)
        for i in np.linspace(0, len(self.data.val_set) - 1, count).round().astype(int):
            labels, target = self.data.val_set[int(i)]
            photo = generator(encode_labels(labels[None], self.config.encoding).to(self.accelerator.device))
            photo = photo[0].float().add(1).mul(127.5).round().clamp(0, 255).byte().cpu()
            columns.append(
                (palette.colorize(labels.numpy()), *(p.permute(1, 2, 0).numpy() for p in (photo, target)))
            )
        return columns

    def _info(self, event: EpochDone) -> CheckpointInfo:
        arguments = generator_arguments(self.config)
        light = light_of(self.state.trained_generator())
        earlier = self.state.started_from
        recipe = {"name": self.options.recipe} | asdict(self.config)
        val_ssim, val_drives = round(event.val_ssim, 4), datasets.drives(self.data.val_set)
        return CheckpointInfo(
            name=self.out.name,
            generator=self.config.generator,
            arguments=arguments,
            encoding=self.config.encoding,
            norm_statistics=self.config.norm_statistics,
            dropout_at_inference=self.config.inference_dropout,
            height_px=self.config.size_px,
            width_px=self.config.width_px,
            aspect=self.data.aspect,
            dataset=self.data.name,
            license=self.data.license,
            recipe=recipe | ({"started_from": earlier} if earlier else {}),
            seen=self.data.train_set.shares,
            drives=self.drives,
            images_seen=event.images_seen,
            epochs=event.epoch + (earlier["epochs"] if earlier else 0),
            hardware=hardware(self.accelerator.device, self.accelerator.num_processes),
            parameters=sum(p.numel() for p in self.state.trained_generator().parameters()),
            ssim={"val": val_ssim},
            ssim_by_drive={"val": dict.fromkeys(val_drives, val_ssim)} if len(val_drives) == 1 else {},
            ssim_definition=SSIM_DEFINITION,
            lights=light.named() if light else {},
        )


class _ProgressBar:
    """One bar over the steps of an epoch, with the losses and images a second."""

    def __init__(self, epochs: int, enabled: bool):
        self.epochs, self.enabled = epochs, enabled
        self.bar: tqdm | None = None  # of the epoch at hand
        self.at = -1  # which that is
        self.started, self.images_before = 0.0, 0

    def __enter__(self) -> _ProgressBar:
        return self

    def __exit__(self, *_) -> None:
        self._end()

    def _end(self) -> None:
        if self.bar:
            self.bar.close()
            self.bar = None

    def step(self, event: StepDone) -> None:
        if event.epoch != self.at:  # an epoch without validation says nothing of its end
            self._end()
        if self.bar is None:
            self.at = event.epoch
            title = f"epoch {event.epoch + 1}/{self.epochs}"
            self.bar = tqdm(
                total=event.steps, desc=title, disable=not self.enabled, unit="step", dynamic_ncols=True
            )
            self.bar.initial = self.bar.n = event.step
            self.started, self.images_before = time.monotonic(), event.images_seen
        self.bar.update(event.step - self.bar.n)
        seconds = time.monotonic() - self.started
        rate = (event.images_seen - self.images_before) / seconds if seconds > 0 else 0.0
        losses = {name: f"{value:.3f}" for name, value in event.losses.items()}
        self.bar.set_postfix(losses | {"images/s": f"{rate:.1f}"}, refresh=False)

    def epoch(self, event: EpochDone) -> None:
        self._end()
        log.info("epoch %d/%d: validation SSIM %.4f", event.epoch, self.epochs, event.val_ssim)
