"""The page without a server: what is written, and what is refused."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
from huggingface_hub import metadata_load
from static_page import save_with_graph

from citygan import runtime, streets
from citygan.checkpoint import Checkpoint
from citygan.data import colormaps
from citygan.errors import CityGANError
from citygan.models import UNet
from citygan.publishing import static_space
from citygan.publishing.space import ROOT
from citygan.publishing.space import space as command
from citygan.wire import STATIC, canvas_size, decode_map

NAMES = {name for names in runtime.BACKENDS.values() for name in names}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What the command writes for a tiny checkpoint, with ONNX Runtime of a few bytes; to read only."""
    home = tmp_path_factory.mktemp("static")
    checkpoint = save_with_graph(home / "checkpoint")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "RUNTIME", home / "runtime")
        (home / "runtime").mkdir()
        for name in NAMES:
            (home / "runtime" / name).write_text(name)
        command("someone/citygan", static=True, model=checkpoint.source, out=home / "out", dry_run=True)
    page = json.loads((home / "out" / "page.json").read_text())
    return SimpleNamespace(folder=home / "out", page=page, checkpoint=checkpoint)


def files(folder: Path) -> set[str]:
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def test_the_front_matter_makes_an_isolated_static_space(written):
    ours = metadata_load(ROOT / "README.md")
    front_matter = metadata_load(written.folder / "README.md")
    assert front_matter["sdk"] == "static"
    assert front_matter["custom_headers"] == {
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "cross-origin",
    }
    assert front_matter.keys() == {*static_space.SHARED, "sdk", "tags", "custom_headers"}
    assert all(front_matter[name] == ours[name] for name in static_space.SHARED)
    assert "mcp-server" not in front_matter["tags"]
    assert f"Weights: {written.checkpoint.info.license}" in (written.folder / "README.md").read_text()


def test_the_folder_holds_the_studio_as_it_is_and_all_that_the_page_fetches(written):
    modules = {f"page/{name}" for name in files(STATIC) if name.endswith((".js", ".css"))}
    checkpoint = {f"checkpoint/tiny.{ending}" for ending in ("onnx", "safetensors", "json")}
    page = written.page
    drawn = {*page["streets"].values(), *page["random_streets"]}
    plain = {"index.html", "page.json", "README.md", "LICENSE"}
    wanted = modules | checkpoint | drawn | plain | {f"runtime/{name}" for name in NAMES}
    assert files(written.folder) == wanted
    assert {name.split("/")[0] for name in wanted - plain} == set(static_space.FOLDERS)
    assert len(drawn) == len(streets.NAMES) + static_space.RANDOM_STREETS
    for name in modules:
        assert (written.folder / name).read_bytes() == (STATIC / name.removeprefix("page/")).read_bytes()


def test_what_the_page_adds_to_weights_and_runtime_is_small(written):
    own = files(written.folder) - {f"runtime/{name}" for name in NAMES} - {"checkpoint/tiny.safetensors"}
    assert sum((written.folder / name).stat().st_size for name in own) < 2**20


def test_no_file_names_a_path_of_this_machine_and_no_address_leaves_the_folder(written):
    for name in files(written.folder):
        if name.endswith((".html", ".css", ".js", ".json", ".md")):
            text = (written.folder / name).read_text()
            assert str(ROOT) not in text, name
            assert str(Path.home()) + "/" not in text, name
            assert not re.search(r"""(href|src)="/|url\(|(import|from) ["'(]+(https?:|/)""", text), name
    markup = (written.folder / "index.html").read_text()
    addresses = set(re.findall(r'(?:href|src)="([^"]+)"', markup)) - {"data:,"}
    parts = written.page["parts"]
    remote = [parts["graph"], parts["weights"], *(r["binary"] for r in parts["runtime"].values())]
    from_modules = {r["script"] for r in parts["runtime"].values()} | {file["url"] for file in remote}
    assert all(url.startswith("../") for url in from_modules)
    addresses |= {url.removeprefix("../") for url in from_modules}
    assert addresses <= files(written.folder)
    for file in remote:
        assert file["bytes"] == (written.folder / "page" / file["url"]).stat().st_size


