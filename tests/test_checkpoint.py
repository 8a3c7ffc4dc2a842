"""Checkpoints survive saving and loading, what is wrong with one is said, and no pickle is ever opened."""

import errno
import json
import pickle
import reprlib
import struct
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import tiny
import torch
from safetensors.torch import load_file, save_file

from citygan import hub
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.errors import CityGANError
from citygan.info import FORMAT
from citygan.models import UNet, weights
from citygan.models.layers import for_inference
from citygan.models.weights import MAX_HEADER_BYTES, layout


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
    found = Checkpoint.find(path)
    loaded, info = found.load(), found.info
    assert info == tiny.info()
    assert not loaded.training
    assert loaded.state_dict().keys() == network.state_dict().keys()
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[name])


def test_half_precision_halves_the_file_and_is_loaded_as_float32(tmp_path, network):
    Checkpoint.save(tmp_path / "half", network, tiny.info(), half=True)
    Checkpoint.save(tmp_path / "full", network, tiny.info())
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.7 * sizes[1]
    loaded = Checkpoint.find(tmp_path / "half").load()
    for name, tensor in loaded.state_dict().items():
        saved = network.state_dict()[name]
        assert tensor.dtype == saved.dtype
        assert torch.allclose(tensor.float(), saved.float(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("suffix", ["", ".safetensors", ".json"])
def test_a_checkpoint_is_found_with_and_without_its_suffix(path, suffix):
    assert Checkpoint.find(f"{path}{suffix}").info == tiny.info()
    assert Checkpoint.find(Path(f"{path}{suffix}")).info == tiny.info()


def test_a_name_with_dots_is_kept(tmp_path, network):
    Checkpoint.save(tmp_path / "unet-v1.2", network, tiny.info())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["unet-v1.2.json", "unet-v1.2.safetensors"]
    assert Checkpoint.find(tmp_path / "unet-v1.2").info == tiny.info()


def test_what_a_checkpoint_is_can_be_known_without_torch(path):
    code = (
        "import sys; from citygan.checkpoint import Checkpoint; info = Checkpoint.find(sys.argv[1]).info; "
        "print(info.name, {'torch', 'safetensors'} & sys.modules.keys())"
    )
    said = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert said.stdout == "tiny set()\n"


def test_fields_can_be_recorded_in_the_file_that_they_came_from(path):
    changed = Checkpoint.find(path).record(ssim={"val": 0.5, "test": 0.4})
    assert changed.info.ssim == {"val": 0.5, "test": 0.4}
    assert Checkpoint.find(path) == changed
    assert sorted(p.name for p in path.parent.iterdir()) == ["tiny.json", "tiny.safetensors"]


def test_a_field_that_this_version_does_not_know_is_ignored(path):
    change_json(path, color_of_the_sky="blue")
    assert Checkpoint.find(path).info == tiny.info()


@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_a_generator_made_ready_for_inference_is_saved_so_that_it_can_be_loaded(
    tmp_path, network, statistics
):
    ready = for_inference(network, statistics)
    path = tiny.save_checkpoint(tmp_path, ready, norm_statistics=statistics)
    loaded = for_inference(Checkpoint.find(path).load(), statistics)
    x = torch.rand(1, 3, 256, 256)
    assert torch.equal(loaded(x), ready(x))


def test_saving_leaves_the_network_as_it_was(tmp_path, network):
    before = {name: t.clone() for name, t in network.state_dict().items()}
    Checkpoint.save(tmp_path / "half", network, tiny.info(), half=True)
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

    monkeypatch.setattr(weights, "save_file", fill_the_disk)
    with pytest.raises(CityGANError, match="No space left"):
        Checkpoint.save(path, UNet(3, 1), tiny.info(name="later"))
    assert {p: p.read_bytes() for p in path.parent.iterdir()} == earlier
    assert Checkpoint.find(path).info.name == "tiny"


def test_a_missing_folder_is_made(tmp_path, network):
    assert Checkpoint.find(tiny.save_checkpoint(tmp_path / "runs" / "first", network)).info == tiny.info()


# What is wrong with a checkpoint


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"\xff" * 64, b"\x08\0\0\0\0\0\0\0{}      "])
def test_weights_that_are_no_safetensors_are_an_error_that_names_the_file(path, content):
    path.with_suffix(".safetensors").write_bytes(content)
    with pytest.raises(CityGANError, match=r"tiny\.safetensors|does not fit"):
        Checkpoint.find(path).load()


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_truncated_weights_are_an_error_that_says_to_get_them_again(path, share):
    file = path.with_suffix(".safetensors")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CityGANError, match=r"tiny\.safetensors is corrupt.*get it again"):
        Checkpoint.find(path).load()


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_half_a_checkpoint_is_an_error_that_names_the_missing_half(path, suffix):
    path.with_suffix(suffix).unlink()
    with pytest.raises(CityGANError, match=rf"tiny\{suffix} does not exist"):
        Checkpoint.find(path).load()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"unet"', "{}", '{"format": "newest"}', "\x00\xff"],
    ids=["empty", "open", "list", "null", "text", "nothing", "odd format", "bytes"],
)
def test_a_json_that_is_no_checkpoints_is_an_error_that_names_the_file(path, text):
    path.with_suffix(".json").write_text(text)
    with pytest.raises(CityGANError, match=r"tiny\.json is not the \.json of a CityGAN checkpoint"):
        Checkpoint.find(path).load()


