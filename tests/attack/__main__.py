"""Attacks every door: `python -m tests.attack --cases 10000`."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import torch
import tyro

from tests.attack.everywhere import attack_everywhere


def main(cases: int = 10_000, seed: int = 0) -> None:
    """Sends what strangers may send to every door of CityGAN, and prints what came of it.

    Args:
        cases: In all; a door whose cases take longer gets fewer of them.
        seed: Another one makes other cases.
    """
    logging.disable()  # of what is refused, a line each
    torch.set_num_threads(1)
    start, failed = time.process_time(), False
    print(f"{'door':24}{'cases':>7}{'taken':>7}{'refused':>9}{'slowest, CPU s':>16}{'memory, MiB':>13}")
    for result in attack_everywhere(cases, seed):
        if isinstance(result, BaseException):
            failed = True
            traceback.print_exception(result)
            continue
        taken, refused = result.outcomes["taken"], result.outcomes["refused"]
        memory = f"+{result.grown_mib:.0f}"
        print(
            f"{result.door:24}{taken + refused:7}{taken:7}{refused:9}{result.slowest_s:16.2f}{memory:>13}",
            flush=True,
        )
    print(
        f"{time.process_time() - start:.0f} s of CPU time; {'DEFECTS FOUND' if failed else 'no defect found'}"
    )
    sys.exit(failed)


if __name__ == "__main__":
    tyro.cli(main)
