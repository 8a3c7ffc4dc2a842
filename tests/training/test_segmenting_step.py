"""A step against the discriminator that reads the street."""

import math
from copy import deepcopy
from dataclasses import replace

import pytest
import tiny
import torch
from states import batch

from citygan.models.encoding import encode_labels
from citygan.models.light import light_of
from citygan.training import segmenting_step as steps
from citygan.training import update
from citygan.training.recipes import RECIPES
from citygan.training.segmenting_step import segmenting_step
from citygan.training.state import TrainState
from citygan.training.step import train_step


def config(**changes):
    thin = {"width": 2, "discriminator_width": 2, "size_px": 256, "aspect": 1.0, "load_px_min": 256}
    thin |= {"load_px_max": 256, "frozen_trunk": False, "half_size_epochs": 0, "decay_epochs": 0}
    return replace(RECIPES["citygan-light"], **(thin | changes))


def test_a_step_changes_every_weight_of_both_networks(accelerator):
    state = TrainState(config(), accelerator)
    networks = {"generator": state.generator, "discriminator": state.discriminator}
    before = {name: deepcopy(dict(network.named_parameters())) for name, network in networks.items()}
    conditions, photos = batch(state.config, 2)
    torch.manual_seed(0)  # with the batch's own, both lights happen to be withheld
    for _ in range(4):
        losses = segmenting_step(state, conditions, photos)
    for name, network in networks.items():
        for parameter, value in network.named_parameters():
            assert not torch.equal(value, before[name][parameter]), f"{name}.{parameter} stayed"
    assert all(math.isfinite(v) for v in losses.values())


def test_each_loss_that_the_recipe_weighs_is_named(accelerator):
    names = ["discriminator_real", "discriminator_fake", "adversarial", "l1", "features"]
    every = config(label_mix_weight=1.0)
    losses = segmenting_step(TrainState(every, accelerator), *batch(every, 2))
    more = ["ssim", "pooled_l1", "frequency", "light"]
    assert list(losses) == [*names[:2], "label_mix", *names[2:], *more]
    plain = config(ssim_weight=0.0, pooled_l1_weight=0.0, frequency_weight=0.0, light_weight=0.0)
    assert list(segmenting_step(TrainState(plain, accelerator), *batch(plain, 2))) == names


@pytest.mark.parametrize("name", ["ssim", "pooled_l1", "frequency", "light", "feature"])
def test_each_weight_counts(accelerator, name):
    gradients = []
    for weight in (1e-6, 10.0):
        state = TrainState(config(**{f"{name}_weight": weight}), accelerator)
        conditions, photos = batch(state.config, 2)
        torch.manual_seed(0)
        segmenting_step(state, conditions, photos)
        gradients.append(state.generator.head.out.weight.grad.clone())
    assert not torch.allclose(*gradients)


def test_a_frozen_trunk_stays_and_its_average_too(accelerator):
    state = TrainState(config(frozen_trunk=True), accelerator)
    before = deepcopy(state.generator.state_dict())
    for _ in range(3):
        segmenting_step(state, *batch(state.config, 2))
    for name, value in state.generator.state_dict().items():
        if name.startswith(("downs", "ups")) and ".conv." in name:
            assert torch.equal(value, before[name])
            assert torch.allclose(value, state.average.state_dict()[name])
    assert not torch.equal(state.generator.head.out.weight, before["head.out.weight"])


def test_while_the_trunk_alone_is_trained_the_end_at_full_size_stays(accelerator):
    state = TrainState(config(half_size_epochs=1), accelerator)
    ends = ("head.up", "head.of_classes", "head.conv", "head.out")
    before = deepcopy(dict(state.generator.named_parameters()))
    conditions, photos = batch(state.config, 2)
    torch.manual_seed(0)
    for epoch in (0, 1):
        state.epoch = epoch
        for _ in range(4):
            segmenting_step(state, conditions, photos)
        for name, parameter in state.generator.named_parameters():
            changed = not torch.equal(parameter, before[name])
            assert changed or (epoch == 0 and name.startswith(ends)), name
            assert not (epoch == 0 and name.startswith(ends) and changed), name


