"""Waiting for what another process does."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

DEADLINE_S = 800  # for a process to start; only a broken one comes near it


def wait_for(file: Path, process: subprocess.Popen) -> None:
    """Returns when the file is there; fails when the process ends, or the deadline passes, before that."""
    deadline = time.monotonic() + DEADLINE_S
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} did not appear"
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        said = "\n".join(text for text in process.communicate() if text)
        pytest.fail(f"the run ended early: {said}")
