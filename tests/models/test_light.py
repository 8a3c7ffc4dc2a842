"""Light is what a hand measures, and a guess from the map is better than none where maps tell it."""

import pytest
import torch

from citygan import palette
from citygan.models.encoding import encode_labels
from citygan.models.light import Light, _cells, _ridge, changed, measure

SKY, ROAD, BUILDING, TREE, CAR = 23, 7, 11, 21, 26


def street(sky_rows=8, side=32):
    label_map = torch.full((side, side), ROAD, dtype=torch.uint8)
    label_map[:sky_rows] = SKY
    return label_map


def photo_of(label_map, sky, road):
    """A photo `(3, H, W)` in one colour for each."""
    colors = torch.stack([torch.tensor(road), torch.tensor(sky)])
    return colors[(label_map == SKY).long()].permute(2, 0, 1)


def test_a_grey_photo_has_its_brightness_and_nothing_else():
    numbers, present = measure(torch.full((1, 3, 32, 32), 0.25), encode_labels(street()[None], "classes"))
    assert numbers[0, :4].tolist() == pytest.approx([0.25, 1e-4, 0, 0], abs=1e-5)
    assert present[0].tolist().count(True) == 6  # four of the photo, and of road and sky


def test_colour_and_contrast_are_those_of_bt_601():
    label_map = street(16)
    photo = photo_of(label_map, sky=[0.0, 0.0, 1.0], road=[0.0, 0.0, 0.0])
    numbers, _ = measure(photo[None], encode_labels(label_map[None], "classes"))
    luma = 0.114
    wanted = [luma / 2, luma / 2, (1 - luma) / 2, -luma / 2]
    assert numbers[0, :4].tolist() == pytest.approx(wanted, abs=1e-4)


def test_each_class_has_its_own_brightness():
    label_map = street(8)
    photo = photo_of(label_map, sky=[0.5] * 3, road=[-0.5] * 3)
    numbers, present = measure(photo[None], encode_labels(label_map[None], "classes"))
    names = [c.name for c in palette.CLASSES if c.name in ("sky", "road", "building", "vegetation")]
    of = dict(zip(names, numbers[0, 4:].tolist(), strict=True))
    has = dict(zip(names, present[0, 4:].tolist(), strict=True))
    assert (of["sky"], of["road"]) == (pytest.approx(0.5), pytest.approx(-0.5))
    assert has == {"sky": True, "road": True, "building": False, "vegetation": False}


@pytest.fixture
def fitted():
    """Light of forty streets whose photos are as bright as their sky is large."""
    torch.manual_seed(0)
    samples = []
    for rows in range(2, 22):
        label_map = street(rows)
        for _ in range(2):
            bright = rows / 22 + 0.05 * torch.randn(()).item()
            photo = photo_of(label_map, sky=[bright, bright, bright + 0.1], road=[bright - 0.3] * 3)
            samples.append((encode_labels(label_map[None], "classes"), photo[None]))
    light = Light(29)
    light.fit(samples)
    return light, samples


def test_the_codes_of_the_training_photos_are_standardized(fitted):
    light, samples = fitted
    codes = torch.cat([light.of_photos(photo, conditions)[0] for conditions, photo in samples])
    brightness = codes[:, 0]
    assert brightness.mean().item() == pytest.approx(0, abs=1e-4)
    assert brightness.square().mean().item() == pytest.approx(1, abs=1e-3)


def test_a_class_that_is_absent_has_the_mean_light(fitted):
    light, samples = fitted
    conditions, photo = samples[0]
    code, present = light.of_photos(photo, conditions)
    assert (code[~present] == 0).all()
    assert not present.all()


def test_the_guess_is_nearer_than_the_mean(fitted):
    light, samples = fitted
    off, mean_off = [], []
    for conditions, photo in samples:
        code, _ = light.of_photos(photo, conditions)
        off.append((light.guess(conditions) - code)[0, 0].abs())
        mean_off.append(code[0, 0].abs())
    assert torch.stack(off).mean() < 0.7 * torch.stack(mean_off).mean()


def test_the_guess_of_a_map_of_ids_is_that_of_its_channels(fitted):
    light = fitted[0]
    label_map = torch.tensor(palette.CLASSES[3].id, dtype=torch.uint8).repeat(1, 64, 96)
    label_map[0, :40, 20:50], label_map[0, 30:, 70:] = 23, 7
    torch.testing.assert_close(
        light.guess_of_map(label_map), light.guess(encode_labels(label_map, "classes"))
    )


def test_the_spread_is_that_of_what_a_guess_leaves_open_of_photos_it_was_not_learned_from(fitted):
    light, samples = fitted
    codes = torch.cat([light.of_photos(photo, conditions)[0] for conditions, photo in samples]).double()
    cells = torch.cat([_cells(conditions).double() for conditions, _ in samples])
    left, quarter = [], len(samples) // 4
    for start in range(0, len(samples), quarter):
        mine = torch.arange(start, start + quarter)
        others = torch.tensor([i for i in range(len(samples)) if i not in mine])
        weight, bias = _ridge(cells[others], codes[others])
        left.append(codes[mine] - cells[mine] @ weight.T - bias)
    covariance = torch.cat(left).T @ torch.cat(left) / len(samples)
    assert torch.allclose(light.spread @ light.spread.T, covariance.float(), atol=1e-3)
    seen = torch.cat([light.of_photos(p, c)[0] - light.guess(c) for c, p in samples])
    assert covariance[0, 0] > seen[:, 0].square().mean()  # of those it was learned from it knows more


def test_seeds_vary_the_light_as_much_as_photos_of_the_same_map_differ(fitted):
    light, _ = fitted
    drawn = torch.cat([light.vary(seed) for seed in range(2000)])
    assert torch.equal(light.vary(3), light.vary(3))
    assert drawn.mean(0).abs().max() < 0.1
    assert torch.allclose(drawn.T @ drawn / 2000, light.spread @ light.spread.T, atol=0.1)


def test_the_named_lights_are_groups_of_the_training_photos_the_darkest_last(fitted):
    light, _ = fitted
    assert list(light.named()) == ["day", "overcast", "dusk"]
    brightness = [code[0] for code in light.named().values()]
    assert min(brightness) == brightness[-1]
    assert max(brightness) - min(brightness) > 1


def test_any_picture_has_a_light_whose_classes_are_as_bright_as_they_mostly_are(fitted):
    light, samples = fitted
    for conditions, photo in (samples[2], samples[-3]):
        code, present = light.of_photos(photo, conditions)
        guessed = light.of_picture(photo)
        assert torch.allclose(guessed[0, :4], code[0, :4])
        assert torch.allclose(guessed[present], code[present], atol=0.6)


def test_brighter_is_every_luma_and_warmer_is_red_instead_of_blue():
    code = torch.zeros(1, 8)
    assert changed(code, 1.5, 0)[0].tolist() == [1.5, 0, 0, 0, 1.5, 1.5, 1.5, 1.5]
    assert changed(code, 0, 0.5)[0].tolist() == [0, 0, -0.5, 0.5, 0, 0, 0, 0]


def test_a_checkpoint_carries_it(fitted):
    light, samples = fitted
    other = Light(29)
    other.load_state_dict(light.state_dict())
    assert torch.equal(other.guess(samples[3][0]), light.guess(samples[3][0]))


def test_a_photo_can_be_made_to_have_a_light(fitted):
    light, samples = fitted
    conditions, photo = samples[10]
    photo = photo.clone().requires_grad_()
    code, _ = light.of_photos(photo, conditions)
    code[0, 0].backward()
    assert photo.grad.abs().sum() > 0
