"""A segmenter learns to read drawn photos, resumes, and is read back as it was saved."""

import json
import socket
from dataclasses import replace
from urllib.error import URLError

import numpy as np
import pytest
import torch
from tiny import truncate, write_camvid
from torchvision.models import get_weight, mobilenet_v3_large

import train as command_line
from citygan.checkpoint import Checkpoint
from citygan.data.dataset import open_split
from citygan.errors import CityGANError
from citygan.evaluation import segmenter as segmenters
from citygan.evaluation import train_segmenter
from citygan.evaluation.scores import FcnScore
from citygan.evaluation.segmenter import (
    ARCHITECTURES,
    TORCHVISION,
    Segmenter,
    SegmenterConfig,
    SegmenterInfo,
    build,
)
from citygan.evaluation.train_segmenter import SegmenterTraining
from citygan.models.published import WeightsUnavailableError

CONFIG = SegmenterConfig(size_px=64, epochs=3, batch_size=4, learning_rate=3e-3)
CPU = torch.device("cpu")
COLORS = {7: (90, 90, 90), 21: (40, 160, 40), 23: (120, 180, 250)}  # road, vegetation, sky


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_camvid(tmp_path_factory.mktemp("camvid"), {"train": 8, "val": 2, "test": 2})


def training(folder, config=CONFIG, saved=None):
    train_set = open_split(folder, "train", config.load_px)
    return SegmenterTraining(config, train_set, open_split(folder, "val", config.size_px), CPU, saved)


def info(**changes):
    values = {
        "name": "tiny",
        "config": CONFIG,
        "classes": (7, 8, 23),
        "epochs": 1,
        "val": FcnScore(0.5, 0.4, 0.3),
        "dataset": "drawn blocks",
        "license": "for tests",
        "hardware": "none",
        "parameters": 1,
    }
    return SegmenterInfo(**(values | changes))


def saved_segmenter(path, **changes):
    torch.manual_seed(0)
    network = build(CONFIG.architecture, 3).eval()
    Checkpoint.save(path, network, info(**changes), half=True)
    return network


