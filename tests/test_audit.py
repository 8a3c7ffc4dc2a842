"""Vulnerable dependencies fail the audit; where nobody can tell which they are, it says so and passes."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler

import pytest
from local_server import LocalServer

from tests.audit import main


@pytest.fixture
def pypi():
    """An address, and what it answers."""
    answers = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[-1])

        def log_message(self, *_):
            """Not on the terminal."""

    with LocalServer(Handler) as server:
        yield f"{server.url}/", answers


@pytest.fixture
def uv(tmp_path):
    """A program that notes its arguments, and ends as the test says."""

    def write(version_status: int, audit_status: int) -> str:
        program = tmp_path / "uv"
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n'
            f'case "$*" in *--version) exit {version_status};; *) exit {audit_status};; esac\n'
        )
        program.chmod(0o755)
        return str(program)

    return write


@pytest.mark.parametrize("found", [0, 1])
def test_where_the_database_is_there_the_whole_lock_is_audited(pypi, uv, tmp_path, found):
    address, answers = pypi
    answers.append(json.dumps({"vulnerabilities": [{"id": "PYSEC-1"}]}).encode())
    assert main(uv(0, found), address) == found
    call = (tmp_path / "calls").read_text().splitlines()[-1]
    assert call.startswith("tool run --from pip-audit")
    assert "requirements.lock --require-hashes" in call


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"vulnerabilities": []}', b"<html>"])
def test_where_it_is_not_a_line_says_so(pypi, uv, tmp_path, capsys, answer):
    address, answers = pypi
    answers.append(answer)
    assert main(uv(0, 1), address) == 0
    assert capsys.readouterr().out.startswith(f"audit: skipped, {address} ")
    assert not (tmp_path / "calls").exists()


def test_nobody_there_and_no_pip_audit_are_said(pypi, uv, capsys):
    assert main(uv(0, 1), "http://127.0.0.1:1/") == 0
    assert "cannot be read (URLError)" in capsys.readouterr().out
    address, answers = pypi
    answers.append(b'{"vulnerabilities": [1]}')
    assert main(uv(1, 1), address) == 0
    assert capsys.readouterr().out == "audit: skipped, pip-audit cannot be had\n"
