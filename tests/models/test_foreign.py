"""Generators of other projects make the same photos here, and anything else is refused by name."""

import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import train
from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.models import FlatUNet, UNet256
from citygan.models.foreign import read_generator
from citygan.models.layers import for_inference
from citygan.streets import street
from citygan.synthesis.synthesizer import Synthesizer

WIDTH = 4
CHANNELS = [WIDTH * k for k in (1, 2, 4, 8, 8, 8, 8, 8)]


class NestedBlock(nn.Module):
    """One level of junyanz' generator, the next one inside; dropout, which has no weights, is left out."""

    def __init__(self, level, levels, in_channels=3, norm=nn.BatchNorm2d):
        super().__init__()
        outside, inside = CHANNELS[level - 1] if level else in_channels, CHANNELS[level]
        self.outermost, bias = level == 0, norm is not nn.BatchNorm2d
        down, up = [nn.LeakyReLU(0.2, inplace=True)], [nn.ReLU(inplace=True)]
        down.append(nn.Conv2d(outside, inside, 4, 2, 1, bias=bias))
        if level == levels - 1:
            up += [nn.ConvTranspose2d(inside, outside, 4, 2, 1, bias=bias), norm(outside)]
        elif self.outermost:
            down = [down[1], NestedBlock(1, levels, norm=norm)]
            up += [nn.ConvTranspose2d(2 * inside, 3, 4, 2, 1), nn.Tanh()]
        else:
            down += [norm(inside), NestedBlock(level + 1, levels, norm=norm)]
            up += [nn.ConvTranspose2d(2 * inside, outside, 4, 2, 1, bias=bias), norm(outside)]
        self.model = nn.Sequential(*down, *up)

    def forward(self, x):
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class Nested(nn.Module):
    def __init__(self, levels=8, **options):
        super().__init__()
        self.model = NestedBlock(0, levels, **options)

    def forward(self, x):
        return self.model(x)


class Flat(nn.Module):
    """znxlwm's generator: eight numbered convolutions, eight numbered transposed ones, biases everywhere."""

    def __init__(self):
        super().__init__()
        for i, out in enumerate(CHANNELS):
            before = CHANNELS[i - 1] if i else 3
            self.add_module(f"conv{i + 1}", nn.Conv2d(before, out, 4, 2, 1))
            self.add_module(f"deconv{8 - i}", nn.ConvTranspose2d(out if i == 7 else 2 * out, before, 4, 2, 1))
            if 0 < i < 7:
                self.add_module(f"conv{i + 1}_bn", nn.BatchNorm2d(out))
            if i > 0:
                self.add_module(f"deconv{8 - i}_bn", nn.BatchNorm2d(before))

    def forward(self, x):
        skips = [self.conv1(x)]
        for i in range(2, 9):
            x = self.get_submodule(f"conv{i}")(F.leaky_relu(skips[-1], 0.2))
            skips.append(self.get_submodule(f"conv{i}_bn")(x) if i < 8 else x)
        x = skips.pop()
        for i in range(1, 8):
            x = self.get_submodule(f"deconv{i}_bn")(self.get_submodule(f"deconv{i}")(F.relu(x)))
            x = torch.cat([x, skips.pop()], 1)
        return torch.tanh(self.deconv8(F.relu(x)))


def trained(network):
    """With weights that are no fresh ones: biases, norm scales and running statistics count."""
    torch.manual_seed(5)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.is_floating_point():
            tensor.add_(torch.randn_like(tensor) * 0.05)
    return network


def save(network, path, prefix=""):
    torch.save({prefix + name: t for name, t in network.state_dict().items()}, path)
    return path


ORIGINALS = {"nested": (Nested, UNet256), "flat": (Flat, FlatUNet)}


@pytest.mark.parametrize("statistics", ["batch", "running"])
@pytest.mark.parametrize("original", ORIGINALS)
def test_an_imported_generator_makes_the_photo_of_the_original(original, statistics, tmp_path):
    make, ours = ORIGINALS[original]
    theirs = trained(make())
    network, arguments = read_generator(save(theirs, tmp_path / "latest_net_G.pth"))
    assert type(network) is ours
    assert arguments == {"in_channels": 3, "width": WIDTH, "dropout": 0.5}

    conditions = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.no_grad():
        wanted = theirs.train(statistics == "batch")(conditions)
        photo = for_inference(network, statistics)(conditions)
    assert wanted.std() > 0.05
    assert (photo - wanted).abs().max() < 1e-5


@pytest.mark.parametrize("original", ORIGINALS)
def test_the_prefix_of_data_parallelism_changes_nothing(original, tmp_path):
    theirs = trained(ORIGINALS[original][0]())
    plain, _ = read_generator(save(theirs, tmp_path / "plain.pth"))
    parallel, _ = read_generator(save(theirs, tmp_path / "parallel.pth", "module."))
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, parallel.state_dict()[name])


def test_weights_that_count_no_batches_are_read(tmp_path):
    tensors = {k: t for k, t in Nested().state_dict().items() if not k.endswith("num_batches_tracked")}
    torch.save(tensors, tmp_path / "old.pth")
    network, _ = read_generator(tmp_path / "old.pth")
    assert torch.equal(network.downs[0].conv.weight, tensors["model.model.0.weight"])


