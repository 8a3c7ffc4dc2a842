"""A search for better recipes with Optuna: short runs, a study in SQLite, pruned on validation SSIM.

Akiba et al. 2019, https://arxiv.org/abs/1907.10902. The study lives in `OUT/study.db`: the same command
goes on with it, and several processes may work on it at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import optuna
from accelerate import Accelerator
from optuna.trial import Trial, TrialState

from citygan.data import dataset as datasets
from citygan.data.dataset import LabelPhotoSet
from citygan.errors import CityGANError
from citygan.paper.command_line import command_line
from citygan.paper.search_report import FINISHED, write_search
from citygan.synthesis.device import hardware
from citygan.training.accelerator import open_accelerator
from citygan.training.config import TrainConfig
from citygan.training.fit import RecipeName
from citygan.training.loop import EpochDone, train
from citygan.training.recipes import RECIPES
from citygan.training.state import TrainingError, TrainState

log = logging.getLogger(__name__)

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


Fold = tuple[LabelPhotoSet, LabelPhotoSet]  # what a trial trains on, and what it is scored on


@dataclass(frozen=True)
class Search:
    """Trains one trial after the other."""

    base: TrainConfig  # with the epochs of a trial
    widths: tuple[int, ...]
    folds: Sequence[Fold]
    accelerator: Accelerator
    generator_weights: Path | None = None  # that each trial starts from

    def run(self, study: optuna.Study, trials: int) -> None:
        """Goes on until the study has so many finished trials, pruned ones among them."""
        if finished(study) < trials:
            enough = optuna.study.MaxTrialsCallback(trials, states=FINISHED)
            study.optimize(self._train, callbacks=[enough])

    def _train(self, trial: Trial) -> float:
        """One trial; the best of its epochs by SSIM, a mean over the folds."""
        config = replace(self.base, **changes_of(suggest(trial, self.widths)))
        # the folds train side by side, an epoch of each in turn, so that the first epochs can be judged
        folds = [self._epochs(config, fold) for fold in self.folds]
        best = -1.0
        try:
            for epoch, ssims in enumerate(zip(*folds, strict=True), 1):
                ssim = sum(ssims) / len(ssims)
                best = max(best, ssim)
                trial.report(ssim, epoch)
                log.info("trial %d, epoch %d: SSIM %.4f", trial.number, epoch, ssim)
                if epoch < config.epochs and trial.should_prune():
                    raise optuna.TrialPruned
        except TrainingError as error:
            raise optuna.TrialPruned(str(error)) from error
        return best

    def _epochs(self, config: TrainConfig, fold: Fold) -> Iterator[float]:
        """The SSIM after each epoch on one fold."""
        state = TrainState(config, self.accelerator)
        state.start_generator(self.generator_weights)
        return (event.val_ssim for event in train(state, *fold) if isinstance(event, EpochDone))


def best_command(study: optuna.Study) -> str:
    """What a person types to train the best recipe found, their data set for DATA; "" while none is."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return ""
    about = study.user_attrs
    flags = {"recipe": about["recipe"], "data": "DATA", "out": "runs/searched", "epochs": about["epochs"]}
    if RECIPES[about["recipe"]].pretrained and not about["pretrained"]:
        flags["pretrained"] = False
    flags["generator_weights"] = about["generator_weights"]
    return command_line("fit", flags | changes_of(study.best_params))


def finished(study: optuna.Study) -> int:
    """How many trials have ended, pruned ones among them."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def search(
    data: Path,
    *,
    sampler: Literal["grid", "random", "tpe"] = "tpe",
    trials: int = 20,
    epochs: int = 5,
    recipe: RecipeName = "citygan",
    pretrained: bool = True,
    generator_weights: Path | None = None,
    widths: tuple[int, ...] = (16, 32),
    folds: Literal["val", "drive"] = "val",
    out: Path = Path("runs/search"),
    results: Path = Path("results/search"),
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "no", "bf16"] = "auto",
) -> None:
    """Searches for a better recipe in short runs; the same command again goes on, several share one study.

    It varies learning rate, L1 and SSIM weight, width, adversarial loss, label smoothing and augmentation. A
    trial that stands below the median after its second epoch, or a later one, is pruned.

    Args:
        data: The data set, in any known layout.
        sampler: What proposes trials: a fixed grid in random order, chance, or a tree of Parzen estimators.
        trials: How many the study has in the end, those of earlier commands and other processes included.
        epochs: Of one trial.
        recipe: What is varied.
        pretrained: --no-pretrained starts every trial from random weights.
        generator_weights: What the generator of every trial starts from, as in `fit`.
        widths: Widths of both networks to choose from.
        folds: What a trial is scored on: the validation split, or each training drive in turn, which it is
            then not trained on; its figure is the mean. A trial takes as many times as long.
        out: Where the study is kept.
        results: Where the plots, the trials and the best recipe go.
        device: What trains; auto is CUDA where there is one.
        precision: auto is bf16 where the machine computes in it.
    """
    base = replace(RECIPES[recipe], epochs=epochs, **({} if pretrained else {"pretrained": False}))
    accelerator = open_accelerator(device, precision)
    about = {
        "recipe": recipe,
        "epochs": epochs,
        "pretrained": base.pretrained,
        "generator_weights": str(generator_weights) if generator_weights else None,
        "folds": folds,
        "dataset": datasets.describe(data)["name"],
        "hardware": hardware(accelerator.device),
    }
    study = open_study(out, sampler, widths, about)
    sets = open_folds(data, folds, base)
    Search(base, widths, sets, accelerator, generator_weights).run(study, trials)
    command = best_command(study)
    write_search(study, results, command)
    print(f"{finished(study)} trials; the best is in {results}/README.md:\n{command}")


def open_folds(data: Path, folds: str, config: TrainConfig) -> list[Fold]:
    """What each trial trains on and is scored on: one pair of sets for "val", one for each drive for "drive".

    Raises:
        CityGANError: the training split is of one drive alone.
    """
    train_set = datasets.open_split(data, "train", config.load_px_max, progress=True)
    if folds == "val":
        return [(train_set, datasets.open_split(data, "val", config.size_px, progress=True))]
    folds_of = [datasets.leave_drive_out(train_set, drive) for drive in datasets.drives(train_set)]
    return [(others, held_out.resized(config.size_px)) for others, held_out in folds_of]
