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
    static = (ROOT / "citygan" / "ui" / "static").rglob("*")
    wanted |= {f.relative_to(ROOT).as_posix() for f in static if f.is_file()}
    got = {n for n in wheel.namelist() if ".dist-info/" not in n}
    assert got == wanted | {"citygan/py.typed"}
    assert any(n.endswith("/licenses/LICENSE") for n in wheel.namelist())


def test_the_wheel_asks_for_what_requirements_txt_lists(wheel):
    lines = (ROOT / "requirements.txt").read_text().split()
    asked = metadata(wheel).get_all("Requires-Dist")
    assert {str(Requirement(a)) for a in asked} == {str(Requirement(line)) for line in lines}


def test_the_wheel_is_for_the_python_that_the_code_is_written_for(wheel):
    assert metadata(wheel)["Requires-Python"] == ">=3.11"
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["tool"]["ruff"]["target-version"] == "py311"


def test_installed_it_works_without_gradio_and_says_where_the_shipped_checkpoint_is(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    model = tiny.save_checkpoint(tmp_path, UNet(3, 1).eval())
    run = subprocess.run(
        [sys.executable, "-c", INSTALLED, model], cwd=tmp_path / "site", capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "comes with CityGAN's repository, not with the installed package" in run.stdout
