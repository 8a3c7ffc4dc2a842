"""Several processes compute what one would with as many times the batch, and one of them writes."""

import signal
from dataclasses import asdict
from pathlib import Path

import pytest
import tiny
import torch
from processes import run_training

import train
from citygan.checkpoint import Checkpoint
from citygan.training.config import CHOICES, TrainConfig
from citygan.training.log import read_log
from citygan.training.loop import EQUAL_TOGETHER
from citygan.training.recipes import RECIPES
from citygan.training.state import TrainState

pytestmark = pytest.mark.timeout(900)  # several processes start, on a machine that may be busy

IMAGES = 9  # 4 steps of 2
# citygan-photo with the loss that citygan-plus has beside: all that either computes. All augmentation, which
# is drawn for each sample, and nothing that is drawn for each process.
RECIPE = {"recipe": "citygan-photo", "ssim_weight": RECIPES["citygan-plus"].ssim_weight}
SMALL = {"width": 2, "discriminator_width": 2, "epochs": 2, "ema_decay": 0.9}
# A tenth of the recipe's: Adam makes whole steps of gradients that are nothing but rounding, such as those of
# biases before a norm, and processors round one image otherwise than two
SMALL |= {"learning_rate": 2e-5}
MORE = {"color_jitter": 0.2, "warp_px": 6.0}
CONFIG = RECIPE | SMALL | MORE | {"device": "cpu", "precision": "no", "save_minutes": 0}
DRAWN_FOR_EACH_PROCESS = ("noise", "discriminator_augmentation")
SWITCHES = [f"--no-{name.replace('_', '-')}" for name in DRAWN_FOR_EACH_PROCESS]


def fit(data, out, **changes) -> list[str]:
    return ["fit", *tiny.flags(data=data, out=out, **(CONFIG | changes)), *SWITCHES]


def state_of(out: Path) -> dict:
    return torch.load(out / "state.pt", weights_only=True)


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    return tiny.write_camvid(tmp_path_factory.mktemp("set"), {"train": IMAGES, "val": 3})


@pytest.fixture(scope="module")
def interrupted(data_folder, tmp_path_factory):
    """A run of two processes with batch 1, one of which got a signal after the first step: its folder, its
    arguments, its position, and what it said."""
    out = tmp_path_factory.mktemp("runs") / "together"
    arguments = fit(data_folder, out, batch_size=1)
    ended = run_training(arguments, stop=signal.SIGTERM, processes=2)
    return out, arguments, state_of(out)["position"], ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def together(interrupted):
    """The folder of the same run, which went on to its end, and what it said then."""
    out, arguments, *_ = interrupted
    ended = run_training(arguments, processes=2)
    assert ended.returncode == 0, ended.stderr
    return out, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def alone(data_folder, tmp_path_factory):
    """The folder of an uninterrupted run of one process with batch 2."""
    out = tmp_path_factory.mktemp("runs") / "alone"
    assert train.main(fit(data_folder, out, batch_size=2)) == 0
    return out


# What is claimed


def test_the_recipes_that_are_claimed_are_those_without_batch_norm_and_crops():
    whole = {n for n, r in RECIPES.items() if r.discriminator != "segmenting" and not r.window_px}
    assert set(EQUAL_TOGETHER) == {name for name in whole if RECIPES[name].norm == "instance"}


@pytest.mark.parametrize("name", EQUAL_TOGETHER)
def test_what_is_compared_computes_all_that_a_claimed_recipe_does(alone, name):
    compared, recipe = state_of(alone)["config"], asdict(RECIPES[name])
    left_out = {field for field, value in recipe.items() if value and not compared[field]}
    assert left_out == set(DRAWN_FOR_EACH_PROCESS)
    choices = [field for field in CHOICES if compared[field] != recipe[field]]
    assert choices in ([], ["discriminator"])  # the multi-scale one has the patch one at each scale
    assert compared["discriminator"] == "multi-scale"


# What holds


def test_a_signal_to_one_process_stops_all_after_the_same_step(interrupted):
    _, _, position, said = interrupted
    assert said.count("stopped and saved; go on with: the same torchrun") == 1, said
    assert position == {"epoch": 0, "step": 2, "images_seen": 4}


def test_two_processes_with_batch_1_have_the_losses_of_one_with_batch_2(together, alone):
    ours, theirs = read_log(together[0])[1], read_log(alone)[1]  # of an epoch that nothing interrupted
    losses = [name for name in theirs if name.startswith("loss/")]
    assert len(losses) == 6
    for name in losses:
        assert ours[name] == pytest.approx(theirs[name], abs=1e-5)


def test_two_processes_share_the_validation_and_get_its_mean(together, alone):
    ours, theirs = ([row["val_ssim"] for row in read_log(out)] for out in (together[0], alone))
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_two_processes_end_in_the_weights_of_one(together, alone, accelerator):
    ours, theirs = state_of(together[0]), state_of(alone)
    assert ours["position"] == theirs["position"]
    fresh = TrainState(TrainConfig(**theirs["config"]), accelerator).state_dict()
    for part in ("generator", "discriminator", "average"):
        states = (fresh, ours, theirs)
        first, one, other = (torch.cat([t.flatten() for t in s[part].values()]) for s in states)
        # not to the last digits: Adam divides a gradient by its own size, and makes much of its rounding
        assert (one - other).norm() < 0.1 * (other - first).norm(), part


def test_one_process_alone_writes_and_speaks(together):
    out, said = together
    assert said.count("epoch 2/2: validation SSIM") == 1
    assert [row["epoch"] for row in read_log(out)] == [1, 2]
    assert len(list((out / "tensorboard").iterdir())) == 2  # one for each start
    Checkpoint.find(out / "best").load()