def test_the_streets_are_those_that_a_server_would_draw(written):
    page, size = written.page, canvas_size(written.checkpoint.info)
    places = {page["streets"][name]: streets.street(name, *size) for name in streets.NAMES}
    places[page["random_streets"][5]] = streets.random_street(5, *size)
    for place, label_map in places.items():
        assert np.array_equal(decode_map(json.loads((written.folder / place).read_text())), label_map)
    assert page["start"] in page["streets"]


def test_the_page_knows_the_colours_of_other_data_sets(written):
    cityscapes, *others = written.page["color_tables"]
    assert cityscapes["classes"][str(0x804080)] == 7
    assert [table["key"] for table in others] == [*colormaps.FILES]
    for table in others:
        red, green, blue = colormaps.tables()[table["key"]].table.colors[3].tolist()
        shown = table["classes"][str(red << 16 | green << 8 | blue)]
        assert shown == colormaps.tables()[table["key"]].table.ids[3]


def test_the_page_knows_what_ids_stand_for(written):
    classes = {reading["key"]: reading["classes"] for reading in written.page["readings"]}
    assert [classes["label-ids"][i] for i in (1, 7, 18, 33, 34, 255)] == [0, 7, 17, 33, None, 0]
    assert [classes["train-ids"][i] for i in (0, 10, 18, 19, 255)] == [7, 23, 33, None, 0]
    assert [classes["camvid-ids"][i] for i in (0, 3, 11, 12, 255)] == [23, 7, 0, None, 0]


def test_the_tests_of_the_page_know_what_python_measures():
    fixture = runpy.run_path(str(ROOT / "tests" / "js" / "fixtures" / "pictures.py"))
    got, wanted = json.loads(fixture["FILE"].read_text()), fixture["cases"]()
    command = "PYTHONPATH=. python tests/js/fixtures/pictures.py writes it anew"
    assert got["pictures"] == wanted["pictures"], command
    for a, b in zip(got["compared"], wanted["compared"], strict=True):
        assert a["ssim"] == pytest.approx(b["ssim"], abs=2e-5), command
    assert all(got["lights"][name] == pytest.approx(v, abs=1e-3) for name, v in wanted["lights"].items())


def test_a_checkpoint_without_a_graph_is_refused_and_told_how_to_get_one(tmp_path):
    arguments = {"in_channels": 3, "width": 1, "dropout": 0.0}
    path = tiny.save_checkpoint(tmp_path, UNet(**arguments), arguments=arguments)
    with pytest.raises(CityGANError, match=r"has no tiny\.onnx; write it again: train\.py export --onnx"):
        command("someone/citygan", static=True, model=str(path), out=tmp_path / "out", dry_run=True)
    assert not (tmp_path / "out").exists()


def test_where_the_runtime_was_not_brought_the_refusal_names_the_target(written, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "RUNTIME", tmp_path / "nothing")
    with pytest.raises(
        CityGANError, match="ONNX Runtime for browsers is not here; bring it with: make runtime"
    ):
        static_space.write_page(Checkpoint.find(written.checkpoint.source), tmp_path / "out", ROOT)
    assert not (tmp_path / "out").exists()


def test_an_installed_package_writes_no_page(written, tmp_path):
    with pytest.raises(CityGANError, match=r"has no README\.md with a LICENSE; a Space is made in CityGAN's"):
        static_space.write_page(written.checkpoint, tmp_path / "out", tmp_path)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({}, "give either --push, or --dry-run"),
        ({"dry_run": True}, "with --out"),
        ({"dry_run": True, "out": ROOT}, "is not empty"),
        (
            {"static": False, "model": "some/where", "push": True},
            "--model some/where is .* give --static too",
        ),
    ],
)
def test_commands_that_cannot_be_meant_are_refused(written, flags, reason):
    with pytest.raises(CityGANError, match=reason):
        command("someone/citygan", **{"static": True, "model": written.checkpoint.source} | flags)
