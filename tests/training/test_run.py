"""A run leaves what it promises, survives whatever stops it, and goes on with the same command."""

import errno
import resource
import shlex
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny
import torch
from PIL import Image
from processes import run_training
from states import same

import train
from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.models import weights
from citygan.models.encoding import ENCODINGS
from citygan.models.layers import for_inference
from citygan.synthesis.device import hardware
from citygan.synthesis.synthesizer import Synthesizer
from citygan.training import accelerator as accelerators
from citygan.training import loop, update
from citygan.training import run as runs
from citygan.training.log import read_log
from citygan.training.loop import StepDone
from citygan.training.recipes import RECIPES
from citygan.training.run import Run, RunData, RunOptions
from citygan.training.state import TrainingError

pytestmark = pytest.mark.timeout(900)  # a run is several processes, on a machine that may be busy

STEPS = 8
# Everything that draws random numbers: noise, dropout, scale, jitter, simplified shapes, augmentation.
CONFIG = {"dropout": 0.5, "color_jitter": 0.2, "ema_decay": 0.9}
SMALL = {"width": 1, "discriminator_width": 1, "batch_size": 1, "epochs": 2}
STATE_PARTS = ("generator", "discriminator", "generator_optimizer", "discriminator_optimizer", "average")


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    return tiny.write_camvid(tmp_path_factory.mktemp("set"), {"train": STEPS, "val": 2})


def command(data, out, **more):
    """What a person would type after `python train.py`; it saves after each step."""
    options = {"data": data, "out": out, "device": "cpu", "precision": "no", "save_minutes": 0}
    return ["fit", "--recipe", "citygan-plus", *tiny.flags(**(options | SMALL | CONFIG | more))]


def saved_state(out: Path) -> dict:
    return torch.load(out / "state.pt", weights_only=True)


def position(out: Path) -> tuple[int, int]:
    """Epochs done, and steps done in the next one."""
    saved = saved_state(out)["position"]
    return saved["epoch"], saved["step"]


def assert_same_end(out, finished):
    """Every weight, every optimizer's moment and both checkpoints are equal bit for bit."""
    one, other = saved_state(out), saved_state(finished)
    assert one["position"] == other["position"] == {"epoch": 2, "step": 0, "images_seen": 2 * STEPS}
    for part in STATE_PARTS:
        assert same(one[part], other[part]), f"{part} differs"
    for name in ("last", "best"):
        assert (out / f"{name}.safetensors").read_bytes() == (finished / f"{name}.safetensors").read_bytes()


