"""Commands that are killed, starved and run again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """What came of a command."""

    status: int  # negative: the signal that ended it
    events: int  # how often it did something to files of the folder that was watched
    cpu_s: float
    said: str

    @property
    def killed(self) -> bool:
        return self.status in (-signal.SIGKILL, -signal.SIGPROF)


class Commands:
    """Runs commands of CityGAN, each in a process of its own that a server has ready; see `fork_server.py`.

    Args:
        environment: Of all of them.
    """

    def __init__(self, **environment: str):
        own = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"}
        self._server = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "support" / "fork_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | own | environment,
            cwd=ROOT,
            text=True,
        )

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_) -> None:
        self._server.stdin.close()
        self._server.wait()

    def run(
        self, arguments: list[str], *, began: Callable[[int], Any] = lambda pid: None, **options: Any
    ) -> Ended:
        """Runs a command to its end.

        Args:
            arguments: Of `train.py`.
            began: Called with the id of its process.
            options: `below`, the folder whose files are watched; `kill_at`, the number of what it does to
                them at which it is killed; `kill_after_s` of CPU time; `most_bytes` of a file.
        """
        print(json.dumps({"arguments": arguments} | options), file=self._server.stdin, flush=True)
        began(json.loads(self._server.stdout.readline())["pid"])
        return Ended(**json.loads(self._server.stdout.readline()))


def files_in(folder: Path) -> dict[str, bytes]:
    """Each file below a folder, hidden ones too, and its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def spread(count: int, moments: int) -> list[int]:
    """So many of the numbers from 1 to `count`, evenly, the first and the last among them."""
    return sorted({round(1 + i * (count - 1) / (moments - 1)) for i in range(moments)})
