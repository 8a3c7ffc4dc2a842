"""The readers give the same samples from every layout, and name what is wrong."""

import logging
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from PIL import Image
from tiny import HEIGHT_PX, LAYOUTS, WIDTH_PX, draw_labels, draw_photo, ids_in_photo

from citygan import palette
from citygan.data import dataset as data
from citygan.data import layouts
from citygan.data.dataset import DataError, find_layout, open_split

NAMED = {
    "Cityscapes label ids": "Cityscapes",
    "Cityscapes train ids": "Cityscapes",
    "Cityscapes colours": "Cityscapes",
    "CamVid": "CamVid",
    "pairs, photo right": "side-by-side pairs",
    "pairs, photo left": "side-by-side pairs",
}


@pytest.fixture(params=LAYOUTS)
def layout(request, tmp_path):
    """A data set in each layout: its name and its folder."""
    return request.param, LAYOUTS[request.param](tmp_path / "set")


# Reading


def test_a_layout_is_recognized_by_looking_at_the_folder(layout):
    name, folder = layout
    assert find_layout(folder).name == NAMED[name]


def test_every_layout_reads_to_the_label_maps_and_photos_that_were_drawn(layout):
    _, folder = layout
    found = find_layout(folder)
    for split in ("train", "val"):
        pairs = found.pairs(folder, split)
        assert [p.name.rpartition("/")[2] for p in pairs] == tiny.names(split)
        for pair in pairs:
            label_map, photo = found.read(pair)
            drawn = draw_labels(pair.photo.stem.removesuffix("_leftImg8bit"))
            assert np.array_equal(label_map, drawn)
            assert np.array_equal(photo, draw_photo(drawn))


def test_a_sample_is_a_square_label_map_and_photo_as_bytes(layout):
    _, folder = layout
    samples = open_split(folder, "train", 96)
    assert len(samples) == len(list(samples)) == 3
    for labels, photo in samples:
        assert (labels.shape, labels.dtype) == ((96, 96), torch.uint8)
        assert (photo.shape, photo.dtype) == ((3, 96, 96), torch.uint8)
        assert type(labels) is type(photo) is torch.Tensor


def test_resizing_makes_no_new_ids(layout):
    _, folder = layout
    for labels, _ in open_split(folder, "train", 37):
        assert set(labels.unique().tolist()) <= set(layouts.CAMVID_IDS.tolist())


def test_photos_are_reduced_without_aliases(tmp_path):
    folder = tiny.write_camvid(tmp_path, {"train": 1})
    stripes = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(folder / "train" / "train_000.png")
    _, photo = open_split(folder, "train", 13)[0]
    assert (photo.float() - 127.5).abs().max() < 30


def test_pairs_with_jpeg_noise_read_to_nearly_the_same(tmp_path):
    for side in ("left", "right"):
        folder = tiny.write_pairs(tmp_path / side, photo_on=side, suffix=".jpg")
        pairs = layouts.PAIRS.pairs(folder, "train")
        assert len(pairs) == 3
        for pair in pairs:
            label_map, photo = layouts.PAIRS.read(pair)
            drawn = draw_labels(pair.name)
            assert (label_map == drawn).mean() > 0.8
            assert (ids_in_photo(photo) == drawn).mean() > 0.5


def test_the_layout_split_and_number_of_samples_stand_in_the_log(layout, caplog):
    name, folder = layout
    with caplog.at_level(logging.INFO):
        open_split(folder, "val", 32)
    assert f"{folder}: {NAMED[name]} layout, val, 2 samples" in caplog.text


def test_cityscapes_ids_without_a_color_of_their_own_are_folded(tmp_path):
    folder = tiny.write_cityscapes(tmp_path)
    file = next(folder.glob("gtFine/train/*/*"))
    label_map = np.asarray(Image.open(file)).copy()
    label_map[0, :3] = [3, 4, 18]
    Image.fromarray(label_map).save(file)
    read, _ = layouts.CITYSCAPES.read(layouts.CITYSCAPES.pairs(folder, "train")[0])
    assert read[0, :3].tolist() == [0, 0, 17]


def test_label_ids_are_read_before_train_ids_and_colors(tmp_path):
    for kind in ("color", "labelTrainIds", "labelIds"):
        folder = tiny.write_cityscapes(tmp_path, kind=kind)
        assert {p.labels.stem.rpartition("_")[2] for p in layouts.CITYSCAPES.pairs(folder, "train")} == {kind}


