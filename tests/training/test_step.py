"""A step trains both networks against the losses that its configuration weighs."""

import math
from copy import deepcopy
from dataclasses import replace

import pytest
import tiny
import torch
from states import batch, same

from citygan.models.encoding import encode_labels
from citygan.training import step
from citygan.training.state import TrainState
from citygan.training.step import train_step


@pytest.mark.parametrize("recipe", ["citygan", "citygan-plus", "citygan-photo"])
def test_a_step_changes_every_weight_of_both_networks(accelerator, recipe):
    config = tiny.config(recipe, width=2, discriminator_width=2)
    state = TrainState(config, accelerator)
    networks = {"generator": state.generator, "discriminator": state.discriminator}
    before = {name: deepcopy(network.state_dict()) for name, network in networks.items()}
    for _ in range(2):  # the noise weights start at 0 and get their gradient from the layers behind
        losses = train_step(state, *batch(config))
    for name, network in networks.items():
        for parameter, value in network.named_parameters():
            assert not torch.equal(value, before[name][parameter]), f"{name}.{parameter} stayed"
    assert all(math.isfinite(v) for v in losses.values())


def test_the_losses_are_named_and_ssim_is_among_them_where_it_counts(accelerator):
    names = ["discriminator_real", "discriminator_fake", "adversarial", "l1"]
    for weight, wanted in ((0.0, names), (4.0, [*names, "ssim"])):
        config = tiny.config(ssim_weight=weight)
        assert list(train_step(TrainState(config, accelerator), *batch(config))) == wanted


def test_the_discriminator_learns_smoothed_labels_and_the_generator_wants_a_full_one(
    accelerator, monkeypatch
):
    labels = []
    real_loss = step.adversarial_loss

    def spy(logits, label, kind, weights):
        labels.append((label, kind))
        return real_loss(logits, label, kind, weights)

    monkeypatch.setattr(step, "adversarial_loss", spy)
    config = tiny.config()
    train_step(TrainState(config, accelerator), *batch(config))
    assert labels == [(0.9, "bce"), (0.1, "bce"), (1.0, "bce")]


def test_matched_features_are_a_loss_that_counts_with_its_weight(accelerator):
    config = tiny.config("citygan-photo")
    losses = train_step(TrainState(config, accelerator), *batch(config))
    assert losses["features"] > 0
    gradients = []
    for weight in (1e-6, 10.0):
        state = TrainState(replace(config, feature_weight=weight), accelerator)
        train_step(state, *batch(config))
        gradients.append(next(state.generator.parameters()).grad.clone())
    assert not torch.allclose(*gradients)


def test_rare_classes_change_the_adversarial_losses_alone(accelerator):
    def losses(balance):
        config = tiny.config("citygan-plus", class_balance=balance)
        photos = batch(config)[1]
        label_maps = torch.full((1, 256, 256), 7)
        label_maps[:, 100:120, 60:90] = 24
        return train_step(TrainState(config, accelerator), encode_labels(label_maps, "classes"), photos)

    plain, balanced = losses(0.0), losses(0.5)
    assert plain["l1"] == balanced["l1"]
    assert plain["discriminator_real"] != balanced["discriminator_real"]
    assert plain["adversarial"] != balanced["adversarial"]


@pytest.mark.parametrize("recipe", ["citygan", "citygan-photo"])
def test_the_generators_step_leaves_the_discriminators_gradients_alone(accelerator, monkeypatch, recipe):
    config = tiny.config(recipe)
    state = TrainState(config, accelerator)
    gradients = []
    real_step = state.discriminator_optimizer.step

    def step_and_look():
        real_step()
        gradients.extend(p.grad.clone() for p in state.discriminator.parameters())

    monkeypatch.setattr(state.discriminator_optimizer, "step", step_and_look)
    train_step(state, *batch(config))
    assert sum(gradient.abs().sum() for gradient in gradients) > 0
    assert same([p.grad for p in state.discriminator.parameters()], gradients)


def test_the_average_follows_the_weights_at_its_decay(accelerator):
    config = tiny.config("citygan-plus", ema_decay=0.75)
    state = TrainState(config, accelerator)
    steps = [deepcopy(state.generator.state_dict())]
    for _ in range(3):
        train_step(state, *batch(config))
        steps.append(deepcopy(state.generator.state_dict()))
    for name, averaged in state.average.state_dict().items():
        wanted = steps[0][name]
        for present in steps[1:]:
            wanted = 0.75 * wanted + 0.25 * present[name] if wanted.is_floating_point() else present[name]
        assert torch.allclose(averaged, wanted, atol=1e-6)


