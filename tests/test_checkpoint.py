"""Checkpoints survive saving and loading, what is wrong with one is said, and no pickle is ever opened."""

import errno
import json
import pickle
from dataclasses import asdict
from pathlib import Path

import pytest
import tiny
import torch
from safetensors.torch import load_file, save_file

from citygan import checkpoint as checkpoints
from citygan import hub
from citygan.checkpoint import CheckpointInfo
from citygan.errors import CityGANError
from citygan.models import UNet
from citygan.models.layers import for_inference


@pytest.fixture
def network():
    torch.manual_seed(0)
    return UNet(3, 1)


@pytest.fixture
def path(tmp_path, network):
    """A checkpoint that can be loaded, for the tests to spoil."""
    return tiny.save_checkpoint(tmp_path, network)


def change_json(path, **changes):
    file = path.with_suffix(".json")
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def change_tensors(path, change):
    tensors = load_file(path.with_suffix(".safetensors"))
    change(tensors)
    save_file(tensors, path.with_suffix(".safetensors"))


# Round trips


def test_a_checkpoint_is_loaded_as_it_was_saved(path, network):
    loaded, info = checkpoints.load(path)
    assert info == tiny.info()
    assert not loaded.training
    assert loaded.state_dict().keys() == network.state_dict().keys()
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[name])


def test_half_precision_halves_the_file_and_is_loaded_as_float32(tmp_path, network):
    checkpoints.save(tmp_path / "half", network, tiny.info(), half=True)
    checkpoints.save(tmp_path / "full", network, tiny.info())
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.7 * sizes[1]
    loaded, _ = checkpoints.load(tmp_path / "half")
    for name, tensor in loaded.state_dict().items():
        saved = network.state_dict()[name]
        assert tensor.dtype == saved.dtype
        assert torch.allclose(tensor.float(), saved.float(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("suffix", ["", ".safetensors", ".json"])
def test_a_checkpoint_is_found_with_and_without_its_suffix(path, suffix):
    assert checkpoints.load(f"{path}{suffix}")[1] == tiny.info()
    assert checkpoints.load(Path(f"{path}{suffix}"))[1] == tiny.info()


def test_a_name_with_dots_is_kept(tmp_path, network):
    checkpoints.save(tmp_path / "unet-v1.2", network, tiny.info())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["unet-v1.2.json", "unet-v1.2.safetensors"]
    assert checkpoints.load(tmp_path / "unet-v1.2")[1] == tiny.info()


def test_the_json_alone_says_what_a_checkpoint_is(path):
    path.with_suffix(".safetensors").unlink()
    info = checkpoints.read_info(path)
    assert info == tiny.info()
    assert info.seen_classes == frozenset(tiny.info().seen)
    assert isinstance(info.ssim_percentiles, tuple)


def test_the_info_alone_can_be_written_again(path):
    checkpoints.write_info(path, tiny.info(ssim={"val": 0.5, "test": 0.4}))
    assert checkpoints.load(path)[1].ssim == {"val": 0.5, "test": 0.4}


def test_a_field_that_this_version_does_not_know_is_ignored(path):
    change_json(path, color_of_the_sky="blue")
    assert checkpoints.load(path)[1] == tiny.info()


@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_a_generator_made_ready_for_inference_is_saved_so_that_it_can_be_loaded(
    tmp_path, network, statistics
):
    ready = for_inference(network, statistics)
    path = tiny.save_checkpoint(tmp_path, ready, norm_statistics=statistics)
    loaded = for_inference(checkpoints.load(path)[0], statistics)
    x = torch.rand(1, 3, 256, 256)
    assert torch.equal(loaded(x), ready(x))


def test_saving_leaves_the_network_as_it_was(tmp_path, network):
    before = {name: t.clone() for name, t in network.state_dict().items()}
    checkpoints.save(tmp_path / "half", network, tiny.info(), half=True)
    assert network.training
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == before[name].dtype
        assert torch.equal(tensor, before[name])


# Writing


def test_a_full_disk_leaves_the_earlier_checkpoint_whole(path, monkeypatch):
    earlier = {p: p.read_bytes() for p in path.parent.iterdir()}

    def fill_the_disk(tensors, part):
        Path(part).write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_file", fill_the_disk)
    with pytest.raises(CityGANError, match="No space left"):
        checkpoints.save(path, UNet(3, 1), tiny.info(name="later"))
    assert {p: p.read_bytes() for p in path.parent.iterdir()} == earlier
    assert checkpoints.load(path)[1].name == "tiny"


def test_a_missing_folder_is_made(tmp_path, network):
    assert checkpoints.load(tiny.save_checkpoint(tmp_path / "runs" / "first", network))[1] == tiny.info()


# What is wrong with a checkpoint


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"\xff" * 64, b"\x08\0\0\0\0\0\0\0{}      "])
def test_weights_that_are_no_safetensors_are_an_error_that_names_the_file(path, content):
    path.with_suffix(".safetensors").write_bytes(content)
    with pytest.raises(CityGANError, match=r"tiny\.safetensors|does not fit"):
        checkpoints.load(path)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_truncated_weights_are_an_error_that_says_to_get_them_again(path, share):
    file = path.with_suffix(".safetensors")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CityGANError, match=r"tiny\.safetensors is corrupt.*get it again"):
        checkpoints.load(path)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_half_a_checkpoint_is_an_error_that_names_the_missing_half(path, suffix):
    path.with_suffix(suffix).unlink()
    with pytest.raises(CityGANError, match=rf"tiny\{suffix} does not exist"):
        checkpoints.load(path)


