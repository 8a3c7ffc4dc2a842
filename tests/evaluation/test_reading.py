"""A segmentation network finds maps in photos, without specks, and is loaded with the first one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_segmenter import CONFIG, saved_segmenter

from citygan.errors import CityGANError
from citygan.evaluation import reading
from citygan.evaluation.reading import MAP_SIDE_PX, PhotoReader


@pytest.fixture
def reader(tmp_path):
    saved_segmenter(tmp_path / "tiny")
    return PhotoReader(tmp_path / "tiny")


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)


def test_the_map_has_the_shape_of_the_photo_and_classes_of_the_network(reader, photo):
    label_map = reader(photo)
    assert label_map.shape == (90, 120)
    assert label_map.dtype == np.uint8
    assert set(np.unique(label_map)) <= {7, 8, 23}
    assert reader.class_iou == 0.3  # as its .json says


def test_a_drive_that_training_never_saw_says_how_right_the_map_is(tmp_path):
    saved_segmenter(tmp_path / "tiny", unseen_iou=0.2)
    assert PhotoReader(tmp_path / "tiny").class_iou == 0.2
    assert PhotoReader().class_iou == 0.583  # of Seq05VD, see checkpoints/README.md


def test_the_map_of_a_large_photo_is_no_larger_than_a_canvas_needs(reader, photo):
    assert reader(np.tile(photo, (10, 20, 1))).shape == (round(MAP_SIDE_PX * 900 / 2400), MAP_SIDE_PX)


def test_a_mirrored_photo_has_the_mirrored_map(reader, photo, monkeypatch):
    monkeypatch.setattr(reading, "without_specks", lambda ids, smallest_px: ids)
    there, back = reader(photo), reader(photo[:, ::-1].copy())[:, ::-1]
    assert (there == back).mean() > 0.99


def test_specks_of_the_prediction_are_gone(reader, photo, monkeypatch):
    spotted = np.full((90, 120), 7, np.uint8)
    spotted[40, 60] = 23
    monkeypatch.setattr(PhotoReader, "_classes", lambda *_: spotted)
    assert (reader(photo) == 7).all()


def test_the_network_is_loaded_with_the_first_photo_and_once(reader, photo, monkeypatch):
    loaded = []
    real = reading.Segmenter
    monkeypatch.setattr(reading, "Segmenter", lambda source: loaded.append(source) or real(source))
    assert not loaded
    reader(photo)
    reader(photo)
    assert len(loaded) == 1


def test_probabilities_are_of_the_size_that_was_given_and_sum_to_one(reader, photo):
    pixels = torch.from_numpy(photo).permute(2, 0, 1)[None]
    likely = reader._segmenter.probabilities(pixels)
    assert likely.shape == (1, 3, 90, 120)
    torch.testing.assert_close(likely.sum(1), torch.ones(1, 90, 120))


def test_a_network_that_is_not_there_is_said_at_once(tmp_path):
    with pytest.raises(CityGANError, match="is no checkpoint"):
        PhotoReader(tmp_path / "missing")


def test_a_network_trained_on_wide_photos_reads_them_wide(tmp_path, photo):
    config = replace(CONFIG, aspect=1.5)
    saved_segmenter(tmp_path / "wide", config=config)
    reader = PhotoReader(tmp_path / "wide")
    shapes = []
    reader._segmenter._network.register_forward_pre_hook(lambda _, given: shapes.append(given[0].shape[2:]))
    reader(photo)
    assert shapes == [config.shape(config.load_px)] == [(80, 120)]
