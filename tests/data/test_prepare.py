"""A prepared data set is small, true to the one it was made of, and whole or not there."""

import json

import numpy as np
import pytest
import tiny
from PIL import Image
from tiny import HEIGHT_PX, LAYOUTS, WIDTH_PX, draw_labels, draw_photo

from citygan import palette
from citygan.data.dataset import DataError, describe, drives, find_layout, open_split
from citygan.data.layouts import CAMVID_IDS, CITYSCAPES
from citygan.data.prepare import prepare

BOTH = ("train", "val")


def note_in(folder):
    return json.loads((folder / "dataset.json").read_text())


def files_in(folder):
    """Each file below a folder, hidden ones too, and its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_prepared_set_is_read_by_the_same_reader_and_keeps_its_classes(kind, tmp_path):
    folder, out = LAYOUTS[kind](tmp_path / "set"), tmp_path / "small"
    prepare(folder, out, height_px=24, splits=BOTH)
    assert find_layout(out).name == "Cityscapes"
    assert note_in(out)["splits"] == {"train": 3, "val": 2}
    assert describe(out)["name"] == find_layout(folder).name
    assert describe(out)["aspect"] == WIDTH_PX / HEIGHT_PX
    for split, count in (("train", 3), ("val", 2)):
        pairs = CITYSCAPES.pairs(out, split)
        assert len(pairs) == count
        for pair in pairs:
            label_map, photo = CITYSCAPES.read(pair)
            assert label_map.shape == photo.shape[:2] == (24, 32)
            palette.check_label_map(label_map)
            assert set(np.unique(label_map).tolist()) <= set(CAMVID_IDS.tolist())


def test_a_prepared_photo_still_lies_on_its_label_map(camvid, tmp_path):
    prepare(camvid, tmp_path, height_px=HEIGHT_PX, splits=("train",))
    pairs = CITYSCAPES.pairs(tmp_path, "train")
    assert len(pairs) == 3
    for pair in pairs:
        label_map, photo = CITYSCAPES.read(pair)
        assert np.array_equal(label_map, draw_labels(pair.name.removeprefix("all/")))
        difference = np.abs(draw_photo(label_map).astype(int) - photo)
        assert difference[2::8, 2::8].max() < 30
        assert difference.mean() < 3


def test_what_was_written_is_counted_and_what_was_left_out_is_listed(tmp_path, capsys):
    folder, out = tiny.write_camvid(tmp_path / "set"), tmp_path / "small"
    tiny.truncate(folder / "train" / "train_001.png")
    prepare(folder, out, height_px=24, splits=("train",), skip_bad=True)
    assert len(open_split(out, "train", 32)) == 2
    note = note_in(out)
    assert note["splits"] == {"train": 2}
    (skipped,) = note["skipped"]
    assert "train_001.png" in skipped
    assert f"{out}: {{'train': 2}}, 1 left out" in capsys.readouterr().out


def test_samples_are_left_out_by_a_part_of_their_names(camvid, tmp_path):
    prepare(camvid, tmp_path, height_px=24, splits=("train",), leave_out=("_001", "_002"))
    assert note_in(tmp_path)["splits"] == {"train": 1}
    assert note_in(tmp_path)["leave_out"] == ["_001", "_002"]
    assert [pair.name for pair in open_split(tmp_path, "train", 24).pairs] == ["all/train_000"]


def test_a_drive_keeps_its_name(tmp_path):
    tiny.write_camvid_sample(tmp_path / "set", "train", "0016E5_07961")
    prepare(tmp_path / "set", tmp_path / "small", height_px=24, splits=("train",))
    assert drives(open_split(tmp_path / "small", "train", 24)) == {"0016E5": [0]}


def test_cities_with_the_same_frame_numbers_are_kept_apart(tmp_path):
    folder = tiny.write_cityscapes(tmp_path / "set", {"train": 1})
    for half in ("leftImg8bit", "gtFine"):
        (folder / half / "train" / "aachen").rename(folder / half / "train" / "ulm")
    tiny.write_cityscapes(folder, {"train": 1})
    prepare(folder, tmp_path / "small", height_px=32, splits=("train",))
    assert drives(open_split(tmp_path / "small", "train", 32)) == {"aachen": [0], "ulm": [1]}


# A folder that was used before


def test_what_is_left_out_now_does_not_stay_from_an_earlier_time(camvid, tmp_path):
    again, fresh = tmp_path / "again", tmp_path / "fresh"
    prepare(camvid, again, height_px=24, splits=BOTH)
    for out in (again, fresh):
        prepare(camvid, out, height_px=24, splits=BOTH, leave_out=("_001",))
    assert [pair.name for pair in open_split(again, "train", 24).pairs] == ["all/train_000", "all/train_002"]
    assert files_in(again) == files_in(fresh)


def test_a_split_that_is_not_prepared_again_does_not_stay(camvid, tmp_path):
    prepare(camvid, tmp_path, height_px=24, splits=BOTH)
    prepare(camvid, tmp_path, height_px=24, splits=("train",), leave_out=("_001",))
    with pytest.raises(DataError, match="no samples for the split 'val'"):
        open_split(tmp_path, "val", 24)


class PowerCutError(BaseException):
    """What no code catches."""


@pytest.mark.parametrize("pictures", [0, 1, 4, 9])
@pytest.mark.parametrize("used_before", [False, True])
def test_an_interrupted_preparation_leaves_the_folder_as_it_was(
    camvid, tmp_path, monkeypatch, pictures, used_before
):
    out = tmp_path / "small"
    if used_before:
        prepare(camvid, out, height_px=24, splits=BOTH)
    before, saved, save = files_in(tmp_path), [], Image.Image.save

    def cut(image, file, kind, **options):
        if len(saved) == pictures:
            raise PowerCutError
        saved.append(file)
        save(image, file, kind, **options)

    monkeypatch.setattr(Image.Image, "save", cut)
    with pytest.raises(PowerCutError):
        prepare(camvid, out, height_px=32, splits=BOTH)
    assert files_in(tmp_path) == before


def test_a_bad_file_is_named_and_leaves_no_half_of_a_data_set(tmp_path):
    folder = tiny.write_camvid(tmp_path / "set")
    tiny.truncate(folder / "trainannot" / "train_002.png")
    with pytest.raises(DataError, match=r"trainannot.train_002\.png"):
        prepare(folder, tmp_path / "small", height_px=24, splits=("train",))
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("write", LAYOUTS.values())
def test_a_data_set_is_not_prepared_over_itself(tmp_path, write):
    folder = write(tmp_path)
    before = files_in(folder)
    with pytest.raises(DataError, match="choose another --out"):
        prepare(folder, folder, height_px=24, splits=("train",))
    assert files_in(folder) == before


def test_a_folder_with_files_of_somebody_is_left_alone(camvid, tmp_path):
    prepare(camvid, tmp_path, height_px=24, splits=("train",))
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match=r"thesis\.txt.*choose another --out"):
        prepare(camvid, tmp_path, height_px=24, splits=("train",))
    assert len(open_split(tmp_path, "train", 24)) == 3


def test_a_link_to_a_larger_disk_stays_a_link(camvid, tmp_path):
    (tmp_path / "large").mkdir()
    (tmp_path / "small").symlink_to("large")
    for _ in range(2):
        prepare(camvid, tmp_path / "small", height_px=24, splits=("train",))
    assert (tmp_path / "small").is_symlink()
    assert len(open_split(tmp_path / "large", "train", 24)) == 3


def test_a_split_that_is_not_there_is_an_error_that_names_it(camvid, tmp_path):
    with pytest.raises(DataError, match="test"):
        prepare(camvid, tmp_path, height_px=24, splits=("test",))