@pytest.mark.parametrize("field", ["arguments", "seen", "norm_statistics", "height_px", "encoding"])
def test_a_json_without_a_needed_field_is_an_error_that_names_it(path, field):
    values = asdict(tiny.info())
    del values[field]
    path.with_suffix(".json").write_text(json.dumps(values))
    with pytest.raises(CityGANError, match=field):
        Checkpoint.find(path).load()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("seen", value) for value in ([1, 2], {"road": 1.0}, {"7": "much"}, {"7": 2}, {"99": 0.1}, None)),
        ("hardware", 0),
        ("ssim", 0),
        ("ssim", {"val": "good"}),
        ("ssim", {"val": float("nan")}),
        ("ssim", {"val": 7}),
        ("ssim_by_drive", {"test": 0.4}),
        ("ssim_by_drive", {"test": {"0001TP": 40}}),
        ("ssim_percentiles", [0.5]),
        ("ssim_percentiles", [0.5, 0.4]),
        ("ssim_percentiles", "0123"),
        ("parameters", ""),
        ("parameters", True),
        ("parameters", -1),
        ("images_seen", 1e3),
        ("epochs", 10**4000),
        ("aspect", []),
        ("aspect", 0),
        ("aspect", 1e9),
        ("aspect", float("inf")),
        ("generator", []),
        ("arguments", [3, 1]),
        ("arguments", 5),
        ("name", "x" * 1001),
        ("name", "two\nlines"),
        ("license", "\ud800"),
        ("encoding", {}),
        ("norm_statistics", "median"),
        ("norm_statistics", ["batch"]),
        ("height_px", 100),
        ("width_px", 0),
        ("width_px", 2**31),
        ("width_px", 256.0),
        ("dropout_at_inference", 1),
        ("lights", {"dusk": [0.5] * 7}),
        ("lights", {"dusk": None}),
        ("drives", "0001TP"),
        ("recipe", []),
        ("recipe", {"started_from": {"recipe": {"l1_weight": float("inf")}}}),
        ("format", "newest"),
    ],
    ids=lambda value: reprlib.repr(value),
)
def test_a_value_that_cannot_be_is_named_before_anything_is_built_of_it(path, field, value):
    change_json(path, **{field: value})
    with pytest.raises(
        CityGANError, match=rf"tiny\.json is not the \.json of a CityGAN checkpoint.*{field}"
    ) as no:
        Checkpoint.find(path)
    assert len(str(no.value)) < 400
    assert str(no.value).isprintable()


@pytest.mark.parametrize("field", ["recipe", "arguments"])
@pytest.mark.parametrize("depth", [50, 400, 100_000])
def test_a_json_that_is_nested_deep_is_an_error(path, field, depth):
    nested = '{"a":' * depth + "1" + "}" * depth
    values = asdict(tiny.info()) | {field: "NESTED"}
    path.with_suffix(".json").write_text(json.dumps(values).replace('"NESTED"', nested))
    with pytest.raises(CityGANError, match=r"tiny\.json is not"):
        Checkpoint.find(path)


def test_a_json_of_many_megabytes_is_not_read(path):
    with path.with_suffix(".json").open("a") as stream:
        stream.truncate(2**31)
    with pytest.raises(CityGANError, match=r"tiny\.json has 2,147,483,648 bytes"):
        Checkpoint.find(path)


