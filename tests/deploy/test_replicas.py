"""`python app.py` twice behind a proxy that keeps each visitor at one of them, and one of the two killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tiny
from crowd import Crowd, ask_by_script
from sticky_proxy import StickyProxy

from citygan.synthesis.synthesizer import Synthesizer

ROOT = Path(__file__).resolve().parents[2]
PAINTERS, PHOTOS, SCRIPTS = 4, 6, 4
pytestmark = pytest.mark.timeout(600)  # two apps start, on a machine that may be busy


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return tiny.save_seedless(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def replicas(checkpoint) -> Iterator[dict[str, subprocess.Popen]]:
    """Two apps by their addresses."""
    command = [sys.executable, "app.py", "--model", str(checkpoint), "--device", "cpu", "--no-compile"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    started = [
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}, **pipe
        )
        for _ in "12"
    ]
    apps = {}
    try:
        for process in started:
            said = next(line for line in process.stdout if "http://" in line)
            apps[said.split("http://")[1].strip().rstrip("/")] = process
        yield apps
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_each_visitor_stays_at_one_replica_and_a_killed_one_loses_what_it_had_in_hand(
    replicas, checkpoint, tmp_path
):
    synthesizer = Synthesizer(checkpoint, "cpu")
    with StickyProxy([f"http://{netloc}" for netloc in replicas]) as proxy:
        with ThreadPoolExecutor(SCRIPTS) as scripts:
            done = scripts.map(
                lambda seed: ask_by_script(proxy.url, seed, tmp_path, synthesizer), range(SCRIPTS)
            )
        assert all(done)
        assert min(proxy.served.values()) > 0

        crowd = Crowd(proxy.url, synthesizer, PAINTERS)
        crowd.paint(PHOTOS)
        assert crowd.outcomes == {"photo": PAINTERS * PHOTOS}

        dies = replicas[proxy.chosen["painter0"]]
        crowd.paint(2 * PHOTOS, meanwhile=lambda: dies.send_signal(signal.SIGKILL))
        assert len(proxy.alive) == 1
        assert crowd.outcomes["photo"] == 3 * PAINTERS * PHOTOS
        assert crowd.outcomes["lost"] <= PAINTERS
        assert crowd.outcomes["wrong"] == 0
        assert ask_by_script(proxy.url, SCRIPTS, tmp_path, synthesizer)