@pytest.fixture(scope="module")
def finished(data_folder, tmp_path_factory):
    """The folder of a run of two epochs that nothing interrupted."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    result = run_training(command(data_folder, out))
    assert result.returncode == 0, result.stderr
    return out


# What a run leaves


def test_a_run_leaves_its_state_checkpoints_log_and_pictures(finished):
    left = {p.name for p in finished.iterdir()}
    assert left == {
        *("state.pt", "metrics.csv", "curves.png", "samples", "samples.gif", "tensorboard"),
        *("best.safetensors", "best.json", "best.onnx", "last.safetensors", "last.json"),
    }
    assert [p.name for p in sorted((finished / "samples").iterdir())] == ["epoch-0001.jpg", "epoch-0002.jpg"]
    assert any(p.name.startswith("events.out.tfevents") for p in (finished / "tensorboard").iterdir())


def test_the_log_has_a_row_for_each_epoch_with_validation_ssim_and_every_loss(finished):
    rows = read_log(finished)
    assert [(r["epoch"], r["images_seen"]) for r in rows] == [(1, STEPS), (2, 2 * STEPS)]
    losses = {f"loss/{n}" for n in ("discriminator_real", "discriminator_fake", "adversarial", "l1", "ssim")}
    for row in rows:
        assert row.keys() == {"epoch", "images_seen", "val_ssim", "learning_rate"} | losses


def test_the_samples_show_label_generated_and_real_photo_of_each_validation_map(finished):
    for name, frames in (("samples/epoch-0002.jpg", 1), ("samples.gif", 2)):
        with Image.open(finished / name) as image:
            assert image.size == (2 * 256, 3 * 256)
            assert getattr(image, "n_frames", 1) == frames
    with Image.open(finished / "curves.png") as image:
        image.verify()


def test_the_last_checkpoint_says_what_it_is(finished):
    info = Checkpoint.find(finished / "last").info
    assert (info.name, info.generator, info.encoding) == ("finished", "unet", "classes")
    assert (info.dataset, info.aspect) == ("CamVid", tiny.WIDTH_PX / tiny.HEIGHT_PX)
    assert (info.epochs, info.images_seen) == (2, 2 * STEPS)
    assert (info.height_px, info.width_px, info.norm_statistics) == (256, 256, "instance")
    assert info.recipe["name"] == "citygan-plus"
    assert info.recipe["dropout"] == 0.5
    assert sum(info.seen.values()) == pytest.approx(1)
    assert info.ssim["val"] == pytest.approx(read_log(finished)[-1]["val_ssim"], abs=1e-4)
    assert info.ssim_by_drive == {"val": {"val": info.ssim["val"]}}  # the tiny set's photos are named val_000


def test_the_best_checkpoint_is_that_of_the_best_validation_ssim(finished):
    rows = read_log(finished)
    best = max(rows, key=lambda row: row["val_ssim"])
    info = Checkpoint.find(finished / "best").info
    assert info.epochs == best["epoch"]
    assert info.ssim["val"] == pytest.approx(best["val_ssim"], abs=1e-4)


# What stops a run


def test_a_run_killed_in_mid_epoch_ends_in_the_same_weights_as_an_uninterrupted_one(
    data_folder, finished, tmp_path
):
    out = tmp_path / "finished"  # the name stands in the checkpoint
    killed = run_training(command(data_folder, out), stop=signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    assert position(out) == (0, 1)
    resumed = run_training(command(data_folder, out))
    assert resumed.returncode == 0, resumed.stderr
    assert "at epoch 1, step 1" in resumed.stderr
    assert_same_end(out, finished)


def test_ctrl_c_saves_exits_with_0_and_prints_the_command_that_goes_on(data_folder, tmp_path):
    out = tmp_path / "run"
    result = run_training(command(data_folder, out), stop=signal.SIGINT)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert position(out) == (0, 2)
    said = result.stdout.strip().splitlines()[-1]
    assert said.startswith("stopped and saved; go on with: python ")
    assert shlex.split(said.partition("go on with: ")[2])[1:] == result.args[1:]


# In this process


@pytest.fixture
def file_limit():
    """Files of this process cannot grow beyond some bytes: the nearest to a full disk that needs no disk."""

    @contextmanager
    def limit(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


@pytest.fixture
def make_run(tmp_path, train_set, val_set, accelerator):
    """Runs over the tiny set, all in the same folder."""

    def make(recipe="citygan", out=tmp_path / "run", samples=2, weights=None, start_from=None, **changes):
        data = RunData(train_set, val_set, "drawn blocks", 4 / 3, "for tests")
        options = RunOptions(out, recipe, samples=samples, generator_weights=weights, start_from=start_from)
        return Run(tiny.config(recipe, **changes), data, options, accelerator)

    return make


def test_a_run_can_start_from_the_generator_of_a_checkpoint_and_says_so(make_run, tmp_path):
    first = make_run(epochs=1)
    assert first.go()
    first = first.out / "last"
    run = make_run(out=tmp_path / "on", weights=first, epochs=1, learning_rate=1e-12)
    assert run.go()
    found = Checkpoint.find(first)
    weights, info = found.load(), found.info
    found = Checkpoint.find(run.out / "last")
    moved, on = found.load(), found.info
    for a, b in zip(weights.parameters(), moved.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert (on.epochs, on.images_seen) == (2, 2 * info.images_seen)
    assert on.recipe["started_from"] == {"recipe": info.recipe, "epochs": 1, "drives": list(info.drives)}
    assert on.drives == info.drives == ("train",)


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_recipe_trains_resumes_and_leaves_the_generator_that_it_trained(make_run, recipe):
    changes = {"pretrained": False}
    if RECIPES[recipe].generator == "deeplab":
        changes["backbone"] = "mobilenet_v3_large"  # the smallest
    assert make_run(recipe, epochs=1, **changes).go()
    run = make_run(recipe, epochs=2, **changes)
    assert run.go()
    assert position(run.out) == (2, 0)
    found = Checkpoint.find(run.out / "last")
    loaded, info = found.load(), found.info
    ready = for_inference(loaded, info.norm_statistics, dropout=info.dropout_at_inference)
    ready.to(memory_format=run.state.memory_format)
    conditions = torch.rand(1, ENCODINGS[info.encoding], 256, 256)
    photos = []
    for network in (ready, run.state.inference_generator()):
        torch.manual_seed(0)
        photos.append(network(conditions))
    assert torch.equal(*photos)
    photo = Synthesizer(run.out / "last", "cpu")(tiny.draw_labels("a street"))
    assert photo.shape == (tiny.HEIGHT_PX, tiny.WIDTH_PX, 3)


def test_another_configuration_in_the_same_folder_is_refused_with_its_fields(make_run):
    run = make_run(epochs=1)
    run.go()
    before = run.state_file.read_bytes()
    with pytest.raises(TrainingError, match=r"l1_weight was 100\.0.*another --out"):
        make_run(l1_weight=50.0)
    with pytest.raises(TrainingError, match="width was 1"):
        make_run(width=2)
    assert run.state_file.read_bytes() == before


def test_a_finished_run_goes_on_where_more_epochs_are_asked_for(make_run):
    make_run(epochs=1).go()
    run = make_run(epochs=2)
    assert run.go()
    assert [row["epoch"] for row in read_log(run.out)] == [1, 2]


def spoil_step(monkeypatch, number, failure):
    """Makes the step of this number, counted from 1, fail."""
    steps = []
    real_loss = update.l1_loss

    def spoiled(photos, targets):
        steps.append(1)
        return failure(real_loss(photos, targets)) if len(steps) == number else real_loss(photos, targets)

    monkeypatch.setattr(update, "l1_loss", spoiled)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_state(make_run, monkeypatch):
    run = make_run()
    spoil_step(monkeypatch, 5, lambda loss: loss * torch.nan)
    with pytest.raises(TrainingError, match="'l1' is nan at epoch 2, step 2"):
        run.go()
    assert position(run.out) == (1, 0)
    weights = saved_state(run.out)["generator"].values()
    assert all(t.isfinite().all() for t in weights if t.is_floating_point())


def test_a_finished_run_has_nothing_left_to_do(make_run):
    run = make_run("citygan-plus", epochs=1)
    run.go()
    before = {p: p.read_bytes() for p in run.out.rglob("*") if p.is_file() and "tensorboard" not in p.parts}
    assert make_run("citygan-plus", epochs=1).go()
    assert {p: p.read_bytes() for p in before} == before


def test_a_disk_that_takes_no_more_ends_the_command_with_an_error_and_no_traceback(
    data_folder, tmp_path, capsys, file_limit
):
    arguments = command(data_folder, tmp_path / "full", epochs=1)
    with file_limit(20_000):
        code = train.main(arguments)
    assert not list(tmp_path.rglob("*.part"))
    assert code == 1
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("error: ")


def fill_the_disk(_, part, *__, **___):
    Path(part).write_bytes(b"half of it")
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("what", ["the weights", "the state"])
def test_a_full_disk_leaves_the_earlier_state_and_checkpoints_whole(make_run, monkeypatch, what):
    run = make_run("citygan-plus", epochs=1)
    run.go()
    out = run.out
    whole = ("state.pt", "best.safetensors", "best.json", "last.safetensors", "last.json")
    if what == "the state":  # it is saved after the checkpoints
        whole = ("state.pt",)
    before = {name: (out / name).read_bytes() for name in whole}
    if what == "the state":
        monkeypatch.setattr(runs.torch, "save", fill_the_disk)
    else:
        monkeypatch.setattr(weights, "save_file", fill_the_disk)
    with pytest.raises(CityGANError, match="No space left"):
        make_run("citygan-plus").go()
    assert {name: (out / name).read_bytes() for name in whole} == before
    assert not list(out.rglob("*.part"))
    for name in ("best", "last"):
        Checkpoint.find(out / name).load()
    monkeypatch.undo()
    assert make_run("citygan-plus").go()
    assert position(out) == (2, 0)


def test_a_stop_in_mid_epoch_saves_the_state_and_gives_the_signals_back(make_run, monkeypatch):
    run = make_run()
    handlers = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]

    def stop(loss):
        signal.raise_signal(signal.SIGTERM)
        return loss

    spoil_step(monkeypatch, 2, stop)
    assert run.go() is False
    assert position(run.out) == (0, 2)
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_a_stop_after_the_last_epoch_is_the_end_of_the_run(make_run, monkeypatch):
    run = make_run(epochs=1)
    real_validate = loop.validate

    def stop(*arguments):
        signal.raise_signal(signal.SIGINT)
        return real_validate(*arguments)

    monkeypatch.setattr(loop, "validate", stop)
    assert run.go() is True
    assert position(run.out) == (1, 0)


def test_the_best_checkpoint_stays_when_later_epochs_are_worse_even_after_a_resume(make_run, monkeypatch):
    scores = iter([0.5, 0.4, 0.3])
    monkeypatch.setattr(loop, "validate", lambda *_: next(scores))
    make_run("citygan-plus", epochs=2).go()
    run = make_run("citygan-plus", epochs=3)
    assert run.go()
    out = run.out
    assert Checkpoint.find(out / "best").info.epochs == 1
    assert Checkpoint.find(out / "last").info.epochs == 3


def test_the_samples_are_always_of_the_same_maps_and_noise(make_run):
    run = make_run("citygan-plus", epochs=1, samples=1)
    run.go()
    generator = run.state.inference_generator()
    one, other = run._sample(generator), run._sample(generator)
    assert len(one) == 1
    assert all((a == b).all() for a, b in zip(one[0], other[0], strict=True))


def test_a_state_that_is_a_pickle_with_code_is_not_opened(make_run, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / "run").mkdir()
    torch.save(Trap(), tmp_path / "run" / "state.pt")
    with pytest.raises(CityGANError, match=r"state\.pt is damaged"):
        make_run()
    assert not (tmp_path / "sprung").exists()


def test_a_run_without_a_state_cannot_be_started_from(make_run, tmp_path):
    with pytest.raises(CityGANError, match=r"there is no training state .*elsewhere/state\.pt"):
        make_run(start_from=tmp_path / "elsewhere")


def test_cuda_where_there_is_none_is_an_error_and_not_the_cpu(data_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    arguments = command(data_folder, tmp_path / "run", epochs=1)
    arguments[arguments.index("--device") + 1] = "cuda"
    assert train.main(arguments) == 1
    assert "CUDA" in capsys.readouterr().err


def test_the_precision_is_bf16_only_where_the_machine_computes_in_it(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert accelerators.best_precision("cpu") == "no"
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert accelerators.best_precision("cpu") == "bf16"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert accelerators.best_precision("auto") == "no"
    assert accelerators.best_precision("cpu") == "bf16"


@pytest.mark.parametrize(
    ("device", "there", "on_the_cpu"), [("auto", False, True), ("auto", True, False), ("cpu", True, True)]
)
def test_accelerate_is_told_to_stay_on_the_cpu_wherever_that_is_the_device(
    monkeypatch, device, there, on_the_cpu
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(accelerators, "Accelerator", lambda **arguments: arguments)
    assert accelerators.open_accelerator(device, "no") == {"cpu": on_the_cpu, "mixed_precision": "no"}


@pytest.mark.parametrize(("threads", "words"), [(1, "1 CPU core ("), (2, "2 CPU cores (")])
def test_hardware_is_said_in_words(monkeypatch, threads, words):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert hardware(torch.device("cpu")).startswith(words)


def test_hardware_is_that_of_all_processes(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H200")
    assert hardware(torch.device("cpu"), 2).startswith("2 CPU cores")
    assert hardware(torch.device("cuda"), 2) == "2 x NVIDIA H200"


def test_what_a_run_knows_of_its_data_stands_in_the_checkpoint(make_run):
    run = make_run("citygan-plus", epochs=1)
    run.go()
    info = Checkpoint.find(run.out / "last").info
    assert (info.dataset, info.license, info.hardware) == (
        "drawn blocks",
        "for tests",
        hardware(torch.device("cpu")),
    )


def test_each_epoch_has_a_bar_though_the_one_before_was_not_validated(capsys):
    with runs._ProgressBar(3, enabled=True) as bar:
        for epoch in (0, 1):
            for step in (1, 2):
                bar.step(StepDone(epoch, step, 2, 2 * epoch + step, {"l1": 0.5}))
    said = capsys.readouterr().err
    assert "epoch 1/3: 100%" in said
    assert "epoch 2/3: 100%" in said
    assert "l1=0.500" in said
