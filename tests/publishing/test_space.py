"""The Space: its front matter, its folder, and the app in that folder with nothing else installed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import gradio
import numpy as np
import pytest
from gradio_client import Client, handle_file
from hub_server import READER, WRITER, HubServer
from huggingface_hub import SpaceHardware, metadata_load
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from citygan import streets
from citygan.errors import CityGANError
from citygan.evaluation.reading import READER as READS_PHOTOS
from citygan.publishing import space
from citygan.publishing.space import space as command

ROOT = space.ROOT
# https://huggingface.co/docs/hub/spaces-config-reference, and the licence's fields of every card
TEXTS = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file"),
    *(
        "suggested_hardware",
        "short_description",
        "thumbnail",
        "base_path",
        "startup_duration_timeout",
        "header",
    ),
    *("license", "license_name", "license_link"),
}
LISTS = {"models", "datasets", "tags", "preload_from_hub", "hf_oauth_scopes"}
FLAGS = {"fullWidth", "pinned", "disable_embedding", "hf_oauth"}
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
TRAINING = {"accelerate", "matplotlib", "tensorboard", "optuna", "pytest"}
GIB = 2**30


@pytest.fixture(scope="module")
def front_matter() -> dict:
    return metadata_load(ROOT / "README.md")


def test_the_front_matter_has_only_fields_of_the_reference_with_values_of_their_kind(front_matter):
    assert front_matter.keys() <= TEXTS | LISTS | FLAGS
    assert all(isinstance(front_matter[name], str) for name in front_matter.keys() & TEXTS)
    assert all(isinstance(front_matter[name], bool) for name in front_matter.keys() & FLAGS)
    for name in front_matter.keys() & LISTS:
        assert all(isinstance(entry, str) for entry in front_matter[name])


def test_the_front_matter_names_what_a_space_needs(front_matter):
    assert front_matter["title"] == "CityGAN"
    assert not front_matter["emoji"].isascii()
    assert {front_matter["colorFrom"], front_matter["colorTo"]} <= COLORS
    assert front_matter["sdk"] == "gradio"
    assert front_matter["python_version"] == "3.12"
    assert (ROOT / front_matter["app_file"]).is_file()
    assert front_matter["license"]
    assert "image-to-image" in front_matter["tags"]
    assert len(front_matter["short_description"]) <= 60
    assert front_matter["suggested_hardware"] in [hardware.value for hardware in SpaceHardware]


def test_the_space_runs_the_gradio_that_is_tested(front_matter):
    assert front_matter["sdk_version"] == gradio.__version__
    assert f"gradio[mcp]=={gradio.__version__}" in (ROOT / "pyproject.toml").read_text()
    assert all(r.specifier.contains(gradio.__version__) for r in requirements() if r.name == "gradio")


def requirements() -> list[Requirement]:
    return [Requirement(line) for line in (ROOT / "requirements.txt").read_text().split()]


def distributions() -> dict[str, metadata.Distribution]:
    """What requirements.txt brings along, as it is installed here."""
    found, waiting = {}, requirements()
    while waiting:
        wanted = waiting.pop()
        key = canonicalize_name(wanted.name), *sorted(wanted.extras)
        if key in found:
            continue
        found[key] = metadata.distribution(wanted.name)
        for text in found[key].requires or ():
            needed = Requirement(text)
            extras = ("", *wanted.extras)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(needed)
    return {name: distribution for (name, *_), distribution in found.items()}


def test_the_requirements_bring_no_training_packages_and_admit_torch_2_8_to_the_newest():
    assert not TRAINING & distributions().keys()
    torch = next(r for r in requirements() if r.name == "torch")
    assert all(torch.specifier.contains(v) for v in ("2.8.0", "2.11.0", metadata.version("torch"), "3.0"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Space's folder, as the command writes it; to read only."""
    out = tmp_path_factory.mktemp("space") / "folder"
    command("someone/citygan", out=out, dry_run=True)
    return out


def test_the_folder_holds_the_app_and_the_shipped_checkpoint_and_stays_small(folder):
    assert {f.name for f in folder.iterdir()} == set(space.PARTS)
    files = [f for f in folder.rglob("*") if f.is_file()]
    assert not [f for f in files if f.suffix in (".pyc", ".pyi")]
    assert (folder / "checkpoints" / "camvid-light.safetensors").stat().st_size > 10**7
    ours = [f for f in files if f.parent.name != "runtime"]  # see `make runtime`
    assert sum(f.stat().st_size for f in ours) < 40 * 2**20


def test_the_network_that_finds_maps_in_photos_comes_along(folder):
    for suffix in (".json", ".safetensors"):
        assert (folder / "checkpoints" / READS_PHOTOS.name).with_suffix(suffix).is_file()


