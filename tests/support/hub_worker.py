"""Runs calls of CityGAN with the real `huggingface_hub`: JSON lines in, JSON lines out.

`hub_client.Worker` starts it.
"""

from __future__ import annotations

import hashlib
import io
import json
import resource
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

from huggingface_hub import get_session

from citygan import hub


def pull(repo: str, revision: str | None = None, token: str | None = None) -> dict:
    folder = hub.pull(repo, revision, token)
    files = {"weights": folder / hub.WEIGHTS, "config": folder / hub.CONFIG}
    return {"commit": folder.name} | {name: file.read_text() for name, file in files.items()}


def pull_without_disk(repo: str, most_bytes: int) -> dict:
    """Files of this process cannot grow beyond `most_bytes`, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, limits[1]))
    try:
        return pull(repo)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def pull_impatiently(repo: str, reach_s: float = 0.3) -> dict:
    patience, hub.REACH_S = hub.REACH_S, reach_s
    try:
        return pull(repo)
    finally:
        hub.REACH_S = patience


def be_hasty() -> None:
    """Waits for nothing from now on, remembers no cookies, and takes weights for too large that are not."""
    hub.REACH_S, hub.MOST_BYTES[hub.WEIGHTS] = 0.5, 2**24
    resource.setrlimit(resource.RLIMIT_DATA, (2**32, 2**32))  # what has no end is not the machine's end
    time.sleep = lambda seconds: None
    cookies = type(get_session().cookies)
    cookies.extract_cookies = lambda *_: None


def find(source: str) -> str:
    from citygan.checkpoint import Checkpoint

    return Checkpoint.find(source).source


def push(files: list[str], repo: str) -> str:
    from citygan.publishing.push import upload

    return upload([Path(f) for f in files], repo, "a message")


def photo(source: str, revision: str | None = None) -> dict:
    from citygan import Synthesizer, streets

    synthesizer = Synthesizer.from_pretrained(source, revision=revision, device="cpu")
    made = synthesizer(streets.street(streets.NAMES[0], 256, 256))
    spread = int(made.max()) - int(made.min())
    about = {"source": synthesizer.source, "device": synthesizer.device_name, "spread": spread}
    return about | {"photo": hashlib.sha256(made).hexdigest()}


def check_graph(source: str) -> str:
    """Compares the photo of a checkpoint's graph with torch's; the graph's name."""
    from citygan.checkpoint import Checkpoint
    from citygan.models.layers import for_inference
    from citygan.synthesis.onnx_engine import OnnxEngine

    found = Checkpoint.find(source)
    OnnxEngine(found.graph, found).check(for_inference(found.load(), found.info.norm_statistics))
    return found.graph.name


def run(code: str) -> dict:
    """Runs what a reader would type, who has a label map."""
    from citygan import streets

    names = {"label_map": streets.street(streets.NAMES[0], 256, 256)}
    exec(code, names)
    return {"photo": hashlib.sha256(names["photo"]).hexdigest()}


def serve(model: str, port: int) -> None:
    """Starts the app, which answers by the time that this returns, and ends with this process."""
    import app

    app.serve = partial(app.serve, prevent_thread_lock=True)
    app.main(["--model", model, "--port", str(port), "--device", "cpu", "--no-compile"])


def train(arguments: list[str]) -> dict:
    import train as command_line

    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        status = command_line.main(arguments)
    return {"status": status, "out": out.getvalue(), "err": err.getvalue()}


PULLS = (pull, pull_without_disk, pull_impatiently)
CALLS = {f.__name__: f for f in (*PULLS, be_hasty, find, push, photo, check_graph, run, serve, train)}


def main() -> None:
    answers, lock = sys.stdout, threading.Lock()
    sys.stdout = sys.stderr  # what is printed on the way is no answer

    def answer(number: int, call: str, arguments: dict) -> None:
        started, cpu_s = time.monotonic(), time.process_time()
        try:
            said = {"result": CALLS[call](**arguments)}
        except Exception as error:  # handed to the test, which looks at it
            where = traceback.format_exception(error)[-2:]
            said = {"error": type(error).__name__, "message": str(error), "where": "".join(where)}
        with lock:
            took = {"seconds": time.monotonic() - started, "cpu_s": time.process_time() - cpu_s}
            peak = {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
            line = {"number": number} | took | peak | said
            print(json.dumps(line), file=answers, flush=True)

    with ThreadPoolExecutor() as pool:
        for call in map(json.loads, sys.stdin):
            if call["call"] == "train":  # it handles signals, which only the main thread may
                answer(**call)
            else:
                pool.submit(answer, **call)


if __name__ == "__main__":
    main()
