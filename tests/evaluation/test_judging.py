"""The judges' figures stand beside those of as many real photos, in one table."""

import numpy as np
import torch
from PIL import Image

from citygan.data.dataset import NO_DRIVE
from citygan.evaluation.judging import _figures, _Seen, evenly, report, resized
from citygan.evaluation.scores import Figure, Reading, confusion


def seen(count, offset=0.0):
    """What judges saw in photos that differ from others by an offset."""
    rng = torch.Generator().manual_seed(count)
    return _Seen(
        np.full(count, 20 + offset),
        {"net": torch.rand(count, 6, generator=rng) + offset},
        {"64 x 64": np.full(count, 2 + offset)},
        {("64 x 64", 64): torch.rand(count, 128, 3, 7, 7, generator=rng)},
    )


def test_indices_are_spread_evenly_and_doubled_only_where_there_are_too_few():
    assert evenly(367, 3) == [0, 183, 366]
    assert len(set(evenly(367, 233))) == 233
    assert evenly(2, 4) == [0, 0, 1, 1]


def test_photos_are_resized_as_pillow_does_it_with_antialiasing():
    photo = np.random.default_rng(0).integers(0, 256, (384, 512, 3), dtype=np.uint8)
    small = resized(torch.from_numpy(photo).permute(2, 0, 1)[None])
    wanted = np.asarray(Image.fromarray(photo).resize((256, 256), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(small[0].permute(1, 2, 0).numpy().astype(int), wanted, atol=2)
    assert resized(small) is small


def test_each_figure_stands_in_its_column():
    counts = np.stack([confusion(np.uint8([26, 7]), np.uint8([26, 26]))])
    read = Reading((7, 26), counts, np.stack([confusion(np.uint8([26, 7]), np.uint8([26, 7]))]))
    figures = {f.judge: f for f in _figures(seen(4, 1), seen(4, 2), seen(4), read, True)}
    kid = figures["KID by net, x 1e3"]
    assert kid.training > kid.generated > 0
    assert kid.generated_deviation is kid.real is None  # four photos are one subset
    assert figures["SWD 64 px of 64 x 64, x 1e3"].generated == 0
    assert figures["chroma, of 255"] == Figure("chroma, of 255", 21, 22, 20)
    assert figures["streaks at 64 x 64"] == Figure("streaks at 64 x 64", 3, 4, 2)
    assert figures["IoU car"] == Figure("IoU car", 0.5, real=1.0)
    assert figures["IoU person"] == Figure("IoU person", None)


def test_with_many_photos_the_kernel_distance_has_a_deviation():
    (kid,) = [f for f in _figures(seen(60, 1), seen(60), seen(60), None, True) if "KID" in f.judge]
    assert kid.generated_deviation > 0
    assert kid.training_deviation > 0


def test_without_training_photos_and_with_few_photos_what_is_left_is_said():
    figures = _figures(seen(4, 1), None, seen(4), None, False)
    assert figures == [Figure("streaks at 64 x 64", 3, None, 2), Figure("chroma, of 255", 21, None, 20)]


def test_the_table_has_a_part_for_each_drive_and_dashes_for_what_is_not_there():
    lines = report({NO_DRIVE: [Figure("one", 1.23456, 2, None, 0.5)], "0001TP": [Figure("two", None)]})
    assert [[cell.strip() for cell in line.split("|")] for line in lines] == [
        ["judge", "generated", "training photos", "real photos"],
        ["one", "1.235 ± 0.500", "2.000", "-"],
        ["0001TP", "generated", "training photos", "real photos"],
        ["two", "-", "-", "-"],
    ]
