"""A folder of label maps becomes a folder of photos, whatever lies in it."""

from __future__ import annotations

import os
from pathlib import Path

import fakes
import numpy as np
import pytest
import tiny
from PIL import Image

from citygan.__main__ import main
from citygan.models import UNet
from citygan.palette import colorize
from citygan.synthesis import folder
from citygan.synthesis.synthesizer import Synthesizer


@pytest.fixture
def labels_dir(tmp_path: Path) -> Path:
    """Two good label maps, one of them a folder deeper."""
    made = tmp_path / "labels"
    (made / "ulm").mkdir(parents=True)
    Image.fromarray(tiny.draw_labels("a")).save(made / "a.png")
    Image.fromarray(colorize(tiny.draw_labels("b"))).save(made / "ulm" / "b.bmp")
    (made / "notes.txt").write_text("no image")
    return made


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the generator."""
    monkeypatch.setattr(folder, "Synthesizer", lambda model, device: fakes.synthesize)


def run(labels_dir: Path, *flags: str) -> int:
    """The command line."""
    out_dir = labels_dir.parent / "photos"
    return main(["synthesize", str(labels_dir), str(out_dir), *flags])


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_each_label_map_gets_its_photo_under_its_name(labels_dir, capsys):
    assert run(labels_dir, "--seed", "7") == 0
    photos = labels_dir.parent / "photos"
    assert sorted(p.relative_to(photos) for p in photos.rglob("*.*")) == [Path("a.png"), Path("ulm/b.png")]
    np.testing.assert_array_equal(read(photos / "a.png"), fakes.synthesize(tiny.draw_labels("a"), seed=7))
    np.testing.assert_array_equal(read(photos / "ulm/b.png"), fakes.synthesize(tiny.draw_labels("b"), seed=7))
    printed = capsys.readouterr()
    assert printed.out.startswith("2 made, 0 already there, 0 failed")
    assert "2/2" in printed.err


def test_a_bad_file_stops_nothing_and_is_listed_with_its_reason(labels_dir, capsys):
    (labels_dir / "aa.png").write_bytes(b"no image at all")
    assert run(labels_dir) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("2 made, 0 already there, 1 failed")
    assert f"{labels_dir / 'aa.png'}: This file (15 bytes) is no image." in printed.err


def test_what_is_done_is_skipped_unless_its_label_map_is_newer(labels_dir, capsys):
    run(labels_dir)
    photo = labels_dir.parent / "photos" / "a.png"
    os.utime(photo, (1, 1))
    run(labels_dir)
    assert "1 made, 1 already there" in capsys.readouterr().out
    run(labels_dir)
    assert "0 made, 2 already there" in capsys.readouterr().out
    run(labels_dir, "--again")
    assert "2 made, 0 already there" in capsys.readouterr().out


def test_two_label_maps_that_would_share_a_photo_are_both_refused(labels_dir, capsys):
    Image.fromarray(tiny.draw_labels("c")).save(labels_dir / "a.gif")
    assert run(labels_dir) == 1
    assert capsys.readouterr().err.count("another label map would also become") == 2
    assert not (labels_dir.parent / "photos" / "a.png").exists()


def test_a_pattern_chooses_among_the_files_of_cityscapes(tmp_path):
    cityscapes = tiny.write_cityscapes(tmp_path / "cityscapes")
    assert run(cityscapes, "--pattern", "gtFine/val/**/*_labelIds.png") == 0
    photos = sorted((tmp_path / "photos").rglob("*.png"))
    assert [p.name for p in photos] == [f"{name}_gtFine_labelIds.png" for name in tiny.names("val")]


@pytest.mark.parametrize(
    ("labels", "out", "reason"),
    [
        ("nowhere", "photos", "nowhere is not a folder"),
        ("labels", "labels/photos", "where photos would be taken for label maps"),
        ("labels", "labels", "where photos would be taken for label maps"),
        ("empty", "photos", "no image in"),
    ],
)
def test_folders_that_cannot_be_meant_are_refused(labels_dir, tmp_path, capsys, labels, out, reason):
    (tmp_path / "empty").mkdir()
    paths = [str(tmp_path / labels), str(tmp_path / out)]
    assert main(["synthesize", *paths]) == 1
    assert reason in capsys.readouterr().err


def test_a_photo_that_cannot_be_written_stops_it_and_leaves_no_half_a_file(labels_dir, monkeypatch, capsys):
    def full(image, path, kind):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    assert run(labels_dir) == 1
    assert "No space left" in capsys.readouterr().err
    assert not list((labels_dir.parent / "photos").iterdir())


def test_the_command_runs_with_a_checkpoint(labels_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "Synthesizer", Synthesizer)
    model = tiny.save_checkpoint(tmp_path, UNet(3, 1).eval())
    assert run(labels_dir, "--model", str(model)) == 0
    assert read(tmp_path / "photos" / "a.png").shape == (tiny.HEIGHT_PX, tiny.WIDTH_PX, 3)