def test_every_picture_of_the_readme_comes_along(folder):
    for address in re.findall(r"!\[[^]]*\]\(([^)]+)\)", (folder / "README.md").read_text()):
        assert (folder / address).is_file()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({}, "give either --push, or --dry-run"),
        ({"dry_run": True}, "with --out"),
        ({"dry_run": True, "push": True}, "give either"),
        ({"dry_run": True, "out": ROOT}, "is not empty"),
        ({"repo": "someone/citygan@main", "push": True}, "names a revision"),
        ({"repo": "citygan", "push": True}, "is no Hub id"),
    ],
)
def test_commands_that_cannot_be_meant_are_refused(flags, reason):
    with pytest.raises(CityGANError, match=reason):
        command(**{"repo": "someone/citygan"} | flags)


def test_a_space_cannot_be_made_of_an_installed_package(tmp_path):
    with pytest.raises(CityGANError, match=r"has no README\.md, .*; a Space is made in CityGAN's repository"):
        space.assemble(tmp_path / "out", root=tmp_path)


def upload(
    server: HubServer, folder: Path, tmp_path: Path, token: str = WRITER
) -> subprocess.CompletedProcess:
    """Uploads with the real client, which reads its environment when it is imported."""
    code = "import sys; from pathlib import Path; from citygan.publishing.space import upload\n"
    code += "print(upload(Path(sys.argv[1]), 'someone/citygan'))"
    hub = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": token}
    command = [sys.executable, "-c", code, folder]
    return subprocess.run(command, env=os.environ | hub, cwd=ROOT, capture_output=True, text=True)


def test_an_upload_makes_the_space_and_a_second_one_removes_modules_that_are_gone(tmp_path):
    made = tmp_path / "made"
    (made / "citygan").mkdir(parents=True)
    (made / "README.md").write_text("---\nsdk: gradio\n---\n")
    (made / "citygan" / "old.py").touch()
    with HubServer() as server:
        first = upload(server, made, tmp_path)
        assert first.returncode == 0, first.stderr
        repo = server.repos["someone/citygan"]
        assert repo.files().keys() == {"README.md", "citygan/old.py"}
        repo.commit({"notes.md": b"the owner's"}, "by hand")
        (made / "citygan" / "old.py").rename(made / "citygan" / "new.py")
        assert upload(server, made, tmp_path).returncode == 0
        assert repo.files().keys() == {"README.md", "citygan/new.py", "notes.md"}


def test_an_upload_without_the_right_to_write_says_so(tmp_path):
    (tmp_path / "README.md").write_text("---\nsdk: gradio\n---\n")
    with HubServer() as server:
        refused = upload(server, tmp_path, tmp_path / "home", READER)
    assert "CityGANError: this token may not write to someone/citygan" in refused.stderr


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh virtual environment that holds what requirements.txt asks for, and nothing else.

    The packages are links to those installed here: gigabytes are neither fetched nor copied.
    """
    home = tmp_path_factory.mktemp("space-env")
    venv.create(home, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    for distribution in distributions().values():
        for name in {Path(f).parts[0] for f in distribution.files} - {"..", "__pycache__"}:
            if not (site / name).exists():
                (site / name).symlink_to(distribution.locate_file(name))
    return home / "bin" / "python"


@pytest.fixture(scope="module")
def started(folder: Path, python: Path, tmp_path_factory) -> Iterator[tuple[subprocess.Popen, str, float]]:
    """`python app.py` in the folder, as a Space starts it, without the Hub: process, address and start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(home / "gradio"),
        "HF_HUB_OFFLINE": "1",
        "SPACE_ID": "someone/citygan",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    start = time.monotonic()
    app = subprocess.Popen(
        [python, "-u", "app.py"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = ""
    while "Running on" not in said:
        line = app.stdout.readline()
        assert line, f"the app ended before it served:\n{said}"
        said += line
    yield app, f"http://127.0.0.1:{port}/", start
    os.killpg(app.pid, signal.SIGKILL)  # the compiler's processes too
    app.wait()


def test_the_app_starts_from_the_folder_alone_and_makes_a_photo(started, tmp_path, capsys):
    app, url, start = started
    page = urllib.request.urlopen(url).read().decode()
    assert "huggingface.co/spaces/someone/citygan?duplicate=true" in page
    Image.fromarray(streets.street(streets.NAMES[0], 240, 160)).save(tmp_path / "labels.png")
    client = Client(url, verbose=False, download_files=tmp_path)
    photo, scores = client.predict(handle_file(tmp_path / "labels.png"), api_name="/synthesize")
    seconds = time.monotonic() - start
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{app.pid}/status").read_text())[1]) * 1024
    with capsys.disabled():
        print(f" start to first photo: {seconds:.1f} s, peak {peak / GIB:.2f} GiB,", end="")
    with Image.open(photo) as image:
        assert image.size == (240, 160)
        assert np.asarray(image).std() > 10
    assert scores["notes"] == ["Read as Cityscapes label ids, 240 x 160."]
    assert peak < 4 * GIB  # of the 16 that a Space has
    read, scores = client.predict(handle_file(photo), api_name="/synthesize")
    with Image.open(read) as image:
        assert image.size == (240, 160)
    assert "Its map is a prediction (class IoU 0.58)" in scores["notes"][0]
