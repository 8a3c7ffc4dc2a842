"""Label map in, photo out: any size, the same photo for the same seed, fast and plain alike."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tiny
import torch
from PIL import Image
from torch._inductor.exc import InvalidCxxCompiler

from citygan import palette
from citygan.errors import BusyError, CityGANError
from citygan.models import StreetUNet, UNet
from citygan.models.encoding import encode_labels
from citygan.models.layers import for_inference
from citygan.streets import street
from citygan.synthesis.device import find_device
from citygan.synthesis.fast import optimized
from citygan.synthesis.synthesizer import MAX_SIDE_PX, Synthesizer

CAR, BUS, ROAD, SKY = 26, 28, 7, 23
MAP = street("avenue", 256, 256)


@pytest.fixture(scope="module")
def with_dropout(tmp_path_factory):
    """Seeded by its dropout, as pix2pix is."""
    network = tiny.settled_unet(width=2, dropout=0.5)
    path = tiny.save_checkpoint(
        tmp_path_factory.mktemp("dropout"), network, arguments={"in_channels": 3, "width": 2}
    )
    return Synthesizer(path, "cpu")


@pytest.fixture(scope="module")
def with_noise(tmp_path_factory):
    """Seeded by its noise, without any dropout."""
    arguments = {"norm": "instance", "upsampling": "nearest", "dropout": 0.0, "noise": True}
    network = tiny.settled_unet("classes", width=2, **arguments)
    path = tiny.save_checkpoint(
        tmp_path_factory.mktemp("noise"),
        network,
        arguments={"in_channels": len(palette.CLASSES), "width": 2} | arguments,
        encoding="classes",
        norm_statistics="instance",
    )
    return Synthesizer(path, "cpu")


@pytest.fixture(params=["with_dropout", "with_noise"])
def synthesizer(request):
    return request.getfixturevalue(request.param)


# Sizes


@pytest.fixture(scope="module")
def of_any_shape(tmp_path_factory):
    """Draws at every multiple of 128 px."""
    torch.manual_seed(7)
    network = StreetUNet(len(palette.CLASSES), 2)
    return Synthesizer(
        tiny.save_checkpoint(
            tmp_path_factory.mktemp("street"),
            network,
            generator="street-unet",
            arguments={"in_channels": len(palette.CLASSES), "width": 2},
            encoding="classes",
            norm_statistics="instance",
            height_px=384,
            width_px=512,
        ),
        "cpu",
    )


@pytest.mark.parametrize(
    ("shape", "drawn"), [((512, 1024), (384, 768)), ((600, 300), (768, 384)), ((384, 512), (384, 512))]
)
def test_a_map_is_drawn_in_its_own_shape(of_any_shape, shape, drawn):
    seen = []
    hook = of_any_shape._engine.generator.register_forward_pre_hook(
        lambda _, given: seen.append(given[0].shape)
    )
    photo = of_any_shape(street("shops", *shape[::-1]), seed=3)
    hook.remove()
    assert photo.shape == (*shape, 3)
    assert [tuple(conditions[2:]) for conditions in seen] == [drawn]
    assert np.array_equal(photo, of_any_shape(street("shops", *shape[::-1]), seed=3))


def test_compiled_code_makes_the_shape_that_it_was_compiled_for_and_no_other(of_any_shape, monkeypatch):
    asked = []

    def compiled(label_maps, *_):
        asked.append(tuple(label_maps.shape[1:]))
        return torch.zeros(*label_maps.shape, 3, dtype=torch.uint8)

    monkeypatch.setattr(of_any_shape._engine, "_photos", compiled)
    of_any_shape(street("shops", 512, 256))
    of_any_shape(street("shops", 684, 512))
    assert asked == [(384, 512)]


@pytest.mark.parametrize(("height", "width"), [(256, 256), (1, 1), (1, 300), (37, 501), (512, 684)])
def test_a_photo_has_the_size_of_its_label_map(with_dropout, height, width):
    photo = with_dropout(street("shops", max(width, 16), max(height, 16))[:height, :width])
    assert (photo.shape, photo.dtype) == ((height, width, 3), np.uint8)


def test_a_larger_label_map_gives_the_same_photo_resized(with_dropout):
    photo = with_dropout(MAP)
    larger = with_dropout(np.kron(MAP, np.ones((2, 3), np.uint8)))
    assert np.array_equal(larger, Image.fromarray(photo).resize((768, 512), Image.Resampling.BICUBIC))


def test_a_label_map_beyond_the_largest_side_is_an_error_that_names_its_size(with_dropout):
    with pytest.raises(CityGANError, match=f"3 x {MAX_SIDE_PX + 1}.*at most {MAX_SIDE_PX} px"):
        with_dropout(np.zeros((MAX_SIDE_PX + 1, 3), np.uint8))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4)),
        np.zeros((0, 4), np.uint8),
        np.full((4, 4), 99, np.uint8),
    ],
    ids=["colours", "float", "empty", "id 99"],
)
def test_what_is_no_label_map_is_an_error(with_dropout, wrong):
    with pytest.raises(CityGANError, match=r"label map|99"):
        with_dropout(wrong)


def test_the_label_map_that_was_given_is_not_changed(synthesizer):
    label_map = np.full((256, 256), BUS, np.uint8)
    label_map.setflags(write=False)
    synthesizer(label_map)
    assert (label_map == BUS).all()


def test_a_photo_is_not_grey_and_shows_the_label_map(synthesizer):
    one, other = synthesizer(MAP), synthesizer(np.ascontiguousarray(MAP[:, ::-1]))
    assert one.std() > 20
    assert (one != other).mean() > 0.5


# Seeds


def test_the_same_seed_gives_the_same_photo_and_another_one_another(synthesizer):
    first = synthesizer(MAP, seed=1)
    assert np.array_equal(first, synthesizer(MAP, seed=1))
    assert (first != synthesizer(MAP, seed=2)).mean() > 0.1


def test_without_a_seed_the_photo_is_always_the_same(synthesizer):
    first = synthesizer(MAP)
    synthesizer(MAP, seed=5)
    torch.rand(3)
    assert np.array_equal(first, synthesizer(MAP))


def test_every_seed_that_python_or_a_browser_can_draw_is_taken(synthesizer):
    for seed in (0, 2**32 - 1, 2**53, 2**63 - 1):
        assert synthesizer(MAP, seed=seed).shape == (256, 256, 3)


def test_the_seed_0_turns_dropout_on(with_dropout):
    assert (with_dropout(MAP, seed=0) != with_dropout(MAP)).mean() > 0.1


def test_torchs_own_random_numbers_go_on_undisturbed(synthesizer):
    torch.manual_seed(42)
    expected = torch.rand(4)
    torch.manual_seed(42)
    synthesizer(MAP)
    synthesizer(MAP, seed=9)
    assert torch.equal(torch.rand(4), expected)


def test_a_seed_keeps_its_photo_whatever_other_threads_draw(synthesizer):
    photo = synthesizer(MAP, seed=4)
    with ThreadPoolExecutor(1) as other:

        def interrupt(*_):
            other.submit(torch.rand, 1).result()

        hooks = [layer.register_forward_pre_hook(interrupt) for layer in synthesizer._engine.generator.ups]
        again = synthesizer(MAP, seed=4)
        for hook in hooks:
            hook.remove()
    assert np.array_equal(again, photo)


def test_calls_from_several_threads_give_the_photos_of_their_seeds(synthesizer):
    twin = Synthesizer(synthesizer.source, "cpu")
    seeds = [None, 1, 2, 3, None, 1, 2, 3]
    wanted = {seed: synthesizer(MAP, seed) for seed in seeds}
    with ThreadPoolExecutor(len(seeds)) as threads:
        photos = list(threads.map(lambda which, seed: which(MAP, seed), [synthesizer, twin] * 4, seeds))
    for photo, seed in zip(photos, seeds, strict=True):
        assert np.array_equal(photo, wanted[seed])


def test_who_waits_longer_than_they_would_is_told_that_other_photos_are_made(with_noise):
    inside, leave = threading.Event(), threading.Event()

    def linger(*_):
        inside.set()
        assert leave.wait(60)

    hook = with_noise._engine.generator.register_forward_pre_hook(linger)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(with_noise, MAP)
        assert inside.wait(60)
        with pytest.raises(BusyError, match="other photos are being made"):
            with_noise(MAP, wait_s=0.01)
        leave.set()
        assert np.array_equal(with_noise(MAP), first.result())
    hook.remove()


def test_a_photo_that_fails_keeps_nobody_waiting(with_noise):
    def fail(*_):
        raise RuntimeError("out of memory")

    hook = with_noise._engine.generator.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        with_noise(MAP)
    hook.remove()
    assert with_noise(MAP, wait_s=0).shape == (256, 256, 3)


# Classes


def test_an_unseen_class_gives_the_photo_of_its_stand_in(synthesizer):
    bus, car = MAP.copy(), MAP.copy()
    bus[150:220, 80:180], car[150:220, 80:180] = BUS, CAR
    assert np.array_equal(synthesizer(bus), synthesizer(car))
    assert not np.array_equal(synthesizer(car), synthesizer(MAP))


def test_a_class_that_was_seen_is_drawn_as_itself(tmp_path):
    path = tiny.save_checkpoint(tmp_path, UNet(3, 1), seen={0: 0.2, ROAD: 0.3, CAR: 0.3, BUS: 0.2})
    bus, car = (Synthesizer(path, "cpu")(np.full((256, 256), i, np.uint8)) for i in (BUS, CAR))
    assert not np.array_equal(bus, car)


# Fast and plain


def plain_photo(network, statistics, encoding, seed):
    """The photo of the same network in float32, as nothing but torch makes it; `(3, 256, 256)` in [0, 1]."""
    ready = for_inference(network, statistics)
    torch.manual_seed(seed)
    return (ready(encode_labels(torch.from_numpy(MAP)[None], encoding))[0] + 1) / 2


def psnr(a, b):
    return -10 * torch.log10(((a - b) ** 2).mean()).item()


@pytest.mark.parametrize(
    ("statistics", "arguments"),
    [
        ("running", {}),
        ("running", {"upsampling": "nearest"}),
        ("batch", {}),
        ("batch", {"upsampling": "nearest"}),
        ("instance", {"norm": "instance", "upsampling": "nearest", "noise": True}),
    ],
    ids=["running", "running nearest", "batch", "batch nearest", "instance nearest noise"],
)
def test_the_optimized_network_makes_the_same_photo_within_40_db(statistics, arguments):
    encoding = "classes" if statistics == "instance" else "colors"
    network = tiny.settled_unet(encoding, **arguments)
    before = {name: t.clone() for name, t in network.state_dict().items()}
    fast = optimized(network, statistics, torch.device("cpu"))
    assert all(torch.equal(t, before[name]) for name, t in network.state_dict().items())

    plain = plain_photo(network, statistics, encoding, seed=3)
    conditions = encode_labels(torch.from_numpy(MAP)[None], encoding)
    torch.manual_seed(3)
    with torch.no_grad():
        photo = fast(conditions.to(next(fast.parameters()).dtype))[0].float()
    assert plain.std() > 0.1  # a grey photo would hide every error
    assert psnr((photo + 1) / 2, plain) > 40


def test_a_photo_is_that_of_the_plain_network(with_noise, tmp_path):
    arguments = {"norm": "instance", "upsampling": "nearest", "dropout": 0.0, "noise": True}
    network = tiny.settled_unet("classes", width=2, **arguments)
    known = palette.replace_unseen(MAP, with_noise.info.seen_classes)
    assert np.array_equal(known, MAP)
    plain = plain_photo(network, "instance", "classes", seed=11)
    photo = torch.from_numpy(with_noise(MAP, seed=11)).permute(2, 0, 1) / 255
    assert psnr(photo, plain) > 40


# Compiled code


def test_compiled_code_makes_the_photos_and_noise_stays_seeded(with_noise, monkeypatch):
    used = []

    def compile_nothing(network, **_):
        return lambda *inputs: used.append(inputs) or network(*inputs)

    plain = with_noise(MAP, seed=4)
    monkeypatch.setattr(torch, "compile", compile_nothing)
    monkeypatch.setattr(with_noise._engine, "_photos", with_noise._engine._photos)  # put back after the test
    assert with_noise.compile()
    used.clear()
    assert np.array_equal(with_noise(MAP, seed=4), plain)
    assert len(used) == 1


def test_what_torch_compile_really_returns_makes_the_same_photo(with_noise, monkeypatch):
    really_compile = torch.compile
    monkeypatch.setattr(torch, "compile", lambda network, **_: really_compile(network, backend="eager"))
    monkeypatch.setattr(with_noise._engine, "_photos", with_noise._engine._photos)
    plain = with_noise(MAP, seed=4)
    assert with_noise.compile()
    assert np.array_equal(with_noise(MAP, seed=4), plain)


def test_compiling_leaves_torchs_own_random_numbers_undisturbed(with_noise, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda network, **_: network)
    monkeypatch.setattr(with_noise._engine, "_photos", with_noise._engine._photos)
    torch.manual_seed(42)
    expected = torch.rand(4)
    torch.manual_seed(42)
    with_noise.compile()
    assert torch.equal(torch.rand(4), expected)


def test_a_seed_still_turns_dropout_on_after_compiling(with_dropout, monkeypatch):
    plain = with_dropout(MAP, seed=4)
    monkeypatch.setattr(torch, "compile", lambda network, **_: lambda x, noise: torch.zeros_like(x))
    monkeypatch.setattr(with_dropout._engine, "_photos", with_dropout._engine._photos)
    with_dropout.compile()
    assert np.array_equal(with_dropout(MAP, seed=4), plain)
    assert with_dropout(MAP).shape == (256, 256, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the whole process has one priority")
def test_compiling_in_the_background_gives_way_to_photos(with_noise, monkeypatch):
    def priority():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before, seen = priority(), []
    monkeypatch.setattr(with_noise, "compile", lambda: seen.append(priority()))
    with_noise.compile_in_background().join()
    assert seen == [19]
    assert priority() == before


def test_where_nothing_can_be_compiled_photos_are_made_as_before(with_noise, monkeypatch):
    def fail(*_, **__):
        raise InvalidCxxCompiler

    plain = with_noise(MAP)
    monkeypatch.setattr(torch, "compile", lambda *_, **__: fail)
    assert not with_noise.compile()
    assert np.array_equal(with_noise(MAP), plain)


# Devices


def test_auto_is_the_cpu_where_there_is_no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto") == torch.device("cpu")


def test_auto_is_cuda_where_there_is_one_and_cpu_stays_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("auto") == find_device("cuda") == torch.device("cuda")
    assert find_device("cpu") == torch.device("cpu")


def test_cuda_where_there_is_none_is_an_error_that_says_what_to_do(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(CityGANError, match=r"no CUDA device.*--device cpu or auto"):
        find_device("cuda")


def test_an_unknown_device_is_an_error_that_names_it():
    with pytest.raises(CityGANError, match="'tpu' is unknown; choose auto, cpu or cuda"):
        Synthesizer("anything", "tpu")


def test_the_device_is_named_with_its_threads_and_number_format(synthesizer):
    assert synthesizer.device_name.startswith("CPU (")
    assert synthesizer.device_name.endswith(("bfloat16)", "float32)"))


def test_a_checkpoint_that_is_not_there_is_a_checkpoint_error(tmp_path):
    with pytest.raises(CityGANError, match="there is no checkpoint"):
        Synthesizer(tmp_path / "none", "cpu")
