"""Photos made in one pass are those that they are alone; when the GPU is full or hangs, the CPU goes on."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tiny
import torch
from queues import PATIENCE_S, wait_until_queued

from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.streets import NAMES, street
from citygan.synthesis.photo_queue import Asked
from citygan.synthesis.synthesizer import Synthesizer, _photos
from citygan.synthesis.torch_engine import TorchEngine, _Padded, _sizes

MAPS = [street(name, 128, 128) for name in NAMES[:5]]
STREET = {"generator": "street-unet", "arguments": {"in_channels": 29, "width": 2, "depth": 6}}
STREET |= {"encoding": "classes", "norm_statistics": "instance", "height_px": 128, "width_px": 128}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A generator with noise that is told the light."""
    return Checkpoint.save(
        tmp_path_factory.mktemp("street") / "street", tiny.settled_street_unet(2), tiny.info(**STREET)
    ).source


@pytest.fixture
def in_float32(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)


class Counted:
    """An engine that notes how many photos it made in each pass, and makes none while the gate is shut."""

    def __init__(self, synthesizer):
        self._engine, self.passes = synthesizer._engine, []
        self.gate, self.inside = threading.Event(), threading.Semaphore(0)

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def __call__(self, label_maps, drawn):
        self.passes.append(len(label_maps))
        self.inside.release()
        assert self.gate.wait(PATIENCE_S)
        return self._engine(label_maps, drawn)


def together(synthesizer, calls):
    """The photos of calls that all wait while the first is made, and how many were made in each pass."""
    synthesizer._engine = counted = Counted(synthesizer)
    with ThreadPoolExecutor(len(calls)) as threads:
        futures = []
        for i, (label_map, options) in enumerate(calls):
            futures.append(threads.submit(synthesizer, label_map, **options))
            if i == 0:
                assert counted.inside.acquire(timeout=PATIENCE_S)
            wait_until_queued(synthesizer._queue, i)
        counted.gate.set()
        photos = [future.result(PATIENCE_S) for future in futures]
    synthesizer._engine = counted._engine
    return photos, counted.passes


@pytest.mark.parametrize(("most", "passes"), [(None, [1] * 5), (2, [1, 2, 2]), (4, [1, 4])])
def test_who_waits_gets_the_photo_of_the_own_map_seed_and_light(path, in_float32, most, passes):
    alone, synthesizer = Synthesizer(path, "cpu"), Synthesizer(path, "cpu", most=most)
    wishes = [{}, {"seed": 3}, {"brightness": 2.0}, {"light": [0.5] * 8}, {"seed": 9, "warmth": -1.0}]
    calls = list(zip(MAPS, wishes, strict=True))
    photos, made = together(synthesizer, calls)
    assert made == passes
    wanted = [alone(label_map, **options) for label_map, options in calls]
    for i, photo in enumerate(photos):
        assert np.abs(photo.astype(int) - wanted[i]).max() <= 1  # to rounding
        others = [w for j, w in enumerate(wanted) if j != i]
        assert min(np.abs(photo.astype(int) - w).mean() for w in others) > 1


def test_photos_are_not_made_together_where_each_would_change_the_others(tmp_path):
    network = tiny.settled_unet(width=2)
    arguments = {"in_channels": 3, "width": 2, "dropout": 0.0}
    saved = tiny.save_checkpoint(tmp_path, network, arguments=arguments, norm_statistics="batch")
    synthesizer = Synthesizer(saved, "cpu", most=4)
    calls = [(m, {}) for m in MAPS[:3]]
    photos, made = together(synthesizer, calls)
    assert made == [1, 1, 1]
    for photo, (label_map, _) in zip(photos, calls, strict=True):
        assert np.array_equal(photo, synthesizer(label_map))


def test_compiled_for_several_sizes_it_makes_the_same_photos(path, in_float32, monkeypatch):
    compiled = []
    really_compile = torch.compile

    def compile_eagerly(network, **options):
        compiled.append(options)
        return really_compile(network, backend="eager")

    monkeypatch.setattr(torch, "compile", compile_eagerly)
    alone, synthesizer = Synthesizer(path, "cpu"), Synthesizer(path, "cpu", most=4)
    assert synthesizer.compile()
    assert compiled == [{"dynamic": False}]
    photos, made = together(synthesizer, [(m, {}) for m in MAPS])
    assert made == [1, 4]
    for photo, label_map in zip(photos, MAPS, strict=True):
        assert np.abs(photo.astype(int) - alone(label_map)).max() <= 1


