"""The command line of the app: whatever it cannot load ends in one plain message."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import app


def refusal(model: Path, capsys: pytest.CaptureFixture) -> str:
    with pytest.raises(SystemExit) as ended:
        app.main(app.Options(model=str(model)))
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_missing_checkpoint_ends_in_one_line(tmp_path, capsys):
    message = refusal(tmp_path / "nowhere", capsys)
    assert message.startswith("citygan: ")
    assert "nowhere" in message
    assert "Traceback" not in message


def test_a_pickle_is_named_and_never_loaded(tmp_path, capsys):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / "net.pth").write_bytes(pickle.dumps(Trap()))
    assert refusal(tmp_path / "net.pth", capsys).startswith("citygan: ")
    assert not (tmp_path / "sprung").exists()


def test_the_environment_names_the_default_model(monkeypatch):
    monkeypatch.setenv("CITYGAN_MODEL", "someone/streets")
    assert app.Options().model == "someone/streets"
