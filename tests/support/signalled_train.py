"""`train.py`, whose main process sends itself a signal (SIGNAL_AFTER_SAVE) when it has saved its state once.

A signal from outside would come at some time, and so at another step on each machine.
"""

import os
import signal
import sys

from citygan.__main__ import main
from citygan.training.run import Run

save = Run._save_state


def save_and_signal(run: Run) -> None:
    save(run)
    Run._save_state = save
    if run.accelerator.is_main_process:
        signal.raise_signal(signal.Signals[os.environ["SIGNAL_AFTER_SAVE"]])


Run._save_state = save_and_signal
sys.exit(main())
