"""What the benchmarks share: servers, alternating timings, a short table, and the JSON beside it."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
SERVING = "Running on local URL"  # what Gradio says when it does


def machine() -> dict[str, str | int]:
    """What the figures were measured on. The number formats are those that decide which code torch runs."""
    file = Path("/proc/cpuinfo")
    lines = (line.partition(":") for line in (file.read_text() if file.is_file() else "").splitlines())
    about = {name.strip(): value.strip() for name, _, value in lines}
    flags = about.get("flags", "").split()
    formats = {"AVX2": "avx2", "AVX512": "avx512f", "bfloat16": "avx512_bf16", "AMX": "amx_bf16"}
    return {
        "cpu": about.get("model name") or platform.processor(),
        "cores": os.cpu_count() or 0,
        "formats": " ".join(name for name, flag in formats.items() if flag in flags),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "torch": torch.__version__,
    }


@contextmanager
def serving(command: Sequence[str], awaited: set[str]) -> Iterator[str]:
    """Runs a server, on a free port that ends its command, from when it said all that is awaited."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    server = subprocess.Popen([*command, str(port)], cwd=ROOT, **pipe)
    try:
        for line in server.stdout:
            awaited = {text for text in awaited if text not in line}
            if not awaited:
                break
        else:
            raise RuntimeError(f"{command} ended before it said {awaited}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def alternating_medians_ms(calls: dict[str, Callable[[], object]], *, repeats: int) -> dict[str, float]:
    """Times the calls in turns, so that other load touches all alike; medians after warm-up."""
    for call in calls.values():
        for _ in range(3):
            call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: float(np.median(values)) for name, values in times.items()}


class Figures:
    """The figures of one benchmark: printed as a table, and written as JSON where that is asked for."""

    def __init__(self):
        self.figures: dict[str, dict] = {}

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ):
        """Adds a figure; `met` says whether it reaches its goal, and is None without one."""
        goal, met = None, None
        if at_least is not None:
            goal, met = f">= {at_least:g}", value >= at_least
        if at_most is not None:
            goal, met = f"<= {at_most:g}", value <= at_most
        self.figures[name] = {"value": round(value, 4), "unit": unit, "goal": goal, "met": met}

    def show(self, json_file: Path | None) -> None:
        """Prints the machine and the table; writes both to `json_file`."""
        here = machine()
        print(" | ".join(f"{key}: {value}" for key, value in here.items()))
        width = max(len(name) for name in self.figures)
        for name, figure in self.figures.items():
            verdict = {True: "met", False: "NOT MET", None: ""}[figure["met"]]
            goal = figure["goal"] or ""
            print(f"{name:<{width}}  {figure['value']:>10.2f} {figure['unit']:<4} {goal:<8} {verdict}")
        if json_file:
            json_file.write_text(json.dumps({"machine": here, "figures": self.figures}, indent=1))
