"""The Dockerfile, which the tests cannot build: the linter finds nothing, and what it copies is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "Dockerfile").read_text()
HADOLINT = Path(sys.executable).with_name("hadolint")


def test_hadolint_finds_nothing():
    found = subprocess.run([HADOLINT, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_hadolint_would_find_something():
    bad = TEXT.replace("python:3.12-slim", "python:latest")
    found = subprocess.run([HADOLINT, "--no-color", "-"], input=bad, capture_output=True, text=True)
    assert "DL3007" in found.stdout


def test_what_is_copied_is_there_and_let_in_by_dockerignore():
    lines = re.findall(r"^COPY --chown=\S+ (.+) \S+$", TEXT, re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    assert {"app.py", "citygan", "checkpoints", "requirements.txt", "LICENSE"} == copied
    assert all((ROOT / name).exists() for name in copied)
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == copied


def test_the_container_serves_as_a_user_without_rights_what_the_health_check_asks_for():
    assert re.findall(r"^USER (\d+)$", TEXT, re.MULTILINE) == ["1000"]
    assert "EXPOSE 7860" in TEXT
    assert "GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860" in TEXT
    assert "http://127.0.0.1:7860/health" in TEXT
