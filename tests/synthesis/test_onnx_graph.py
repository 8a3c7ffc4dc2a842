"""A checkpoint's ONNX graph: without weights of its own, and with the photos that torch makes."""

import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import tiny
import torch
from torch import nn

from citygan.checkpoint import Checkpoint
from citygan.errors import CityGANError
from citygan.models import GENERATORS, UNet
from citygan.models.encoding import ENCODINGS, encode_labels
from citygan.models.layers import for_inference
from citygan.streets import street
from citygan.synthesis import onnx_graph
from citygan.synthesis.onnx_engine import LEAST_DB, MAX_BYTES, OnnxEngine, fingerprint
from citygan.synthesis.onnx_graph import add_graph, write_graph

MAP = torch.from_numpy(street("avenue", 256, 256))[None]
NOISY = {"norm": "instance", "upsampling": "nearest", "noise": True, "refine": True}
# generator -> (its arguments but the channels, what its norms can go by)
KINDS = {
    "unet": ("unet", {"width": 2}, "running"),
    "unet of this image's statistics": ("unet", {"width": 2}, "batch"),
    "unet nearest": ("unet", {"width": 2, "upsampling": "nearest"}, "running"),
    "unet nearest noise refine": ("unet", {"width": 2} | NOISY, "instance"),
    "flat-unet": ("flat-unet", {"width": 2}, "running"),
    "flat-unet of this image's statistics": ("flat-unet", {"width": 2}, "batch"),
    "unet-256": ("unet-256", {"width": 2}, "running"),
    "blocks-unet": ("blocks-unet", {"width": 2}, "running"),
    "blocks-unet of this image's statistics": ("blocks-unet", {"width": 2}, "batch"),
    "deeplab": ("deeplab", {"backbone": "mobilenet_v3_large"}, "running"),
    "deeplab of this image's statistics": ("deeplab", {"backbone": "mobilenet_v3_large"}, "batch"),
    "street-unet": ("street-unet", {"width": 2, "depth": 6}, "instance"),
    "street-unet bilinear": (
        "street-unet",
        {"width": 2, "depth": 6, "upsampling": "bilinear"},
        "instance",
    ),
}


def save(folder, kind: str, *, half: bool = True) -> Checkpoint:
    """A checkpoint whose network makes no grey photo."""
    name, arguments, statistics = KINDS[kind]
    encoding = "classes" if statistics == "instance" else "colors"
    arguments = {"in_channels": ENCODINGS[encoding]} | arguments
    changes = {"encoding": encoding, "norm_statistics": statistics, "generator": name, "arguments": arguments}
    if name == "street-unet":
        network = tiny.settled_street_unet(arguments["width"], arguments.get("upsampling", "nearest"))
        network.head.out.weight.data.mul_(2)  # smoothing takes contrast
        changes |= {"height_px": 128}
    else:
        torch.manual_seed(7)
        without_dropout = {"dropout": 0.0} if name not in ("deeplab", "street-unet") else {}
        network = GENERATORS[name](**arguments | without_dropout)
        head = network.head if arguments.get("refine") else None
        last = head[1] if head else network.ups[-1].conv if isinstance(network, UNet) else network.output
        tiny.settled(network, last, ENCODINGS[encoding])
    return Checkpoint.save(folder / "tiny", network, tiny.info(**changes), half=half)


def drawn(checkpoint: Checkpoint) -> list[torch.Tensor]:
    """The noise of a seed."""
    info = checkpoint.info
    return checkpoint.load().draw_noise(info.height_px, info.width_px, 5)


def test_there_is_a_kind_here_for_every_generator():
    assert {name for name, _, _ in KINDS.values()} == set(GENERATORS)