def draw_halves(samples, seed):
    """Replaces samples in memory: one class left of an upright line, another right of it, in colours."""
    rng = np.random.default_rng(seed)
    for label_map, photo in samples:
        ids = rng.permutation(list(COLORS))[:2]
        line = int(rng.integers(samples.size_px // 4, 3 * samples.size_px // 4))
        for half, i in zip((slice(line), slice(line, None)), ids.tolist(), strict=True):
            label_map[:, half] = i
            photo[:, :, half] = torch.tensor(COLORS[i])[:, None, None]


def test_a_segmenter_learns_drawn_photos_far_better_than_chance(folder):
    config = replace(CONFIG, epochs=12, learning_rate=1e-2)
    learner = training(folder, config)
    learner.train_set.shares = dict.fromkeys(COLORS, 1 / 3)
    draw_halves(learner.train_set, 0)
    draw_halves(learner.val_set, 1)
    *_, last = SegmenterTraining(config, learner.train_set, learner.val_set, CPU).run()
    assert last.val.pixel_accuracy > 0.7  # chance is a third
    assert last.val.class_iou > 0.5


def test_a_resumed_training_computes_what_an_uninterrupted_one_does(folder):
    whole, first = training(folder), training(folder)
    wanted = list(whole.run())
    next(first.run())
    second = training(folder, saved=first.state_dict())
    assert list(second.run()) == wanted[1:]
    for a, b in zip(whole.network.state_dict().values(), second.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_the_learning_rate_falls_as_a_cosine(folder):
    learner = training(folder)
    rates = [learner.optimizer.param_groups[0]["lr"] for _ in learner.run()]
    done = np.array([0.5, 1.5, 2.5]) / 3  # at the second of two steps of each epoch
    assert rates == pytest.approx(CONFIG.learning_rate * (1 + np.cos(np.pi * done)) / 2)


def test_rare_classes_count_more_and_unlabeled_pixels_not_at_all(folder, monkeypatch):
    asked = []

    def loss(logits, targets, weights, *, ignore_index):
        asked.append((targets, weights, ignore_index))
        return logits.mean()

    monkeypatch.setattr(train_segmenter, "cross_entropy", loss)
    learner = training(folder, replace(CONFIG, epochs=1))
    list(learner.run())
    assert len(asked) == 2
    for targets, weights, ignored in asked:
        shares = torch.tensor([learner.train_set.shares[i] for i in learner.classes])
        torch.testing.assert_close(weights, 1 / shares.sqrt())
        assert set(targets.unique().tolist()) <= {*range(len(learner.classes)), ignored}
        assert (targets == ignored).any()  # the tiny set has unlabeled blocks


def test_the_best_epoch_is_kept_and_a_resumed_command_knows_it(folder, tmp_path, monkeypatch):
    ious = iter((0.2, 0.5, 0.4, 0.3))
    monkeypatch.setattr(SegmenterTraining, "_validate", lambda self: FcnScore(0.9, 0.9, next(ious)))
    first = training(folder, replace(CONFIG, epochs=4))
    epochs = first.run()
    assert [next(epochs).best for _ in range(3)] == [True, True, False]
    (last,) = training(folder, first.config, first.state_dict()).run()
    assert not last.best  # than 0.5, of before
    ious = iter((0.2, 0.5, 0.4))
    small = ["--size-px", "32", "--epochs", "3", "--batch-size", "4", "--device", "cpu"]
    assert command_line.main(["segmenter", "--data", str(folder), "--out", str(tmp_path / "x"), *small]) == 0
    kept = Segmenter(tmp_path / "x").info
    assert (kept.epochs, kept.val.class_iou) == (2, 0.5)
    assert (tmp_path / "x.safetensors").stat().st_size < 7 * 2**20  # half precision


def test_the_command_trains_resumes_and_leaves_a_segmenter(folder, tmp_path, capsys):
    out = tmp_path / "reader"
    small = ["--size-px", "64", "--epochs", "2", "--batch-size", "4", "--device", "cpu"]
    command = ["segmenter", "--data", str(folder), "--out", str(out), "--dataset-name", "blocks", *small]
    assert command_line.main(command) == 0
    assert "epoch 2/2" in capsys.readouterr().out
    state_file = out.with_name("reader.state.pt")
    state = torch.load(state_file, weights_only=True)
    assert state["epoch"] == 2
    assert command_line.main(command) == 0
    again = capsys.readouterr().out
    assert "epoch 2/2" not in again
    segmenter = Segmenter(out)
    assert f"{segmenter.info.val.class_iou:.4f}" in again
    assert segmenter.info.val.class_iou == state["best_iou"]
    assert segmenter.info.dataset == "blocks"
    assert 0 not in segmenter.classes
    assert command_line.main([*command[:-1], "cpu", "--learning-rate", "0.1"]) == 1
    assert "another --out" in capsys.readouterr().err
    truncate(state_file)
    assert command_line.main(command) == 1
    assert "reader.state.pt is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_architecture_takes_a_step_at_batch_two(folder, architecture):
    config = replace(CONFIG, architecture=architecture, size_px=32, epochs=1, batch_size=2)
    two = training(folder, config)
    two.train_set.pairs = two.train_set.pairs[:2]
    assert len(list(two.run())) == 1


def test_a_segmenter_is_read_back_as_it_was_saved(tmp_path):
    network = saved_segmenter(tmp_path / "tiny")
    segmenter = Segmenter(tmp_path / "tiny")
    assert segmenter.info == info()
    assert (tmp_path / "tiny.safetensors").stat().st_size < 7 * 2**20
    photos = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        best = network(segmenters.normalized(photos.float()))["out"].argmax(1)
    wanted = torch.tensor([7, 8, 23], dtype=torch.uint8)[best]
    found = segmenter(photos)
    assert found.dtype == torch.uint8
    assert (found == wanted).float().mean() > 0.99  # float16 weights turn a few near ties


def test_photos_are_normalized_as_torchvisions_networks_were_trained():
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    for photo, wanted in ((255 * mean, 0.0), (255 * (mean + std), 1.0), (255 * (mean - 2 * std), -2.0)):
        torch.testing.assert_close(segmenters.normalized(photo), torch.full((1, 3, 1, 1), wanted))


def test_photos_of_any_size_get_label_maps_of_their_size(tmp_path):
    saved_segmenter(tmp_path / "tiny")
    segmenter = Segmenter(tmp_path / "tiny.safetensors")
    found = segmenter(torch.randint(0, 256, (2, 3, 90, 120), dtype=torch.uint8))
    assert found.shape == (2, 90, 120)
    assert set(found.unique().tolist()) <= {7, 8, 23}


def test_photos_are_cut_at_any_shape_and_read_at_their_own(folder):
    config = replace(CONFIG, architecture="efficientnet_lite0_unet", size_px=64, aspect=1.5, epochs=1)
    train_set = open_split(folder, "train", config.load_px, aspect=config.aspect)
    one = SegmenterTraining(config, train_set, train_set.subset([0]).resized(config.size_px), CPU)
    sizes = []
    one.network.register_forward_hook(
        lambda _, given, said: sizes.append((given[0].shape, said["out"].shape))
    )
    assert len(list(one.run())) == 1
    assert {tuple(photos[2:]) for photos, _ in sizes} == {(64, 96)}
    assert all(said[2:] == photos[2:] for photos, said in sizes)


def test_the_u_net_takes_photos_that_do_not_halve_five_times():
    network = build("efficientnet_lite0_unet", 3).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 45, 70))["out"].shape == (1, 3, 45, 70)


def test_what_is_fixed_of_published_weights_does_not_move(folder):
    config = replace(CONFIG, architecture="efficientnet_lite0_unet", pretrained=True, epochs=1)
    one = training(folder, config)
    before = {name: value.clone() for name, value in one.network.state_dict().items()}
    list(one.run())
    moved = {name for name, value in one.network.state_dict().items() if not value.equal(before[name])}
    fixed = ("backbone.stem", "backbone.levels.0", "backbone.levels.1.")
    assert not any(name.startswith(fixed) for name in moved)
    assert any(name.startswith("backbone.levels.4") for name in moved)
    assert any(name.startswith("ups.0") for name in moved)


def test_what_is_no_segmenter_is_an_error_that_says_why(tmp_path):
    with pytest.raises(CityGANError, match="there is no checkpoint"):
        Segmenter(tmp_path / "nothing")
    (tmp_path / "x.json").write_text(json.dumps({"name": "camvid-unet", "generator": "unet"}))
    (tmp_path / "x.safetensors").touch()
    with pytest.raises(CityGANError, match=r"not the \.json of a segmenter"):
        Segmenter(tmp_path / "x")
    saved_segmenter(tmp_path / "tiny")
    weights = tmp_path / "tiny.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CityGANError, match="corrupt"):
        Segmenter(tmp_path / "tiny")


def test_weights_of_another_number_of_classes_are_an_error(tmp_path):
    saved_segmenter(tmp_path / "tiny", classes=(7, 8, 11, 23))
    with pytest.raises(CityGANError, match=r"tiny\.safetensors does not fit"):
        Segmenter(tmp_path / "tiny")


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 1},
        {"epochs": 0},
        {"size_px": 8},
        {"size_px": 8192},
        {"aspect": 20},
        {"color_jitter": 2},
    ],
    ids=str,
)
def test_a_configuration_that_cannot_train_is_an_error(wrong):
    with pytest.raises(CityGANError, match=str(next(iter(wrong.values())))):
        SegmenterConfig(**wrong)