def test_info_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CityGANError, match=r"none\.json does not exist"):
        checkpoints.read_info(tmp_path / "none")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"unet"', "{}", '{"format": "newest"}', "\x00\xff"],
    ids=["empty", "open", "list", "null", "text", "nothing", "odd format", "bytes"],
)
def test_a_json_that_is_no_checkpoints_is_an_error_that_names_the_file(path, text):
    path.with_suffix(".json").write_text(text)
    with pytest.raises(CityGANError, match=r"tiny\.json is not the \.json of a CityGAN checkpoint"):
        checkpoints.load(path)


@pytest.mark.parametrize("field", ["arguments", "seen", "norm_statistics", "height_px", "encoding"])
def test_a_json_without_a_needed_field_is_an_error_that_names_it(path, field):
    values = asdict(tiny.info())
    del values[field]
    path.with_suffix(".json").write_text(json.dumps(values))
    with pytest.raises(CityGANError, match=field):
        checkpoints.load(path)


@pytest.mark.parametrize("seen", [[1, 2], {"road": 1.0}, {"7": "much"}, None])
def test_seen_classes_that_are_no_shares_are_an_error(path, seen):
    change_json(path, seen=seen)
    with pytest.raises(CityGANError, match=r"tiny\.json"):
        checkpoints.load(path)


def test_a_newer_format_is_an_error_that_says_to_update(path):
    change_json(path, format=checkpoints.FORMAT + 1)
    with pytest.raises(CityGANError, match=rf"format {checkpoints.FORMAT + 1}.*update"):
        checkpoints.load(path)


def test_an_unknown_generator_is_an_error_that_lists_the_known_ones(path):
    change_json(path, generator="spade")
    with pytest.raises(CityGANError, match="'spade'; known are unet"):
        checkpoints.load(path)


@pytest.mark.parametrize(
    "arguments",
    [{"depth": 9}, {"norm": "group"}, {"width": "wide"}, {"width": -1}, [3, 1], 5],
    ids=str,
)
def test_arguments_that_the_generator_does_not_take_are_an_error_that_names_the_file(path, arguments):
    change_json(path, arguments=arguments)
    with pytest.raises(CityGANError, match="tiny"):
        checkpoints.load(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("encoding", "one-hot"),
        ("norm_statistics", "median"),
        ("height_px", 100),
        ("width_px", 0),
    ],
)
def test_info_that_no_photo_can_be_made_with_is_an_error_before_the_first_photo(path, field, value):
    change_json(path, **{field: value})
    with pytest.raises(CityGANError, match=field):
        checkpoints.load(path)


def test_an_encoding_that_the_generator_has_no_channels_for_is_an_error(path):
    change_json(path, encoding="classes")
    with pytest.raises(CityGANError, match="classes"):
        checkpoints.load(path)


def test_weights_of_another_architecture_are_an_error_that_names_the_first_tensor(path):
    change_json(path, arguments={"in_channels": 3, "width": 1, "norm": "none"})
    with pytest.raises(
        CityGANError, match=r"does not fit.*tensors missing, first downs\.\d\.conv\.bias.*too many"
    ):
        checkpoints.load(path)


def test_a_missing_tensor_is_named(path):
    change_tensors(path, lambda tensors: tensors.pop("downs.3.conv.weight"))
    with pytest.raises(CityGANError, match=r"1 tensors missing, first downs\.3\.conv\.weight"):
        checkpoints.load(path)


def test_a_tensor_too_many_is_named(path):
    change_tensors(path, lambda tensors: tensors.update(surplus=torch.zeros(1)))
    with pytest.raises(CityGANError, match="1 too many, first surplus"):
        checkpoints.load(path)


def test_a_tensor_of_another_shape_is_named_with_both_shapes(path):
    change_json(path, arguments={"in_channels": 3, "width": 2})
    with pytest.raises(CityGANError, match=r"of another shape, first \S+ is \(\d.*\) instead of \("):
        checkpoints.load(path)


