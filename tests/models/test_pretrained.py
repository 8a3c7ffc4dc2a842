"""Published weights come through torchvision, from its cache, and their absence is said."""

from urllib.error import URLError

import pytest
import torch
from torchvision.models import resnet18, segmentation

from citygan.errors import CityGANError
from citygan.models import DeepLab, PatchDiscriminator, ResNetDiscriminator
from citygan.models.pretrained import DEEPLAB_WEIGHTS, RESNET_WEIGHTS, load_pretrained
from citygan.models.published import WeightsUnavailableError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """torchvision's cache, empty; nothing can be downloaded."""

    def fail(url, *_, **__):
        raise URLError("no network in tests")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def publish(network, weights, cache):
    """Saves a network in the cache, as if it were what torchvision publishes; its tensors."""
    torch.save(network.state_dict(), cache / weights.url.rpartition("/")[2])
    return network.state_dict()


def test_a_deeplab_gets_the_backbone_of_the_published_network_and_keeps_its_own_output(cache):
    published = segmentation.deeplabv3_mobilenet_v3_large(
        weights_backbone=None, num_classes=21, aux_loss=True
    )
    tensors = publish(published, DEEPLAB_WEIGHTS["mobilenet_v3_large"], cache)
    network = DeepLab(backbone="mobilenet_v3_large")
    drawn = network.output.weight.clone()
    name = load_pretrained(network)
    assert name == "DeepLabV3_MobileNet_V3_Large_Weights.COCO_WITH_VOC_LABELS_V1"
    for key, tensor in network.backbone.state_dict().items():
        assert torch.equal(tensor, tensors[f"backbone.{key}"])
    assert torch.equal(network.output.weight, drawn)


def test_the_discriminator_looks_at_both_halves_with_the_rgb_filters(cache):
    tensors = publish(resnet18(weights=None), RESNET_WEIGHTS, cache)
    network = ResNetDiscriminator(6)
    drawn = network.layers.fc.weight.clone()
    assert load_pretrained(network) == "ResNet18_Weights.IMAGENET1K_V1"
    assert torch.equal(network.layers.layer4[1].conv2.weight, tensors["layer4.1.conv2.weight"])
    assert torch.equal(network.layers.fc.weight, drawn)

    photo = torch.randn(1, 3, 64, 64)
    seen = network.layers.conv1(torch.cat([photo, photo], 1))
    wanted = torch.nn.functional.conv2d(photo, tensors["conv1.weight"], stride=2, padding=3)
    assert (seen - wanted).abs().max() < 1e-4


@pytest.mark.parametrize("backbone", DEEPLAB_WEIGHTS)
def test_a_deeplab_names_the_weights_of_its_backbone(backbone):
    assert f"deeplabv3_{backbone}" in DEEPLAB_WEIGHTS[backbone].url


@pytest.mark.parametrize("make", [lambda: DeepLab(backbone="mobilenet_v3_large"), ResNetDiscriminator])
def test_weights_out_of_reach_are_an_error_that_says_what_to_do(make, cache):
    with pytest.raises(WeightsUnavailableError, match=r"cannot be downloaded.*TORCH_HOME.*--no-pretrained"):
        load_pretrained(make())


def test_conditions_that_are_no_rgb_fit_no_published_weights(cache):
    publish(resnet18(weights=None), RESNET_WEIGHTS, cache)
    with pytest.raises(CityGANError, match=r"(?s)IMAGENET1K_V1 do not fit this ResNetDiscriminator.*conv1"):
        load_pretrained(ResNetDiscriminator(32))


def test_a_network_without_published_weights_is_an_error_that_names_it():
    with pytest.raises(CityGANError, match="published for a PatchDiscriminator; use --no-pretrained"):
        load_pretrained(PatchDiscriminator(6, 1))


def test_building_a_network_downloads_nothing(cache):
    DeepLab(backbone="mobilenet_v3_large")
    ResNetDiscriminator()
    assert not list(cache.iterdir())