@pytest.mark.parametrize("half", [True, False], ids=["float16", "float32"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_onnx_runtime_makes_torchs_photo_of_it_within_60_db(kind, half, tmp_path):
    checkpoint = save(tmp_path, kind, half=half)
    info, file = checkpoint.info, write_graph(checkpoint)
    onnx.checker.check_model(file)
    session = onnxruntime.InferenceSession(file)

    network = for_inference(checkpoint.load(), info.norm_statistics)
    label_map = street("shops", info.width_px, info.height_px)
    noise = network.draw_noise(info.height_px, info.width_px, seed=3)
    with torch.no_grad():
        wanted = network(encode_labels(torch.from_numpy(label_map)[None], info.encoding), noise)[0].numpy()
    feeds = {"ids": label_map[None].astype(np.int32)}
    feeds |= {f"noise.{i}": drawn.numpy() for i, drawn in enumerate(noise)}
    if info.generator == "street-unet":
        feeds |= {"light": np.zeros((1, 8), np.float32), "guessed": np.ones((1, 1), np.float32)}
    (photo,) = session.run(["photo"], feeds)[0]

    assert wanted.std() > 0.1  # a grey photo would hide every error
    assert -10 * np.log10(np.square((photo - wanted) / 2).mean()) > LEAST_DB


def test_the_graph_has_no_weights_of_its_own_and_follows_those_of_the_file(tmp_path):
    checkpoint = save(tmp_path, "unet nearest noise refine")
    file = write_graph(checkpoint)
    assert checkpoint.graph == file == tmp_path / "tiny.onnx"
    graph = onnx.load(file, load_external_data=False).graph
    inside = [i for i in graph.initializer if i.data_location != onnx.TensorProto.EXTERNAL]
    assert sum(np.prod(i.dims) for i in inside) < 5000
    assert {e.value for i in graph.initializer for e in i.external_data if e.key == "location"} == {
        "tiny.safetensors"
    }
    before = OnnxEngine(file, checkpoint)(MAP, drawn(checkpoint))

    network = checkpoint.load()
    network.head[1].weight.data *= -1
    network.head[1].bias.data *= -1
    changed = Checkpoint.save(tmp_path / "tiny", network, checkpoint.info, half=True)
    after = OnnxEngine(file, changed)(MAP, drawn(checkpoint))
    assert (255 - after.int() - before.int()).abs().max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_several_photos_is_the_one_that_it_is_alone(kind, tmp_path):
    checkpoint = save(tmp_path, kind)
    engine = OnnxEngine(write_graph(checkpoint), checkpoint)
    both = torch.cat([MAP, MAP.flip(2)])[:, : checkpoint.info.height_px]
    noise = drawn(checkpoint)
    lights = torch.linspace(-2, 2, 16).view(2, 8)
    told = [[light[None]] if "light" in engine._inputs else [] for light in lights]
    together = engine.run(both, [*([lights] if told[0] else []), *noise])
    alone = torch.cat([engine.run(m[None], [*t, *noise]) for m, t in zip(both, told, strict=True)])
    assert together.shape == (2, 3, *both.shape[1:])
    assert (together - alone).abs().max() < 1e-4


def test_a_light_that_is_given_is_the_light_of_the_photo(tmp_path):
    checkpoint = save(tmp_path, "street-unet")
    engine = OnnxEngine(write_graph(checkpoint), checkpoint)
    network, code = checkpoint.load(), torch.linspace(-2, 2, 8)[None]
    label_maps, noise = MAP[:, :128], drawn(checkpoint)
    with torch.no_grad():
        wanted = network(encode_labels(label_maps, "classes"), noise, code)
    assert (engine.run(label_maps, [code, *noise]) - wanted).abs().max() < 1e-3
    assert (engine.run(label_maps, [-code, *noise]) - wanted).abs().mean() > 0.01


def test_a_graph_that_makes_other_photos_is_refused_when_it_is_written(tmp_path, monkeypatch):
    checkpoint = save(tmp_path, "unet nearest")
    translate = onnx_graph._for_graph

    def forget_an_activation(generator):
        generator.ups[-1].activation = nn.Identity()
        return translate(generator)

    monkeypatch.setattr(onnx_graph, "_for_graph", forget_an_activation)
    with pytest.raises(CityGANError, match=r"makes photos of \d+\.\d dB to torch's, where 60 are the least"):
        write_graph(checkpoint)
    assert not checkpoint.graph.exists()
    assert [f.suffix for f in sorted(tmp_path.iterdir())] == [".json", ".safetensors"]


@pytest.mark.parametrize("what", ["another precision", "another network", "other statistics"])
def test_a_graph_that_was_written_for_something_else_is_refused(what, tmp_path):
    checkpoint = save(tmp_path, "unet")
    write_graph(checkpoint)
    if what == "another precision":
        other = Checkpoint.save(tmp_path / "tiny", checkpoint.load(), checkpoint.info)
    elif what == "another network":
        other = save(tmp_path, "unet nearest")
    else:
        other = checkpoint.record(norm_statistics="batch")
    with pytest.raises(CityGANError, match=r"tiny.onnx was not written for this tiny.safetensors; write it"):
        OnnxEngine(checkpoint.graph, other)


def test_a_damaged_graph_is_refused_in_a_sentence(tmp_path):
    checkpoint = save(tmp_path, "unet")
    for content, says in (
        (b"", "was not written for this tiny.safetensors; write it again: train.py export --onnx"),
        (
            b"no graph" + fingerprint(checkpoint).encode(),
            r"cannot be used \(.*\); write it again: .*",
        ),
        (bytes(MAX_BYTES + 1), "has 8,388,609 bytes; without weights it has some thousand"),
    ):
        checkpoint.graph.write_bytes(content)
        with pytest.raises(CityGANError, match=f"^tiny.onnx {says}$"):
            OnnxEngine(checkpoint.graph, checkpoint)


def test_a_graph_reads_no_file_but_its_weights(tmp_path):
    checkpoint = save(tmp_path, "unet")
    model = onnx.load(write_graph(checkpoint), load_external_data=False)
    secret = tmp_path.parent / f"{tmp_path.name}-elsewhere.safetensors"
    for file in (secret, tmp_path / "other.safetensors"):
        shutil.copy(checkpoint.weights, file)
    for place in (str(secret), f"../{secret.name}", "other.safetensors"):
        for weight in model.graph.initializer:
            for entry in weight.external_data:
                entry.value = place if entry.key == "location" else entry.value
        checkpoint.graph.write_bytes(model.SerializeToString())
        with pytest.raises(CityGANError, match="cannot be used"):
            OnnxEngine(checkpoint.graph, checkpoint)


def test_files_that_are_links_serve_as_they_do_in_the_cache_of_the_hub(tmp_path):
    written = save(tmp_path, "unet")
    write_graph(written)
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "commit"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for i, file in enumerate((written.weights, written.json, written.graph)):
        shutil.move(file, blobs / str(i))
        (snapshot / file.name).symlink_to(f"../../blobs/{i}")
    found = Checkpoint.find(snapshot / "tiny")
    OnnxEngine(found.graph, found).check(for_inference(found.load(), "running"))


def test_without_the_packages_the_checkpoint_goes_without_and_the_log_says_so(tmp_path, monkeypatch, caplog):
    checkpoint = save(tmp_path, "unet")
    monkeypatch.setattr(onnx_graph, "find_spec", lambda name: None)
    with pytest.raises(CityGANError, match="needs onnx and onnxruntime: pip install onnx onnxruntime"):
        write_graph(checkpoint)
    assert not add_graph(checkpoint)
    assert "has no ONNX graph, and works without: writing one needs onnx" in caplog.text