def test_a_pass_is_filled_up_to_a_size_that_there_is_and_larger_ones_are_parted():
    calls = []

    def of_size(size):
        def double(x, y):
            assert len(x) == len(y) == size
            calls.append(size)
            return 2 * x + y

        return double

    photos = _Padded({size: of_size(size) for size in (1, 2, 4)})
    for count, sizes in ((1, [1]), (2, [2]), (3, [4]), (4, [4]), (6, [4, 2])):
        calls.clear()
        x = torch.arange(count)
        assert torch.equal(photos(x, x + 1), 3 * x + 1)
        assert calls == sizes
    assert [_sizes(most) for most in (1, 2, 6, 8)] == [[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]


class Full:
    """A GPU's engine whose memory takes so many photos at once."""

    def __init__(self, synthesizer, room):
        self._engine, self.room, self.most = synthesizer._engine, room, 4
        self.device, self.asked = torch.device("cuda"), []

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def __call__(self, label_maps, drawn):
        self.asked.append(len(label_maps))
        if len(label_maps) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return self._engine(label_maps, drawn)


def requests(synthesizer, label_maps):
    maps = [torch.from_numpy(np.array(m))[None] for m in label_maps]
    return [Asked(m, synthesizer._drawn(m, None, None)) for m in maps]


def test_where_the_gpu_is_full_photos_are_made_on_the_cpu_and_a_notice_says_so(path, caplog):
    wanted, synthesizer = Synthesizer(path, "cpu"), Synthesizer(path, "cpu")
    synthesizer._engine, synthesizer.device = full, _ = Full(synthesizer, 0), torch.device("cuda")
    assert synthesizer.notice == ""
    assert np.array_equal(synthesizer(MAPS[0]), wanted(MAPS[0]))
    assert synthesizer.notice == "The GPU's memory is full, so photos are made on the CPU now."
    assert synthesizer.notice in caplog.text
    assert synthesizer.device_name.startswith("CPU (")
    assert np.array_equal(synthesizer(MAPS[1]), wanted(MAPS[1]))
    assert full.asked == [1]  # and was not asked again
    assert isinstance(synthesizer._engine, TorchEngine)


def test_where_the_gpu_has_room_for_one_photo_they_are_made_one_by_one(path, in_float32):
    synthesizer = Synthesizer(path, "cpu")
    asked = requests(synthesizer, MAPS[:3])
    wanted = _photos(synthesizer._engine, asked)
    synthesizer._engine = full = Full(synthesizer, 1)
    assert (synthesizer._make(asked).int() - wanted.int()).abs().max() <= 1
    assert full.asked == [3, 1, 1, 1]
    assert full.most == 1
    assert synthesizer.notice == ""


def test_a_cpu_without_memory_has_nothing_to_fall_back_to(path):
    synthesizer = Synthesizer(path, "cpu")
    synthesizer._engine = full = Full(synthesizer, 0)
    full.device = torch.device("cpu")
    with pytest.raises(torch.OutOfMemoryError):
        synthesizer(MAPS[0])
    full.room = 1
    assert synthesizer(MAPS[0], wait_s=0).shape == (128, 128, 3)


def test_an_engine_that_hangs_ends_one_request_and_the_next_photo_is_made_by_a_fresh_one(path, monkeypatch):
    wanted, synthesizer = Synthesizer(path, "cpu"), Synthesizer(path, "cpu")
    monkeypatch.setattr(synthesizer._queue, "_limit_s", 0.5)
    synthesizer._engine = hanging = Counted(synthesizer)
    with pytest.raises(CityGANError, match="took longer than"):
        synthesizer(MAPS[0])
    monkeypatch.setattr(synthesizer._queue, "_limit_s", PATIENCE_S)
    assert np.array_equal(synthesizer(MAPS[1]), wanted(MAPS[1]))
    assert "got stuck" in synthesizer.notice
    hanging.gate.set()  # what comes of the old one interests nobody
    assert np.array_equal(synthesizer(MAPS[2]), wanted(MAPS[2]))