def test_width_and_channels_follow_from_the_shapes(tmp_path):
    _, arguments = read_generator(save(Nested(in_channels=29), tmp_path / "classes.pth"))
    assert (arguments["in_channels"], arguments["width"]) == (29, WIDTH)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Nested(levels=7), r"has no model\.model\.1.*only generators of 8 levels"),
        (Nested(norm=nn.InstanceNorm2d), r"has no .*; only generators of 8 levels with batch norm"),
        (nn.Sequential(nn.Linear(2, 3)), r"but 2 tensors, first 0\.weight \(3, 2\)"),
    ],
    ids=["7 levels", "instance norm", "something else"],
)
def test_another_network_is_refused_by_what_was_found(network, message, tmp_path):
    with pytest.raises(CityGANError, match=message):
        read_generator(save(network, tmp_path / "other.pth"))


def test_layers_too_many_are_refused(tmp_path):
    torch.save(Flat().state_dict() | {"attention.weight": torch.zeros(2)}, tmp_path / "more.pkl")
    with pytest.raises(CityGANError, match=r"not known here: 1 tensors, first attention\.weight \(2,\)"):
        read_generator(tmp_path / "more.pkl")


def test_a_layer_of_another_shape_is_refused(tmp_path):
    torch.save(Flat().state_dict() | {"conv3.bias": torch.zeros(2)}, tmp_path / "odd.pkl")
    with pytest.raises(CityGANError, match=r"conv3\.bias of \(2,\) where \(16,\) was expected"):
        read_generator(tmp_path / "odd.pkl")


@pytest.mark.parametrize(
    ("content", "message"),
    [({"epoch": 3, "model": {}}, "but a dict of epoch, model"), ([1], "no dict"), ({}, "no state dict")],
)
def test_what_is_no_state_dict_is_refused(content, message, tmp_path):
    torch.save(content, tmp_path / "training.pth")
    with pytest.raises(CityGANError, match=message):
        read_generator(tmp_path / "training.pth")


class Exploit:
    def __reduce__(self):
        return print, ("code was run",)


@pytest.mark.parametrize("write", [torch.save, lambda content, p: p.write_bytes(pickle.dumps(content, 2))])
def test_code_in_a_file_is_refused_and_not_run(write, tmp_path, capfd):
    write({"conv1.weight": Exploit()}, tmp_path / "evil.pth")
    with pytest.raises(CityGANError, match="holds no plain weights"):
        read_generator(tmp_path / "evil.pth")
    assert "code was run" not in capfd.readouterr().out


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\x80", b"a", b"\x80\x02.", b"PK\3\4", b"\x80\x02}q\0.", b"\xff" * 64]
)
def test_an_empty_or_tiny_file_is_an_error_that_names_it(content, tmp_path, capsys):
    weights, out = tmp_path / "latest_net_G.pth", tmp_path / "imported"
    weights.write_bytes(content)
    assert train.main(["import-weights", "--weights", str(weights), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "latest_net_G.pth holds no" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("bytes_left", [1, 100, 1000, -1])
def test_a_file_that_was_cut_off_is_an_error_that_names_it(bytes_left, tmp_path):
    weights = save(Flat(), tmp_path / "generator_param.pkl")
    weights.write_bytes(weights.read_bytes()[:bytes_left])
    with pytest.raises(CityGANError, match=r"generator_param\.pkl holds no"):
        read_generator(weights)


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CityGANError, match=r"none\.pth cannot be read.*No such file"):
        read_generator(tmp_path / "none.pth")


@pytest.mark.parametrize("original", ORIGINALS)
def test_imported_weights_open_as_a_checkpoint(original, tmp_path, capsys):
    weights = save(trained(ORIGINALS[original][0]()), tmp_path / "latest_net_G.pth")
    out = tmp_path / "imported"
    assert train.main(["import-weights", "--weights", str(weights), "--out", str(out)]) == 0
    assert f"width {WIDTH}" in capsys.readouterr().out
    assert Checkpoint.find(out).graph.is_file()
    info = Checkpoint.find(out).info
    assert (info.norm_statistics, info.dropout_at_inference, info.epochs) == ("batch", True, 0)
    synthesizer = Synthesizer(out, "cpu")
    photo = synthesizer(street("avenue", 256, 256))
    assert photo.std() > 5
    assert np.array_equal(photo, synthesizer(street("avenue", 256, 256)))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--encoding", "classes"], "takes 3 channels, but the encoding 'classes' has 29"),
        (["--aspect", "0"], "aspect is 0"),
    ],
)
def test_a_wrong_description_of_the_weights_is_an_error(flags, message, tmp_path, capsys):
    weights, out = save(Flat(), tmp_path / "generator_param.pkl"), tmp_path / "imported"
    assert train.main(["import-weights", "--weights", str(weights), "--out", str(out), *flags]) == 1
    assert message in capsys.readouterr().err
    assert not out.with_suffix(".json").exists()
