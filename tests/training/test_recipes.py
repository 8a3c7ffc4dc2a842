"""Recipes are frozen, and impossible ones do not exist."""

import json
import math
from dataclasses import FrozenInstanceError, fields, replace
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import torch

import train
from citygan.errors import CityGANError
from citygan.models import DISCRIMINATORS, GENERATORS
from citygan.training.config import TrainConfig
from citygan.training.networks import discriminator_arguments, generator_arguments
from citygan.training.recipes import RECIPES


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


PAPER = {  # name: generator, discriminator, adversarial loss; as in the paper's table
    "baseline-bce": ("flat-unet", "patch", "bce"),
    "baseline-mse": ("flat-unet", "patch", "mse"),
    "deeplab-bce": ("deeplab", "resnet18", "bce"),
    "literature-mse": ("unet-256", "patch", "mse"),
    "enhanced-bce": ("blocks-unet", "patch", "bce"),
    "enhanced-mse": ("blocks-unet", "patch", "mse"),
}


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_systems_have_its_networks_losses_and_numbers(name):
    recipe = RECIPES[name]
    assert (recipe.generator, recipe.discriminator, recipe.adversarial_loss) == PAPER[name]
    assert (recipe.real_label, recipe.fake_label) == (1, 0)
    assert (recipe.l1_weight, recipe.learning_rate, recipe.batch_size, recipe.epochs) == (100, 2e-4, 1, 200)
    assert (recipe.width, recipe.encoding, recipe.mirror) == (64, "colors", False)
    assert recipe.pretrained == (
        name in ("deeplab-bce", "literature-mse", "citygan-projected", "citygan-detail", "citygan-guessed")
    )
    assert recipe.inference_dropout == (name in ("baseline-bce", "baseline-mse", "literature-mse"))
    assert recipe.norm_statistics == ("running" if name == "deeplab-bce" else "batch")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_builds_its_networks_of_plain_arguments(recipe):
    config = RECIPES[recipe]
    with torch.device("meta"):
        generator = GENERATORS[config.generator](**generator_arguments(config))
        DISCRIMINATORS[config.discriminator](**discriminator_arguments(config))
    assert sum(p.numel() for p in generator.parameters()) > 5e6
    assert json.loads(json.dumps(generator_arguments(config))) == generator_arguments(config)


def test_what_recipes_ask_of_networks_they_have_or_it_is_left_at_its_default():
    config = replace(RECIPES["deeplab-bce"], width=8, discriminator_width=8)  # a table trains all rows thin
    assert generator_arguments(config) == {"in_channels": 3, "backbone": "resnet50"}
    assert discriminator_arguments(config) == {"in_channels": 6}


