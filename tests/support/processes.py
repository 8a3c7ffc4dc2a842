"""Training in processes of its own, as a person starts it, and stopped at a step and not at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from signal import Signals

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 800  # only a broken process comes near it


def run_training(
    arguments: Sequence[str], *, stop: Signals | None = None, processes: int = 1
) -> subprocess.CompletedProcess[str]:
    """`python train.py ARGUMENTS` until it ends; its output and its errors apart.

    Args:
        arguments: Of train.py.
        stop: A signal that the main process gets from itself when it has saved its state for the first time.
        processes: More than one are started by torchrun.
    """
    script = "tests/support/signalled_train.py" if stop else "train.py"
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    # one thread each: the tensors are tiny, and threads would only wait for each other
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *(launcher if processes > 1 else []), script, *arguments],
        cwd=ROOT,
        env=environment | ({"SIGNAL_AFTER_SAVE": stop.name} if stop else {}),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
