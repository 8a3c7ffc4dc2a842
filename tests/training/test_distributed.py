"""Several processes compute what one would with as many times the batch, and one of them writes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
import torch
from processes import DEADLINE_S, wait_for

import train
from citygan.checkpoint import Checkpoint
from citygan.training.log import read_log
from citygan.training.recipes import TrainConfig
from citygan.training.state import TrainState

pytestmark = pytest.mark.timeout(900)  # several processes start, on a machine that may be busy

ROOT = Path(__file__).resolve().parent.parent.parent
IMAGES = 9  # 4 steps of 2
# All augmentation, which is drawn for each sample, and nothing that is drawn for each process. Instance norm,
# because on a CPU batch norm sees the batch of its own process.
CONFIG = {
    **{"recipe": "citygan-plus", "width": 2, "discriminator_width": 2, "epochs": 2, "ema_decay": 0.9},
    **{"discriminator": "multi-scale", "class_balance": 0.5, "feature_weight": 1.0},
    **{"color_jitter": 0.2, "warp_px": 6.0, "device": "cpu", "precision": "no", "save_minutes": 0},
}
SWITCHES = ["--no-noise", "--no-discriminator-augmentation"]


def fit(data, out, **changes) -> list[str]:
    return ["fit", *tiny.flags(data=data, out=out, **(CONFIG | changes)), *SWITCHES]


def start_two(arguments: list[str], bytecode: Path) -> subprocess.Popen:
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "train.py"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen(
        [sys.executable, *launcher, *arguments],
        cwd=ROOT,
        env=environment | {"OMP_NUM_THREADS": "1", "PYTHONPYCACHEPREFIX": str(bytecode)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def state_of(out: Path) -> dict:
    return torch.load(out / "state.pt", weights_only=True)


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    return tiny.write_camvid(tmp_path_factory.mktemp("set"), {"train": IMAGES, "val": 3})


@pytest.fixture(scope="module")
def interrupted(data_folder, tmp_path_factory):
    """A run of two processes with batch 1 that a signal stopped: its folder, its command, its position, and
    what it said."""
    out = tmp_path_factory.mktemp("runs") / "together"
    command = fit(data_folder, out, batch_size=1), tmp_path_factory.mktemp("bytecode")
    process = start_two(*command)
    try:
        wait_for(out / "state.pt", process)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    return out, command, state_of(out)["position"], said


@pytest.fixture(scope="module")
def together(interrupted):
    """The folder of the same run, which went on to its end, and what it said then."""
    out, command, *_ = interrupted
    process = start_two(*command)
    try:
        said, _ = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    assert process.returncode == 0, said
    return out, said


@pytest.fixture(scope="module")
def alone(data_folder, tmp_path_factory):
    """The folder of an uninterrupted run of one process with batch 2."""
    out = tmp_path_factory.mktemp("runs") / "alone"
    assert train.main(fit(data_folder, out, batch_size=2)) == 0
    return out


def test_a_signal_stops_all_processes_after_the_same_step(interrupted):
    _, _, position, said = interrupted
    assert said.count("stopped and saved; go on with: the same torchrun") == 1, said
    assert 0 < position["images_seen"] < 2 * IMAGES
    assert position["images_seen"] % 2 == 0


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