@pytest.mark.parametrize(
    "header",
    [
        {"x": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 4]}},
        {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2**60]}},
        {"x": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
        {"x": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}},
        {"downs.0.conv.weight": {"dtype": "BOOL", "shape": [4], "data_offsets": [0, 4]}},
        {"x": []},
        [],
        json.loads("[" * 900 + "]" * 900),
    ],
    ids=lambda header: reprlib.repr(header),
)
@pytest.mark.parametrize("length", [None, 0, 2**40, 2**64 - 1])
def test_a_header_that_lies_is_an_error(path, header, length):
    text = json.dumps(header).encode()
    head = struct.pack("<Q", len(text) if length is None else length)
    path.with_suffix(".safetensors").write_bytes(head + text + b"data")
    with pytest.raises(CityGANError, match=r"corrupt or no safetensors file|does not fit the network"):
        Checkpoint.find(path).load()


@pytest.mark.parametrize("read", [layout, lambda file: Checkpoint.find(file).load()], ids=["layout", "load"])
def test_a_header_of_many_megabytes_or_levels_is_an_error_before_it_is_read(path, read):
    file = path.with_suffix(".safetensors")
    for length in (MAX_HEADER_BYTES + 1, 60_000):
        file.write_bytes(struct.pack("<Q", length) + b"[" * length)
        with pytest.raises(CityGANError, match=r"tiny\.safetensors is corrupt or no safetensors file"):
            read(file)


THIN = {"in_channels": 3, "width": 1}
WRONG = {
    "an unknown generator": ({"generator": "spade"}, "'spade' is unknown; known are unet"),
    "an unknown encoding": (
        {"encoding": "one-hot"},
        "encoding 'one-hot' is unknown; known are colors, classes",
    ),
    "an encoding without channels": ({"encoding": "classes"}, "classes"),
    "another architecture": (
        {"arguments": THIN | {"norm": "none"}},
        r"does not fit.*tensors missing, first downs\.\d\.conv\.bias.*too many",
    ),
    "another width": (
        {"arguments": THIN | {"width": 2}},
        r"of another shape, first \S+ is \(\d.*\) instead of \(",
    ),
    "a width of 29 TB, for which no memory is taken": (
        {"arguments": THIN | {"width": 100_000}},
        "of another shape, first downs",
    ),
    "photos of a size that the network cannot make": (
        {"width_px": 384},
        r"width_px is 384 and height_px 256; this 'unet' takes multiples of 256",
    ),
    "a newer format": ({"format": FORMAT + 1}, rf"format {FORMAT + 1}.*update"),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_json_that_does_not_fit_the_weights_or_us_is_an_error_that_says_how(path, changes, said):
    change_json(path, **changes)
    with pytest.raises(CityGANError, match=said):
        Checkpoint.find(path).load()


@pytest.mark.parametrize(
    "arguments",
    [{"depth": 9}, {"norm": "group"}, {"width": "wide"}, {"width": -1}, {"width": 10**14}],
    ids=str,
)
def test_arguments_that_the_generator_does_not_take_are_an_error_that_names_the_file(path, arguments):
    change_json(path, arguments={"in_channels": 3, **arguments})
    with pytest.raises(CityGANError, match="tiny: 'unet' does not take these arguments"):
        Checkpoint.find(path).load()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop("downs.3.conv.weight"), r"1 tensors missing, first downs\.3\.conv\.weight"),
        (lambda t: t.update(surplus=torch.zeros(1)), "1 too many, first surplus"),
    ],
    ids=["missing", "too many"],
)
def test_tensors_that_are_not_those_of_the_network_are_named(path, change, said):
    change_tensors(path, change)
    with pytest.raises(CityGANError, match=said):
        Checkpoint.find(path).load()


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
        Checkpoint.find(file).load()
    assert not trap.exists()


@pytest.mark.parametrize(
    "write", [lambda o, f: f.write_bytes(pickle.dumps(o)), torch.save], ids=["pickle", "torch"]
)
def test_a_pickle_that_is_named_safetensors_is_not_opened_as_one(path, trap, write):
    write(Trap(trap), path.with_suffix(".safetensors"))
    with pytest.raises(CityGANError, match="corrupt or no safetensors"):
        Checkpoint.find(path).load()
    assert not trap.exists()


def test_a_pickle_beside_a_checkpoint_is_left_alone(path, trap):
    path.with_suffix(".pt").write_bytes(pickle.dumps(Trap(trap)))
    Checkpoint.find(path).load()
    assert not trap.exists()


