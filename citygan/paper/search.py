"""A search for better recipes with Optuna: short runs, a study in SQLite, pruned on validation SSIM.

Akiba et al. 2019, https://arxiv.org/abs/1907.10902. The study lives in `OUT/study.db`: the same command
goes on with it, and several processes may work on it at once.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
from accelerate import Accelerator
from optuna.trial import Trial, TrialState

from citygan.data.dataset import LabelPhotoSet
from citygan.errors import CityGANError
from citygan.training.loop import EpochDone, train
from citygan.training.recipes import TrainConfig
from citygan.training.state import TrainingError, TrainState

log = logging.getLogger(__name__)

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
AUGMENTATIONS = {
    "none": {"mirror": False},
    "mirror": {"mirror": True},
    "mirror + jitter": {"mirror": True, "color_jitter": 0.2},
    "mirror + warp": {"mirror": True, "warp_px": 8.0},
}
GRID = {  # what the grid sampler tries of each
    "learning_rate": (1e-4, 2e-4, 4e-4),
    "l1_weight": (20.0, 50.0, 100.0),
    "ssim_weight": (0.0, 20.0),
    "adversarial_loss": ("bce", "mse"),
    "smoothing": (0.0, 0.1),
    "augmentation": tuple(AUGMENTATIONS),
}


def suggest(trial: Trial, widths: tuple[int, ...]) -> dict:
    """What a trial tries. `smoothing` is how far the discriminator's labels stand from 1 and 0.

    Args:
        trial: Whose sampler draws.
        widths: Of both networks, to choose from.
    """
    return {
        "learning_rate": trial.suggest_float("learning_rate", 5e-5, 1e-3, log=True),
        "l1_weight": trial.suggest_float("l1_weight", 10.0, 200.0, log=True),
        "ssim_weight": trial.suggest_float("ssim_weight", 0.0, 40.0),
        "width": trial.suggest_categorical("width", widths),
        "adversarial_loss": trial.suggest_categorical("adversarial_loss", GRID["adversarial_loss"]),
        "smoothing": trial.suggest_float("smoothing", 0.0, 0.2),
        "augmentation": trial.suggest_categorical("augmentation", GRID["augmentation"]),
    }


def changes_of(parameters: dict) -> dict:
    """The fields of a recipe that a trial's parameters set."""
    changes = dict(parameters)
    smoothing = changes.pop("smoothing")
    return {
        **AUGMENTATIONS[changes.pop("augmentation")],
        **changes,
        "discriminator_width": parameters["width"],
        "real_label": 1.0 - smoothing,
        "fake_label": smoothing,
    }


def command_line(recipe: str, changes: dict, epochs: int) -> str:
    """What a person types to train the recipe with these changes; they put their data set for DATA."""
    words = ["python", "train.py", "fit", "--recipe", recipe, "--data", "DATA", "--out", "runs/searched"]
    for name, value in ({"epochs": epochs} | changes).items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(value)]
    return shlex.join(words)


def open_study(folder: Path, sampler: str, widths: tuple[int, ...], about: dict) -> optuna.Study:
    """Opens the study of a folder, or begins one.

    Args:
        folder: Where `study.db` is.
        sampler: "grid", "random" or "tpe". It may change from one command to the next.
        widths: See `suggest`.
        about: What must be the same in all trials: recipe, epochs, data set, ...

    Raises:
        CityGANError: the study there is about something else.
    """
    # Not seeded: processes that share a study, and a search that goes on, would draw the same trials again.
    samplers: dict[str, Callable[[], optuna.samplers.BaseSampler]] = {
        "grid": lambda: optuna.samplers.GridSampler(GRID | {"width": widths}, seed=0),
        "random": optuna.samplers.RandomSampler,
        "tpe": optuna.samplers.TPESampler,
    }
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=optuna.storages.RDBStorage(
            f"sqlite:///{folder / 'study.db'}", engine_kwargs={"connect_args": {"timeout": 60}}
        ),
        study_name="citygan",
        sampler=samplers[sampler](),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),  # from the second epoch on
        direction="maximize",
        load_if_exists=True,
    )
    about = about | {"widths": list(widths)}
    earlier = study.user_attrs
    differing = [f"{name} was {earlier[name]!r}" for name in earlier if about.get(name) != earlier[name]]
    if differing:
        raise CityGANError(f"{folder} holds a search where {', '.join(differing)}; use another --out")
    for name, value in about.items():
        study.set_user_attr(name, value)
    return study


@dataclass(frozen=True)
class Search:
    """Trains one trial after the other."""

    base: TrainConfig  # with the epochs of a trial
    widths: tuple[int, ...]
    train_set: LabelPhotoSet
    val_set: LabelPhotoSet
    accelerator: Accelerator

    def run(self, study: optuna.Study, trials: int) -> None:
        """Goes on until the study has so many finished trials, pruned ones among them."""
        if finished(study) < trials:
            enough = optuna.study.MaxTrialsCallback(trials, states=FINISHED)
            study.optimize(self._train, callbacks=[enough])

    def _train(self, trial: Trial) -> float:
        """One trial; its best validation SSIM."""
        config = replace(self.base, **changes_of(suggest(trial, self.widths)))
        best = -1.0
        try:
            for event in train(TrainState(config, self.accelerator), self.train_set, self.val_set):
                if isinstance(event, EpochDone):
                    best = max(best, event.val_ssim)
                    trial.report(event.val_ssim, event.epoch)
                    log.info(
                        "trial %d, epoch %d: validation SSIM %.4f", trial.number, event.epoch, event.val_ssim
                    )
                    if event.epoch < config.epochs and trial.should_prune():
                        raise optuna.TrialPruned
        except TrainingError as error:
            raise optuna.TrialPruned(str(error)) from error
        return best


def finished(study: optuna.Study) -> int:
    """How many trials have ended, pruned ones among them."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))