def test_cities_with_the_same_frame_numbers_are_kept_apart(tmp_path):
    folder = tiny.write_cityscapes(tmp_path, {"train": 1})
    for half in ("leftImg8bit", "gtFine"):
        (folder / half / "train" / "aachen").rename(folder / half / "train" / "ulm")
    tiny.write_cityscapes(tmp_path, {"train": 1})
    names = [p.name for p in layouts.CITYSCAPES.pairs(folder, "train")]
    assert names == ["aachen/train_000", "ulm/train_000"]


def test_a_set_too_large_for_the_memory_is_read_from_the_disk_each_time(layout):
    _, folder = layout
    kept = open_split(folder, "train", 40)
    read = open_split(folder, "train", 40, memory_gib=0)
    assert kept.memory is not None
    assert read.memory is None
    assert len(kept) == 3
    for one, other in zip(kept, read, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_set_in_memory_is_two_tensors_and_a_budget_just_large_enough_holds_it(camvid):
    size = 3 * 4 * 40**2 / 2**30
    labels, photos = open_split(camvid, "train", 40, memory_gib=size).memory
    assert (labels.shape, labels.dtype, labels.is_contiguous()) == ((3, 40, 40), torch.uint8, True)
    assert (photos.shape, photos.dtype, photos.is_contiguous()) == ((3, 3, 40, 40), torch.uint8, True)
    assert open_split(camvid, "train", 40, memory_gib=0.99 * size).memory is None


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_the_same_from_memory_and_from_the_disk(camvid, workers):
    order, cpu = [[2, 0], [1, 1], [0]], torch.device("cpu")
    kept, read = (open_split(camvid, "train", 40, memory_gib=gib) for gib in (8, 0))
    batches = list(kept.batches(order, cpu))
    assert [len(labels) for labels, _ in batches] == [2, 2, 1]
    assert torch.equal(batches[0][1], torch.stack([kept[2][1], kept[0][1]]))
    for ours, theirs in zip(batches, read.batches(order, cpu, workers=workers), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("memory_gib", [8, 0])
def test_a_split_knows_its_class_shares(camvid, memory_gib):
    opened = open_split(camvid, "train", 40, memory_gib=memory_gib)
    drawn = torch.stack([labels for labels, _ in opened])
    assert opened.shares == pytest.approx(palette.shares(drawn.numpy()))
    assert list(opened.shares.values()) == sorted(opened.shares.values(), reverse=True)


def test_a_data_set_is_described_by_its_layout_and_aspect(layout):
    name, folder = layout
    assert data.describe(folder) == {"name": NAMED[name], "aspect": WIDTH_PX / HEIGHT_PX}


# What is wrong with a data set


def relabel(value: int, mode_of=np.uint8):
    def change(file: Path) -> None:
        labels = np.asarray(Image.open(file)).astype(mode_of)
        labels[0, 0] = value
        Image.fromarray(labels).save(file)

    return change


def replace_by(picture: np.ndarray):
    return lambda file: Image.fromarray(picture).save(file)


def empty(file: Path) -> None:
    file.write_bytes(b"")


CITYSCAPES_LABELS = "gtFine/train/aachen/train_001_gtFine_{}.png"
SMALL = np.zeros((8, 8, 3), np.uint8)
BAD = {
    "a missing label map": ("CamVid", "trainannot/train_001.png", Path.unlink, "there is no"),
    "a missing Cityscapes label map": (
        "Cityscapes label ids",
        CITYSCAPES_LABELS.format("labelIds"),
        Path.unlink,
        "there is no",
    ),
    "a tiny.truncated photo": ("CamVid", "train/train_001.png", tiny.truncate, "cannot be read"),
    "a tiny.truncated label map": ("CamVid", "trainannot/train_001.png", tiny.truncate, "cannot be read"),
    "a tiny.truncated pair": ("pairs, photo left", "train/train_001.png", tiny.truncate, "cannot be read"),
    "an empty file": ("CamVid", "train/train_001.png", empty, "cannot be read"),
    "a CamVid id of 12": ("CamVid", "trainannot/train_001.png", relabel(12), "label 12.*0 to 11"),
    "a Cityscapes id of 34": (
        "Cityscapes label ids",
        CITYSCAPES_LABELS.format("labelIds"),
        relabel(34),
        "label 34.*0 to 33",
    ),
    "a train id of 19": (
        "Cityscapes train ids",
        CITYSCAPES_LABELS.format("labelTrainIds"),
        relabel(19),
        r"\[19\].*0 to 18",
    ),
    "a 16-bit label map": (
        "Cityscapes label ids",
        CITYSCAPES_LABELS.format("labelIds"),
        relabel(7, np.uint16),
        "8-bit id.*uint16",
    ),
    "colours where ids belong": (
        "Cityscapes label ids",
        CITYSCAPES_LABELS.format("labelIds"),
        replace_by(np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)),
        r"8-bit id.*\(48, 64, 3\)",
    ),
    "colours where train ids belong": (
        "Cityscapes train ids",
        CITYSCAPES_LABELS.format("labelTrainIds"),
        replace_by(np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)),
        r"8-bit id.*\(48, 64, 3\)",
    ),
    "a photo of another size": (
        "CamVid",
        "train/train_001.png",
        replace_by(SMALL),
        r"is \(8, 8\).*\(64, 48\)",
    ),
    "a pair of odd width": (
        "pairs, photo right",
        "train/train_001.png",
        replace_by(SMALL[:, :7]),
        "7 px wide",
    ),
}