# Where checkpoints come from


@pytest.mark.parametrize("name", ["none", "folder/none", "/nowhere/at/all", "a/b/c", "bad name/model"])
def test_a_checkpoint_that_is_not_there_is_an_error_that_says_what_was_expected(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        CityGANError, match=rf"there is no checkpoint {name}: expected .*\.safetensors.*Hub id"
    ):
        Checkpoint.find(name).load()


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a\0b", "checkpoint" * 1000])
def test_a_path_that_names_no_file_is_an_error_too(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CityGANError, match="checkpoint"):
        Checkpoint.find(name).load()


COMMIT = "c" * 40


@pytest.fixture
def pushed(path, tmp_path):
    """The tiny checkpoint in a folder, as pushed to the Hub and as it lies in the cache."""
    folder = tmp_path / "cache" / COMMIT
    folder.mkdir(parents=True)
    path.with_suffix(".safetensors").rename(folder / "model.safetensors")
    path.with_suffix(".json").rename(folder / "config.json")
    return folder


@pytest.fixture
def hub_asked(pushed, tmp_path, monkeypatch):
    """What is asked of a Hub that has the tiny checkpoint under every name; `test_hub.py` has a real one."""
    asked = []

    def pull(repo, revision=None, token=None):
        asked.append((repo, revision, token))
        return pushed

    monkeypatch.setattr(hub, "pull", pull)
    monkeypatch.chdir(tmp_path)
    return asked


@pytest.mark.parametrize(
    ("hub_id", "revision", "asked"),
    [("someone/streets", None, None), ("someone/streets@v2", None, "v2"), ("someone/streets", "v3", "v3")],
)
def test_a_hub_id_is_pulled_once_at_its_revision_and_named_by_its_full_commit(
    hub_asked, hub_id, revision, asked
):
    found = Checkpoint.find(hub_id, revision=revision, token="hf_")
    assert found.info == tiny.info()
    assert found.source == f"someone/streets@{COMMIT}"
    assert found.load()
    assert hub_asked == [("someone/streets", asked, "hf_")]


def test_a_path_is_named_by_itself_and_has_no_revision(path):
    assert Checkpoint.find(path).source == str(path)
    with pytest.raises(CityGANError, match="is a path here, and has no revision 'v2'"):
        Checkpoint.find(path, revision="v2")


def test_two_revisions_are_one_too_many(hub_asked):
    with pytest.raises(CityGANError, match="someone/streets@v2 names a revision already; leave out 'v3'"):
        Checkpoint.find("someone/streets@v2", revision="v3")


def test_the_cache_of_the_hub_is_not_written_and_the_error_names_the_way_to_a_copy(
    hub_asked, pushed, tmp_path
):
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(CityGANError, match=r"not ours to write; .*hf download someone/streets --local-dir"):
        Checkpoint.find("someone/streets").record(ssim={})
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_another_projects_config_is_named_by_its_hub_id(pushed, hub_asked):
    (pushed / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(CityGANError, match=r"someone/streets/config\.json is not the \.json of a CityGAN"):
        Checkpoint.find("someone/streets").load()


def test_a_newer_format_on_the_hub_says_to_update(pushed, hub_asked):
    change_json(pushed / "config", format=FORMAT + 1)
    with pytest.raises(CityGANError, match=r"someone/streets/config\.json has format.*update"):
        Checkpoint.find("someone/streets").load()


def test_a_folder_as_pushed_to_the_hub_is_a_checkpoint_too(pushed):
    found = Checkpoint.find(pushed)
    assert (found.info, found.source, found.commit) == (tiny.info(), str(pushed), None)
    assert found.load()
    (pushed / "model.safetensors").unlink()
    with pytest.raises(CityGANError, match=r"model\.safetensors does not exist"):
        Checkpoint.find(pushed)


def test_what_is_recorded_of_such_a_folder_stands_in_its_config(pushed):
    Checkpoint.find(pushed).record(ssim={"test": 0.4})
    assert Checkpoint.find(pushed).info.ssim == {"test": 0.4}
    assert sorted(p.name for p in pushed.parent.rglob("*.json")) == ["config.json"]


def test_the_info_says_what_json_can_hold():
    text = tiny.info().to_json()
    assert CheckpointInfo.from_json(text, "here") == tiny.info()