STREET = {
    "discriminator": "multi-scale",
    "adversarial_loss": "mse",
    "scales": 3,
    "window_px": 96,
    "size_px": 256,
    "aspect": 1.0,
    "load_px_min": 256,
    "load_px_max": 256,
    "discriminator_augmentation": False,
}


def seen_by_scales(monkeypatch, state) -> list[list[tuple[int, int]]]:
    """The sizes of the photos that each PatchGAN gets, a list for each of them."""
    sizes = [[] for _ in state.discriminator.scales]
    for found, scale in zip(sizes, state.discriminator.scales, strict=True):
        plain = scale.forward
        monkeypatch.setattr(
            scale,
            "forward",
            lambda c, p, found=found, plain=plain: (found.append(tuple(p.shape[2:])), plain(c, p))[1],
        )
    return sizes


def test_the_finest_scale_sees_a_window_and_the_others_the_whole(accelerator, monkeypatch):
    state = TrainState(tiny.config("citygan-patches", **STREET), accelerator)
    sizes = seen_by_scales(monkeypatch, state)
    train_step(state, *batch(state.config, 2))
    assert [set(found) for found in sizes] == [{(96, 96)}, {(128, 128)}, {(64, 64)}]


def test_at_half_the_size_the_finest_scale_waits(accelerator, monkeypatch):
    state = TrainState(tiny.config("citygan-patches", **STREET | {"half_size_epochs": 1}), accelerator)
    sizes = seen_by_scales(monkeypatch, state)
    before = deepcopy(state.discriminator.state_dict())
    train_step(state, *batch(state.config, 2))
    assert [set(found) for found in sizes] == [set(), {(128, 128)}, {(64, 64)}]
    moved = {n.split(".")[1] for n, v in state.discriminator.state_dict().items() if not v.equal(before[n])}
    assert moved == {"1", "2"}


def test_the_window_of_a_generated_photo_is_that_of_the_real_one(accelerator, monkeypatch):
    """Else their features would be matched at different places."""
    state = TrainState(tiny.config("citygan-patches", **STREET), accelerator)
    windows = []
    plain = state.discriminator.forward

    def watched(condition, photo, window=None, **options):
        windows.append(window[0].float())
        return plain(condition, photo, window, **options)

    monkeypatch.setattr(state.discriminator, "forward", watched)
    train_step(state, *batch(state.config, 2))
    on_real, *others = windows
    assert len(others) == 3
    assert all(torch.equal(on_real, window) for window in others)


def test_the_finest_level_of_a_fine_window_counts_four_times(accelerator, monkeypatch):
    state = TrainState(tiny.config("citygan-detail", pretrained=False, window_px=64), accelerator)
    monkeypatch.setattr(step, "adversarial_loss", lambda logits, *_: logits.mean())
    values = [100.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]
    monkeypatch.setattr(step, "_layers", lambda *_: [[torch.full((2, 1, 4, 4), value)] for value in values])
    whole = step.Shown(*batch(state.config, 2))
    loss, _ = step._judge(state, replace(whole, window=whole), 1.0)
    assert loss == pytest.approx((400 + 20) / 9)
    loss, _ = step._judge(state, whole, 1.0)
    assert loss == pytest.approx((100 + 20) / 9)


def test_a_network_that_never_learns_looks_at_each_photo_once(accelerator, monkeypatch):
    state = TrainState(tiny.config("citygan-detail", pretrained=False, window_px=64), accelerator)
    looks = []
    plain = state.discriminator.network.forward
    monkeypatch.setattr(
        state.discriminator.network, "forward", lambda photo: (looks.append(photo.shape), plain(photo))[1]
    )
    before = deepcopy(state.discriminator.state_dict())
    losses = train_step(state, *batch(state.config, 2))
    assert len(looks) == 4  # the generated and the real, each as a whole and in the window
    assert losses["features"] > 0
    moved = {n.split(".")[0] for n, v in state.discriminator.state_dict().items() if not v.equal(before[n])}
    assert moved == {"of_whole", "of_window"}
