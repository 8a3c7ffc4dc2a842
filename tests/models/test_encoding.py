"""What the networks see of a label map and a photo."""

import numpy as np
import pytest
import torch
from tiny import HEIGHT_PX, WIDTH_PX, draw_labels

from citygan import palette
from citygan.models.encoding import ENCODINGS, encode_labels, to_unit_range


def test_colors_are_the_palette_in_minus_one_to_one():
    maps = np.stack([draw_labels("one"), draw_labels("two")])
    encoded = encode_labels(torch.from_numpy(maps), "colors")
    assert (encoded.shape, encoded.dtype) == ((2, 3, HEIGHT_PX, WIDTH_PX), torch.float32)
    wanted = palette.colorize(maps).astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1
    assert encoded.numpy() == pytest.approx(wanted, abs=1e-6)


def test_classes_are_one_channel_each():
    ids = [c.id for c in palette.CLASSES]
    encoded = encode_labels(torch.tensor([[ids]], dtype=torch.uint8), "classes")
    assert encoded.dtype == torch.float32
    assert torch.equal(encoded[0, :, 0], torch.eye(len(ids)))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoding_has_the_channels_that_the_networks_are_built_for(encoding):
    assert encode_labels(torch.zeros(1, 2, 2, dtype=torch.uint8), encoding).shape[1] == ENCODINGS[encoding]


def test_an_unknown_encoding_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"'rgb' is unknown; choose one of colors, classes"):
        encode_labels(torch.zeros(1, 2, 2, dtype=torch.uint8), "rgb")


def test_photos_are_shown_in_minus_one_to_one():
    photos = torch.tensor([0, 255], dtype=torch.uint8)
    assert to_unit_range(photos).tolist() == [-1, 1]