@pytest.mark.parametrize("recipe", RECIPES)
def test_any_recipe_goes_without_published_weights(recipe):
    assert not replace(RECIPES[recipe], pretrained=False).pretrained


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_cannot_be_changed(recipe):
    with pytest.raises(FrozenInstanceError):
        RECIPES[recipe].width = 1


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_field_of_a_recipe_has_a_plain_value(recipe):
    types = get_type_hints(TrainConfig)
    for field in fields(TrainConfig):
        value, wanted = getattr(RECIPES[recipe], field.name), types[field.name]
        if get_origin(wanted) is Literal:
            assert value in get_args(wanted)
        else:
            assert type(value) is wanted


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator": "resnet"}, "generator is 'resnet'; choose one of unet"),
        ({"discriminator": "pixel"}, "discriminator is 'pixel'"),
        ({"encoding": "rgb"}, "encoding is 'rgb'"),
        ({"adversarial_loss": "hinge"}, "adversarial_loss is 'hinge'"),
        ({"norm": "layer"}, "norm is 'layer'"),
        ({"light_weight": 1.0}, "light_weight is 1.0, but the generator unet is told no light"),
        ({"guessed_light": 0.5}, "guessed_light is 0.5, but the generator unet is told no light"),
        ({"guessed_light": 1.5}, "guessed_light is 1.5; it must lie between 0 and 0.9"),
        ({"even_weight": 1.0}, "even_weight is 1.0, but only street-unet can be held to it"),
        ({"upsampling": "bilinear"}, "upsampling is 'bilinear'"),
        ({"norm_statistics": "mean"}, "norm_statistics is 'mean'"),
        ({"norm": "instance"}, "norm 'instance' cannot have norm_statistics 'batch'"),
        ({"norm_statistics": "instance"}, "norm 'batch' cannot have norm_statistics 'instance'"),
        ({"load_px_min": 200}, "size_px 256, load_px_min 200"),
        ({"load_px_min": 300, "load_px_max": 290}, "load_px_min 300, load_px_max 290"),
        ({"size_px": 128}, "size_px 128 "),
        ({"width": 0}, "width is 0"),
        ({"discriminator_width": -1}, "discriminator_width is -1"),
        ({"scales": 0}, "scales is 0"),
        ({"scales": 3}, "scales is 3, but the discriminator patch has one"),
        ({"size_px": 0, "load_px_min": 0, "load_px_max": 0}, "size_px is 0; it must be at least 1"),
        ({"class_balance": 1.5, "encoding": "classes"}, "class_balance is 1.5; it must lie between 0 and 1"),
        ({"class_balance": 0.5}, "class_balance is 0.5, which needs .* not patch and 'colors'"),
        (
            {"discriminator": "resnet18", "feature_weight": 10.0},
            "feature_weight is 10.0, but resnet18 shows no hidden layers",
        ),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"simplify_px": 2}, "simplify_px is 2"),
        ({"simplify_px": -3}, "simplify_px is -3; it must be at least 0"),
        ({"simplify_px": 300}, "simplify_px is 300, larger than the photo of 256"),
        ({"warp_px": 65.0}, "warp_px is 65.0, more than a quarter of size_px"),
        ({"decay_epochs": -10}, "decay_epochs is -10; it must be at least 0"),
        ({"frozen_trunk": True}, "frozen_trunk is True, but unet has no trunk that stands alone"),
        ({"half_size_epochs": 1}, "half_size_epochs is 1, but unet has no trunk that stands alone"),
        ({"upsampling": "bilinear"}, "upsampling is 'bilinear'; unet has transposed and nearest"),
        ({"window_px": 64}, "window_px is 64, but the discriminator patch has one size"),
        ({"fine_window": True}, "fine_window is True, but the discriminator patch with window_px 0 has no"),
        ({"window_px": -1}, "window_px is -1; it must be at least 0"),
        (
            {
                **{"generator": "street-unet", "encoding": "classes", "norm": "instance"},
                **{"norm_statistics": "instance", "discriminator": "multi-scale", "scales": 1},
                **{"upsampling": "nearest", "half_size_epochs": 1},
            },
            "half_size_epochs needs scales of at least 2",
        ),
        ({"decay_epochs": 201}, "decay_epochs is 201, but there are 200 epochs"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0; it must be above 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; it must be above 0"),
        ({"real_label": 7.0}, "real_label is 7.0; it must lie between 0 and 1"),
        ({"fake_label": -0.1}, "fake_label is -0.1; it must lie between 0 and 1"),
        ({"real_label": 0.1}, "real_label is 0.1 and fake_label is 0.1; the real one must be the larger"),
        ({"l1_weight": -1.0}, "l1_weight is -1.0; it must be at least 0"),
        ({"color_jitter": 1.5}, "color_jitter is 1.5; it must lie between 0 and 1"),
        ({"seed": -1}, "seed is -1; it must be at least 0"),
        ({"seed": 2**63}, "seed is 9223372036854775808; it must be below"),
        ({"beta1": 1.0}, "beta1 is 1.0; it must lie between 0 and 1, below 1"),
        ({"ema_decay": 1.0}, "ema_decay is 1.0; it must lie between 0 and 1, below 1"),
        ({"dropout": -0.1}, "dropout is -0.1; it must lie"),
        ({"backbone": "vgg16"}, "backbone is 'vgg16'; choose one of resnet50"),
        ({"backbone": "resnet101"}, "backbone is 'resnet101', but the generator unet has none"),
        ({"generator": "flat-unet", "noise": True}, "noise is True, but the generator flat-unet has none"),
        ({"generator": "unet-256", "upsampling": "nearest"}, "upsampling is 'nearest', but .* unet-256"),
        ({"generator": "deeplab", "dropout": 0.2}, "dropout is 0.2, but the generator deeplab has none"),
        (
            {"generator": "blocks-unet", "norm": "instance", "norm_statistics": "instance"},
            "norm is 'instance', but blocks-unet with patch has batch norm alone",
        ),
        (
            {"discriminator": "resnet18", "norm": "instance", "norm_statistics": "instance"},
            "norm is 'instance', but unet with resnet18 has batch norm alone",
        ),
        ({"pretrained": True}, "pretrained is True, but no weights are known for unet with patch"),
        (
            {"generator": "deeplab", "pretrained": True, "encoding": "classes"},
            "pretrained is True, but the encoding 'classes' is none of RGB",
        ),
        ({"inference_dropout": True, "dropout": 0.0}, "inference_dropout is True, but .*dropout is 0.0"),
    ],
)
def test_an_impossible_configuration_is_an_error_that_names_the_value(changes, message):
    with pytest.raises(CityGANError, match=message):
        replace(TrainConfig(), **changes)


NUMBERS = [field.name for field in fields(TrainConfig) if field.type in ("int", "float")]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0])
def test_no_number_of_a_configuration_may_be_negative_or_not_finite(name, value):
    with pytest.raises(CityGANError, match=f"{name} is {value}"):
        replace(TrainConfig(), **{name: value})


def test_a_flag_out_of_range_is_one_line(tmp_path, capsys):
    arguments = ["fit", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--real-label", "7"]
    assert train.main(arguments) == 1
    assert capsys.readouterr().err == "error: real_label is 7.0; it must lie between 0 and 1\n"