@pytest.mark.parametrize(("epoch", "shape"), [(0, (2, 3, 128, 128)), (1, (2, 3, 256, 256))])
def test_photos_are_half_as_large_while_the_trunk_alone_is_trained(accelerator, monkeypatch, epoch, shape):
    state = TrainState(config(half_size_epochs=1, discriminator_augmentation=False), accelerator)
    state.epoch = epoch
    seen = []
    views = steps._views
    monkeypatch.setattr(steps, "_views", lambda *given: seen.append(given) or views(*given))
    segmenting_step(state, *batch(state.config, 2))
    for _, classes, *photos in seen:
        assert classes.shape == (2, *shape[2:])
        assert all(photo.shape == shape for photo in photos)


def test_the_discriminator_learns_to_read_real_photos_and_to_tell_generated_ones(accelerator):
    chosen = config(learning_rate=2e-3, discriminator_width=4, discriminator_augmentation=False)
    state = TrainState(chosen, accelerator)
    state.generator_optimizer.param_groups[0]["lr"] = 0.0
    label_map = torch.full((2, 256, 256), 7)
    label_map[:, :128] = 23
    conditions = encode_labels(label_map, "classes")
    photos = (label_map[:, None] == 23).float().expand(-1, 3, -1, -1) * 2 - 1
    losses = [segmenting_step(state, conditions, photos) for _ in range(60)]
    for name in ("discriminator_real", "discriminator_fake"):
        assert losses[-1][name] < 0.9 * losses[0][name]


def test_the_discriminator_sees_crops_and_the_whole_at_half_the_size(accelerator):
    state = TrainState(config(discriminator_augmentation=False), accelerator)
    classes, photos = torch.zeros(3, 384, 512, dtype=torch.long), torch.rand(3, 3, 384, 512)
    crops, whole = steps._views(state, classes, photos)
    assert [tuple(t.shape) for t in crops] == [(3, 128, 128), (3, 3, 128, 128)]
    assert [tuple(t.shape) for t in whole] == [(3, 192, 256), (3, 3, 192, 256)]
    assert torch.allclose(whole[1], torch.nn.functional.avg_pool2d(photos, 2))


def test_photos_no_larger_than_a_crop_are_seen_once(accelerator):
    state = TrainState(config(discriminator_augmentation=False), accelerator)
    classes, photos = torch.zeros(2, 128, 96, dtype=torch.long), torch.rand(2, 3, 128, 96)
    assert len(steps._views(state, classes, photos)) == 1


def test_classes_and_photos_are_cropped_alike_and_often_along_an_edge(accelerator):
    state = TrainState(config(discriminator_augmentation=False), accelerator)
    rows = torch.arange(384).view(384, 1).expand(1, 384, 512)
    corners = []
    for _ in range(60):
        classes, photo = steps._views(state, rows, rows[:, None].float())[0]
        assert torch.equal(classes.float(), photo[:, 0])
        corners.append(int(classes[0, 0, 0]))
    assert min(corners) == 0
    assert max(corners) == 384 - 128
    assert len(set(corners)) > 10


def test_the_light_is_learned_before_the_first_step(accelerator, train_set, val_set):
    from citygan.training.loop import train

    state = TrainState(config(epochs=1), accelerator)
    samples = train_set.resized(256)
    next(iter(train(state, samples, val_set)))
    light = light_of(state.generator)
    assert not torch.equal(light.deviation, torch.ones(8))
    assert torch.equal(light_of(state.average).mean, light.mean)


def test_a_patch_discriminator_trains_a_generator_that_is_told_the_light(accelerator):
    changes = {"discriminator": "multi-scale", "adversarial_loss": "mse", "label_mix_weight": 0.0}
    state = TrainState(config(**changes), accelerator)
    assert "light" in train_step(state, *batch(state.config, 2))


def shares_of_lights(accelerator, monkeypatch, guessed_light: float) -> dict[str, float]:
    """Of many drawn photos, how many are told their own light, the guess of their map, and none."""
    state = TrainState(config(guessed_light=guessed_light), accelerator)
    conditions, photos = (t.repeat(64, 1, 1, 1) for t in batch(state.config, 1))
    known = light_of(state.generator)
    known.fit([(conditions[:1], photos[:1])])
    monkeypatch.setattr(known, "guess", lambda maps: torch.full((len(maps), 8), 7.0))
    monkeypatch.setattr(update, "LIGHT_NOISE", 0.01)
    monkeypatch.setattr(known, "of_photos", lambda photos, _: (torch.ones(64, 8), torch.ones(64, 8) > 0))
    monkeypatch.setattr(update, "run_network", lambda *_: photos)
    light, own = update.draw(state, conditions, photos).told
    assert torch.equal(own, ((light - 1).abs() < 0.5).expand_as(own))
    of = light[:, 0]
    named = {"own": (of - 1).abs() < 0.5, "guessed": of == 7, "none": of == 0}
    return {name: float(which.float().mean()) for name, which in named.items()}