@pytest.fixture(params=BAD)
def spoiled(request, tmp_path):
    """A data set with one bad file: the folder, the file, and what is to be said of it."""
    kind, path, spoil, message = BAD[request.param]
    folder = LAYOUTS[kind](tmp_path)
    spoil(folder / path)
    return folder, Path(path).name, message


def test_a_bad_sample_is_an_error_that_names_the_file(spoiled):
    folder, file, message = spoiled
    with pytest.raises(DataError, match=message) as caught:
        open_split(folder, "train", 32)
    assert file in str(caught.value)


def test_with_skip_bad_a_bad_sample_is_left_out_and_counted(spoiled, caplog):
    folder, file, _ = spoiled
    with caplog.at_level(logging.INFO):
        samples = open_split(folder, "train", 32, skip_bad=True)
    assert len(samples) == len(list(samples)) == 2
    assert [p.name.rpartition("/")[2] for p in samples.pairs] == ["train_000", "train_002"]
    assert len(samples.skipped) == 1
    assert file in samples.skipped[0]
    assert "2 samples, 1 left out" in caplog.text


def test_a_picture_cut_off_anywhere_is_an_error_that_names_it(tmp_path):
    folder = tiny.write_camvid(tmp_path, {"train": 1})
    file = folder / "train" / "train_000.png"
    photo = Image.open(file).copy()
    for suffix in (".png", ".jpg"):
        file.unlink()
        file = file.with_suffix(suffix)
        photo.save(file)
        whole = file.read_bytes()
        for end in [*range(64), *range(64, len(whole) - 16, 37)]:
            file.write_bytes(whole[:end])
            with pytest.raises(DataError, match=file.name):
                open_split(folder, "train", 32)


def test_a_set_of_which_nothing_can_be_read_is_an_error_even_with_skip_bad(tmp_path):
    folder = tiny.write_camvid(tmp_path, {"train": 2})
    for file in (folder / "train").iterdir():
        tiny.truncate(file)
    with pytest.raises(DataError, match=r"not one sample.*train_000\.png"):
        open_split(folder, "train", 32, skip_bad=True)


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(DataError, match=r"nowhere is no folder"):
        open_split(tmp_path / "nowhere", "train", 32)


