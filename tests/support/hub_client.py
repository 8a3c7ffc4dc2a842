"""The real `huggingface_hub` in a process of its own: it reads its environment when it is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Worker:
    """A process with `hub_worker.py`, whose environment names the Hub, the cache and the token."""

    def __init__(self, url: str, cache: Path, *, token: str = "", **environment: str) -> None:
        hub = {"HF_ENDPOINT": url, "HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": token}
        self.environment = os.environ | hub | {"PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"} | environment
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "support" / "hub_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment,
            cwd=ROOT,
            text=True,
        )
        self._waiting: dict[int, Future] = {}
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._reader.join()

    def start(self, call: str, **arguments) -> Future:
        """Begins a call; the future holds `{"result"}` or `{"error", "message"}`, and `{"seconds", "cpu_s",
        "peak_mib"}`, of which the last two are the whole process'."""
        number = len(self._waiting)
        self._waiting[number] = future = Future()
        line = json.dumps({"number": number, "call": call, "arguments": arguments})
        print(line, file=self._process.stdin, flush=True)
        return future

    def ask(self, call: str, **arguments) -> dict:
        """Waits for a call of the worker."""
        return self.start(call, **arguments).result(timeout=120)

    def _read(self) -> None:
        for line in self._process.stdout:
            answer = json.loads(line)
            self._waiting[answer.pop("number")].set_result(answer)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(RuntimeError("the worker ended before it answered"))