def test_as_many_as_asked_are_drawn_in_the_light_that_their_map_suggests(accelerator, monkeypatch):
    plain = shares_of_lights(accelerator, monkeypatch, 0.0)
    assert plain["guessed"] == 0
    assert plain["own"] > 0.75
    half = shares_of_lights(accelerator, monkeypatch, 0.5)
    assert half["guessed"] == pytest.approx(0.5, abs=0.2)
    assert half["none"] == plain["none"]  # the same draws
    assert sum(half.values()) == 1


def test_an_even_map_is_held_to_the_colour_of_its_class(accelerator, monkeypatch):
    state = TrainState(config(even_weight=1.0, size_px=384, load_px_min=384, load_px_max=384), accelerator)
    conditions = torch.zeros(1, 29, 384, 384)
    conditions[:, 3, :, :200], conditions[:, 5, :, 200:] = 1, 1
    photos = torch.full((1, 3, 384, 384), -0.5)
    photos[:, 1, :, 200:] = 0.25
    drawn = update.draw(state, conditions, photos)
    seen = []

    def answer(_, __, even, ___, light):
        seen.append((even, light))
        found = int(even[0, :, 0, 0].argmax())
        photo = torch.full((1, 3, 384, even.shape[3]), -0.5)
        if found == 5:
            photo[:, 1] = 0.25
        photo[:, :, :192] += 0.3  # the upper half is too bright
        return photo

    monkeypatch.setattr(update, "run_network", answer)
    for _ in range(20):
        assert float(update._even_loss(state, drawn, conditions, photos)) == pytest.approx(0.15)
    classes = [maps.mean((0, 2, 3)).nonzero().flatten().tolist() for maps, _ in seen]
    assert sorted({tuple(c) for c in classes}) == [(3,), (5,)]
    assert all(torch.equal(light, drawn.told[0][:1]) for _, light in seen)
    monkeypatch.setattr(update, "run_network", lambda _, __, even, *___: torch.full((1, 3, 384, 128), 0.5))
    nothing = torch.zeros_like(conditions)
    assert float(update._even_loss(state, drawn, nothing, photos)) == 0.5  # grey, where no class has a colour


@pytest.mark.parametrize("half", [0, 1])
def test_even_maps_are_as_high_as_a_map_and_count(accelerator, monkeypatch, half):
    gradients, heights = [], []
    for weight in (1e-6, 10.0):
        state = TrainState(config(even_weight=weight, half_size_epochs=half), accelerator)
        conditions, photos = batch(state.config, 1)
        plain = state.generator.forward

        def watched(maps, *others, plain=plain, **options):
            made = plain(maps, *others, **options)
            heights.append((maps.shape[2], made.shape[2]))
            return made

        monkeypatch.setattr(state.generator, "forward", watched)
        torch.manual_seed(0)
        segmenting_step(state, conditions, photos)
        gradients.append(state.generator.head.coarse.weight.grad.clone())
    assert not torch.allclose(*gradients)
    assert set(heights) == {(256, 256 >> half)}
    assert len(heights) == 4  # of each step, the photo's map and the even one


def test_no_light_is_asked_of_photos_that_were_told_the_guess(accelerator):
    state = TrainState(config(guessed_light=0.9), accelerator)
    conditions, photos = batch(state.config, 1)
    light_of(state.generator).fit([(conditions, photos)])
    light_of(state.generator).bias += 1  # a guess that is far from nothing
    assert segmenting_step(state, conditions, photos)["light"] == 0


def test_a_unet_without_light_trains_against_it(accelerator):
    chosen = tiny.config("citygan-photo", discriminator="segmenting", adversarial_loss="classes")
    losses = segmenting_step(TrainState(chosen, accelerator), *batch(chosen))
    assert "light" not in losses
    assert all(math.isfinite(v) for v in losses.values())