def test_a_file_is_no_data_set(tmp_path):
    (tmp_path / "set.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"set\.zip is no folder"):
        open_split(tmp_path / "set.zip", "train", 32)


def test_a_folder_of_something_else_is_an_error_that_says_what_was_expected(tmp_path):
    (tmp_path / "notes.txt").write_text("no pictures here")
    with pytest.raises(DataError, match=r"leftImg8bit/.*trainannot/.*side-by-side") as caught:
        open_split(tmp_path, "train", 32)
    assert str(tmp_path) in str(caught.value)


def test_a_split_that_is_not_there_is_an_error_that_names_it(layout):
    _, folder = layout
    with pytest.raises(DataError, match="'test'"):
        open_split(folder, "test", 32)


def test_a_corrupt_note_of_a_prepared_set_is_an_error_that_names_it(tmp_path):
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(DataError, match=r"dataset\.json"):
        data.describe(tmp_path)


# Side-by-side pairs


@pytest.mark.parametrize("photo_on", ["left", "right"])
def test_the_half_in_palette_colors_is_the_label_map(photo_on):
    label_map = draw_labels("a pair")
    halves = [palette.colorize(label_map), draw_photo(label_map)]
    both = np.concatenate(halves if photo_on == "right" else halves[::-1], 1)
    got_labels, got_photo = layouts.split_side_by_side(both)
    assert np.array_equal(got_labels, label_map)
    assert np.array_equal(got_photo, draw_photo(label_map))


# Drives

DRIVEN = ("0001TP_008550", "Seq05VD_f00000", "0001TP_006690")


def write_drives(folder, split="train", names=DRIVEN):
    """A split in the CamVid layout with photos of those names."""
    for name in names:
        tiny.write_camvid_sample(folder, split, name)
    return folder


@pytest.mark.parametrize(
    ("name", "drive"),
    [
        ("0016E5_07961", "0016E5"),
        ("all/0016E5_07961", "0016E5"),
        ("aachen/aachen_000000_000019", "aachen"),
        ("all/aachen_aachen_000000_000019", "aachen"),
        ("1", "all"),
        ("all/1", "all"),
    ],
)
def test_a_drive_is_what_the_name_of_a_photo_starts_with(name, drive):
    samples = data.LabelPhotoSet([layouts.Pair(name, Path("p"), Path("l"))], layouts.PAIRS, 32)
    assert data.drives(samples) == {drive: [0]}


def test_the_drives_share_out_all_samples(tmp_path):
    assert data.drives(open_split(write_drives(tmp_path), "train", 32)) == {"0001TP": [0, 1], "Seq05VD": [2]}


@pytest.mark.parametrize("memory_gib", [8, 0])
def test_a_subset_has_the_samples_and_the_shares_of_its_own(tmp_path, memory_gib):
    whole = open_split(write_drives(tmp_path), "train", 32, memory_gib=memory_gib)
    part = whole.subset([2, 0]).subset([1, 0])
    assert [pair.name for pair in part.pairs] == ["0001TP_006690", "Seq05VD_f00000"]
    for (labels, photo), i in zip(part, (0, 2), strict=True):
        assert torch.equal(labels, whole[i][0])
        assert torch.equal(photo, whole[i][1])
    (labels, photos), *others = part.batches([[1, 0]], torch.device("cpu"))
    assert torch.equal(labels, torch.stack([whole[2][0], whole[0][0]]))
    assert torch.equal(photos, torch.stack([whole[2][1], whole[0][1]]))
    assert not others
    assert part.shares == pytest.approx(palette.shares(torch.stack([m for m, _ in part]).numpy()))
    assert part.shares != whole.shares
    assert len(whole) == 3


def test_a_set_is_read_again_at_another_size(tmp_path):
    folder = write_drives(tmp_path)
    samples = open_split(folder, "train", 40).subset([2]).resized(24)
    assert torch.equal(samples[0][1], open_split(folder, "train", 24)[2][1])
    assert len(samples) == 1


def test_each_drive_is_left_out_once_and_held_against_the_others(tmp_path):
    names = ("b_1", "a_1", "c_1", "a_2")
    samples = open_split(write_drives(tmp_path, names=names), "train", 32)
    folds = {drive: data.leave_drive_out(samples, drive) for drive in data.drives(samples)}
    assert [
        (drive, [p.name for p in rest.pairs], [p.name for p in held.pairs])
        for drive, (rest, held) in folds.items()
    ] == [
        ("a", ["b_1", "c_1"], ["a_1", "a_2"]),
        ("b", ["a_1", "a_2", "c_1"], ["b_1"]),
        ("c", ["a_1", "a_2", "b_1"], ["c_1"]),
    ]


def test_a_drive_that_is_not_there_or_alone_cannot_be_left_out(tmp_path):
    samples = open_split(write_drives(tmp_path), "train", 32)
    with pytest.raises(DataError, match=r"'0016E5' cannot be left out.*0001TP, Seq05VD"):
        data.leave_drive_out(samples, "0016E5")
    with pytest.raises(DataError, match="'0001TP' cannot be left out"):
        data.leave_drive_out(samples.subset([0, 1]), "0001TP")