# Pickles


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.fixture
def trap(tmp_path):
    file = tmp_path / "sprung"
    pickle.loads(pickle.dumps(Trap(file)))
    assert file.exists()  # the trap works
    file.unlink()
    return file


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".PT"])
def test_a_pickle_is_refused_without_being_opened(tmp_path, trap, suffix):
    file = tmp_path / f"model{suffix}"
    file.write_bytes(pickle.dumps(Trap(trap)))
    with pytest.raises(CityGANError, match=r"is a pickle.*only \.safetensors"):
        checkpoints.load(file)
    assert not trap.exists()


@pytest.mark.parametrize(
    "write", [lambda o, f: f.write_bytes(pickle.dumps(o)), torch.save], ids=["pickle", "torch"]
)
def test_a_pickle_that_is_named_safetensors_is_not_opened_as_one(path, trap, write):
    write(Trap(trap), path.with_suffix(".safetensors"))
    with pytest.raises(CityGANError, match="corrupt or no safetensors"):
        checkpoints.load(path)
    assert not trap.exists()


def test_a_pickle_beside_a_checkpoint_is_left_alone(path, trap):
    path.with_suffix(".pt").write_bytes(pickle.dumps(Trap(trap)))
    checkpoints.load(path)
    assert not trap.exists()


# Where checkpoints come from


@pytest.mark.parametrize("name", ["none", "folder/none", "/nowhere/at/all", "a/b/c", "bad name/model"])
def test_a_checkpoint_that_is_not_there_is_an_error_that_says_what_was_expected(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        CityGANError, match=rf"there is no checkpoint {name}: expected .*\.safetensors.*Hub id"
    ):
        checkpoints.load(name)


@pytest.mark.parametrize("name", ["", ".", "..", "/"])
def test_a_path_that_names_no_file_is_an_error_too(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CityGANError, match="checkpoint"):
        checkpoints.load(name)


@pytest.fixture
def hub_asked(path, tmp_path, monkeypatch):
    """What is asked of a Hub that has the tiny checkpoint under every name; `test_hub.py` has a real one."""
    asked = []

    def pull(repo, revision=None, token=None):
        asked.append((repo, revision, token))
        return hub.Pulled(path.with_suffix(".safetensors"), path.with_suffix(".json"), "c" * 40)

    monkeypatch.setattr(hub, "pull", pull)
    monkeypatch.chdir(tmp_path)
    return asked


def test_a_hub_id_is_pulled_at_its_revision(hub_asked):
    assert checkpoints.load("someone/streets@v2")[1] == tiny.info()
    checkpoints.load("someone/streets")
    assert hub_asked == [("someone/streets", "v2", None), ("someone/streets", None, None)]


def test_a_hub_id_is_resolved_to_its_full_commit(hub_asked):
    commit = "c" * 40
    assert checkpoints.resolve("someone/streets") == f"someone/streets@{commit}"
    assert checkpoints.resolve("someone/streets@v2") == f"someone/streets@{commit}"
    assert checkpoints.resolve("someone/streets", revision="v3", token="hf_") == f"someone/streets@{commit}"
    assert [revision for _, revision, _ in hub_asked] == [None, "v2", "v3"]
    assert hub_asked[-1][2] == "hf_"


def test_a_path_is_resolved_to_itself_and_has_no_revision(path, hub_asked):
    assert checkpoints.resolve(path) == str(path)
    with pytest.raises(CityGANError, match="is a path here, and has no revision 'v2'"):
        checkpoints.resolve(path, revision="v2")
    assert hub_asked == []


def test_two_revisions_are_one_too_many(hub_asked):
    with pytest.raises(CityGANError, match="someone/streets@v2 names a revision already; leave out 'v3'"):
        checkpoints.resolve("someone/streets@v2", revision="v3")


def test_another_projects_config_is_named_by_its_hub_id(path, hub_asked):
    path.with_suffix(".json").write_text('{"model_type": "bert"}')
    with pytest.raises(CityGANError, match=r"someone/streets/config\.json is not the \.json of a CityGAN"):
        checkpoints.load("someone/streets")


def test_a_newer_format_on_the_hub_says_to_update(path, hub_asked):
    change_json(path, format=checkpoints.FORMAT + 1)
    with pytest.raises(CityGANError, match=r"someone/streets/config\.json has format.*update"):
        checkpoints.load("someone/streets")


def test_a_folder_as_pushed_to_the_hub_is_a_checkpoint_too(path, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    path.with_suffix(".safetensors").rename(folder / "model.safetensors")
    path.with_suffix(".json").rename(folder / "config.json")
    assert checkpoints.load(folder)[1] == tiny.info()
    assert checkpoints.resolve(folder) == str(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CityGANError, match=r"model\.safetensors does not exist"):
        checkpoints.load(folder)


def test_the_info_says_what_json_can_hold():
    text = tiny.info().to_json()
    assert CheckpointInfo.from_json(text, "here") == tiny.info()