@pytest.mark.parametrize("classes", [(), (7, 99)], ids=str)
def test_classes_that_are_none_of_the_palettes_are_an_error(classes):
    with pytest.raises(CityGANError, match="ids of the palette"):
        info(classes=classes)


def test_an_unknown_architecture_is_an_error_that_lists_the_known_ones():
    with pytest.raises(CityGANError, match=r"'vgg' is unknown; .*lraspp_mobilenet_v3_large"):
        build("vgg", 3)


def test_one_photo_is_too_few(folder):
    train_set = open_split(folder, "train", CONFIG.load_px)
    with pytest.raises(CityGANError, match="at least 2 training photos, got 1"):
        SegmenterTraining(CONFIG, train_set.subset([0]), train_set, CPU)


def test_a_loss_that_is_not_finite_ends_the_training_with_advice(folder, monkeypatch):
    monkeypatch.setattr(train_segmenter, "cross_entropy", lambda logits, *_, **__: logits.mean() * torch.nan)
    with pytest.raises(CityGANError, match="the loss is nan at epoch 1; try a lower --learning-rate"):
        list(training(folder).run())


def test_pretrained_weights_come_from_the_cache_of_torchvision(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    published = get_weight(TORCHVISION[CONFIG.architecture])
    file = tmp_path / "hub" / "checkpoints" / published.url.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    tensors = mobilenet_v3_large().state_dict()
    torch.save(tensors, file)
    network = build(CONFIG.architecture, 3, pretrained=True)
    assert torch.equal(network.backbone["0"][0].weight, tensors["features.0.0.weight"])


def test_pretrained_weights_that_cannot_be_had_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def unreachable(request):
        assert socket.getdefaulttimeout() is not None  # it must not wait for ever
        raise URLError("no route to host")

    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    with pytest.raises(WeightsUnavailableError, match=r"no route to host.*TORCH_HOME"):
        build(CONFIG.architecture, 3, pretrained=True)


@pytest.mark.parametrize("architecture", ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large"])
def test_features_are_the_means_of_the_backbones_last_layer(tmp_path, architecture):
    config = replace(CONFIG, architecture=architecture)
    torch.manual_seed(0)
    network = build(architecture, 3)
    Checkpoint.save(tmp_path / "tiny", network, info(config=config))
    photos = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    found = Segmenter(tmp_path / "tiny").features(photos)
    assert found.shape == (2, 960)
    with torch.inference_mode():
        last = list(network.eval().backbone(segmenters.normalized(photos.float())).values())[-1]
    torch.testing.assert_close(found, last.mean((2, 3)), rtol=1e-4, atol=1e-5)
    assert Segmenter(tmp_path / "tiny").features(photos[:, :, :40]).shape == (2, 960)
