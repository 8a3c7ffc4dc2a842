"""What a search found: the best recipe as a command line in `README.md`, `trials.csv` and Optuna's plots."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import matplotlib
import optuna
from optuna.trial import FrozenTrial, TrialState

from citygan.files import write_atomically, write_csv

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from optuna.visualization import matplotlib as drawn

_SCORED_ON = {
    "val": "on the validation split. Where its photos are of a drive that is in training too, as CamVid's "
    "are, that figure measures memory; `--folds drive` scores drives that were left out instead.",
    "drive": "on each training drive in turn, by a network trained on the others, a mean over the drives.",
}
PLOTS: dict[str, tuple[str, Callable]] = {
    "history": ("SSIM of each trial", drawn.plot_optimization_history),
    "epochs": ("SSIM over the epochs; pruned trials end early", drawn.plot_intermediate_values),
    "slices": ("SSIM by each parameter", drawn.plot_slice),
    "importances": (
        "Share of each parameter in the spread of SSIM (PED-ANOVA)",
        drawn.plot_param_importances,
    ),
}
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_IMPORTANCES_NEED = 8  # trials that were not pruned; below, the figures would be noise


def write_search(study: optuna.Study, folder: Path, command: str) -> None:
    """Writes the files anew.

    Args:
        study: With the attributes that `search.open_study` gave it.
        folder: For example `results/search`.
        command: What trains the best recipe; "" while no trial is complete.
    """
    trials = study.get_trials(states=FINISHED)
    complete = [t for t in trials if t.state == TrialState.COMPLETE]
    names = [n for n in PLOTS if n != "importances" or len(complete) >= _IMPORTANCES_NEED] if complete else []
    for name in names:
        write_atomically(folder / f"{name}.png", lambda p, name=name: _draw(study, PLOTS[name][1], p))
    write_csv(folder / "trials.csv", [_line(t) for t in trials])
    text = _page(study, trials, command, names)
    write_atomically(folder / "README.md", lambda p: p.write_text(text, encoding="utf-8"))


def _page(study: optuna.Study, trials: list[FrozenTrial], command: str, plots: list[str]) -> str:
    about = study.user_attrs
    pruned = sum(t.state == TrialState.PRUNED for t in trials)
    hours = sum(_seconds(t) for t in trials) / 3600
    parts = [
        "# Search",
        f"Written by `python train.py search`: {len(trials)} trials of {about['epochs']} epochs over the "
        f"recipe `{about['recipe']}` on {about['dataset']} ({about['hardware']}); {pruned} were pruned, "
        f"below the median after an epoch. It took {hours:.1f} hours in all. Every trial is in `trials.csv`; "
        f"its figure is the SSIM of its best epoch {_SCORED_ON[about['folds']]} The test split was not "
        "looked at.",
    ]
    if command:
        best = study.best_trial
        parts += [
            f"The best, trial {best.number}, reached an SSIM of {best.value:.4f}:",
            f"```sh\n{command}\n```",
        ]
    parts += [f"{PLOTS[name][0]}:\n\n![{name}]({name}.png)" for name in plots]
    return "\n\n".join(parts) + "\n"


def _seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0  # none while it runs


def _line(trial: FrozenTrial) -> dict:
    return {
        "trial": trial.number,
        "state": trial.state.name.lower(),
        "ssim": max(trial.intermediate_values.values(), default=""),
        "epochs": len(trial.intermediate_values),
        "seconds": round(_seconds(trial)),
        **trial.params,
    }


def _draw(study: optuna.Study, plot: Callable, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # all of optuna's matplotlib
        axes = plot(study)
    figure = (axes.flat[0] if hasattr(axes, "flat") else axes).figure
    figure.savefig(path, format="png", dpi=90, bbox_inches="tight")
    plt.close(figure)
