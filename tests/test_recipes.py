"""Recipes are frozen, and impossible ones do not exist."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from citygan.recipes import RECIPES, TrainConfig


def test_citygan_has_the_numbers_of_its_document():
    citygan = RECIPES["citygan"]
    assert (citygan.adversarial_loss, citygan.real_label, citygan.fake_label) == ("bce", 0.9, 0.1)
    assert (citygan.l1_weight, citygan.ssim_weight) == (100, 0)
    assert (citygan.learning_rate, citygan.beta1, citygan.beta2) == (2e-4, 0.5, 0.999)
    assert (citygan.batch_size, citygan.epochs, citygan.decay_epochs) == (1, 200, 0)
    assert (citygan.size_px, citygan.load_px_min, citygan.load_px_max) == (256, 286, 286)
    assert (citygan.mirror, citygan.color_jitter) == (True, 0)
    assert (citygan.generator, citygan.width, citygan.dropout) == ("unet", 64, 0.5)
    assert (citygan.discriminator, citygan.discriminator_width) == ("patch", 64)
    assert (citygan.norm, citygan.norm_statistics, citygan.upsampling) == ("batch", "batch", "transposed")
    assert (citygan.encoding, citygan.ema_decay, citygan.noise) == ("colors", 0, False)
    assert not citygan.discriminator_augmentation
    assert citygan.simplify_px == 0


def test_citygan_is_what_a_configuration_is_by_default():
    assert TrainConfig() == RECIPES["citygan"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_cannot_be_changed(recipe):
    with pytest.raises(FrozenInstanceError):
        RECIPES[recipe].width = 1


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_field_of_a_recipe_has_a_plain_value(recipe):
    for field in fields(TrainConfig):
        assert type(getattr(RECIPES[recipe], field.name)).__name__ == field.type


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator": "resnet"}, "generator is 'resnet'; choose one of unet"),
        ({"discriminator": "pixel"}, "discriminator is 'pixel'"),
        ({"encoding": "rgb"}, "encoding is 'rgb'"),
        ({"adversarial_loss": "hinge"}, "adversarial_loss is 'hinge'"),
        ({"norm": "layer"}, "norm is 'layer'"),
        ({"upsampling": "bilinear"}, "upsampling is 'bilinear'"),
        ({"norm_statistics": "mean"}, "norm_statistics is 'mean'"),
        ({"norm": "instance"}, "norm 'instance' cannot have norm_statistics 'batch'"),
        ({"norm_statistics": "instance"}, "norm 'batch' cannot have norm_statistics 'instance'"),
        ({"load_px_min": 200}, "size_px 256, load_px_min 200"),
        ({"load_px_min": 300, "load_px_max": 290}, "load_px_min 300, load_px_max 290"),
        ({"size_px": 128}, "size_px is 128"),
        ({"width": 0}, "width is 0"),
        ({"discriminator_width": -1}, "discriminator_width is -1"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"simplify_px": 2}, "simplify_px is 2"),
        ({"simplify_px": -3}, "simplify_px is -3"),
        ({"ema_decay": 1.0}, "ema_decay 1.0"),
        ({"dropout": -0.1}, "dropout -0.1"),
    ],
)
def test_an_impossible_configuration_is_an_error_that_names_the_value(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(TrainConfig(), **changes)
