"""A page without a server: a folder that any web server shows, and that is a static Hugging Face Space.

The photos are made in the visitor's browser: the folder has the page's modules, a checkpoint with its graph,
and ONNX Runtime for browsers.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
from huggingface_hub import metadata_load, metadata_save

from citygan import streets
from citygan.checkpoint import Checkpoint, CheckpointInfo
from citygan.data import colormaps, readings
from citygan.errors import CityGANError
from citygan.models.generator import Generator
from citygan.models.light import Light, light_of
from citygan.runtime import describe_parts, runtime_files
from citygan.synthesis.browser import browser_files
from citygan.wire import STATIC, canvas_props, canvas_size, encode_map

MODULES, CHECKPOINT, RUNTIME, STREETS = FOLDERS = ("page", "checkpoint", "runtime", "streets")
START = "tree-lined road"
RANDOM_STREETS = 24  # of the seeds from 0 on; drawing them takes Python
# What the Space has in common with the one of the whole page
SHARED = ("title", "emoji", "colorFrom", "colorTo", "license", "license_name", "short_description")
# With them a page is isolated from all others, and browsers let its WebAssembly use several cores.
HEADERS = {
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "cross-origin",
}


def write_page(checkpoint: Checkpoint[CheckpointInfo], out: Path, root: Path) -> int:
    """Writes the page of a checkpoint, with everything that it fetches.

    Args:
        checkpoint: One with a graph.
        out: A folder that is empty or not there yet.
        root: CityGAN's repository, whose licence and front matter the Space has too.

    Returns:
        The size of the folder in bytes.

    Raises:
        CityGANError: something is in the folder, the checkpoint cannot run in a browser, or `make runtime`
            was not called.
    """
    readme, terms = root / "README.md", root / "LICENSE"
    if not (readme.is_file() and terms.is_file()):
        raise CityGANError(f"{root} has no README.md with a LICENSE; a Space is made in CityGAN's repository")
    if out.exists() and any(out.iterdir()):
        raise CityGANError(f"{out} is not empty; name another folder or remove it")
    files, runtime = browser_files(checkpoint), runtime_files()
    if not runtime:
        raise CityGANError("ONNX Runtime for browsers is not here; bring it with: make runtime")
    shutil.copytree(STATIC, out / MODULES, ignore=shutil.ignore_patterns("*.html", "*.json", ".*"))
    shutil.copyfile(STATIC / "standalone" / "index.html", out / "index.html")
    shutil.copyfile(terms, out / terms.name)
    places = {file: f"{RUNTIME}/{file.name}" for file in runtime}
    places |= {file: f"{CHECKPOINT}/{file.name}" for file in (files.graph, files.weights, checkpoint.json)}
    for file, place in places.items():
        (out / place).parent.mkdir(exist_ok=True)
        shutil.copyfile(file, out / place)
    page = _describe(checkpoint) | _draw_streets(checkpoint.info, out)
    _write_json(out / "page.json", page | {"parts": describe_parts(files, lambda file: f"../{places[file]}")})
    _write_readme(out / "README.md", checkpoint.info, metadata_load(readme) or {})
    return sum(f.stat().st_size for f in out.rglob("*") if f.is_file())


def _describe(checkpoint: Checkpoint[CheckpointInfo]) -> dict[str, Any]:
    """What the page is told in place of asking, `PageFile` in `standalone/page.js`."""
    info = checkpoint.info
    return {
        "props": canvas_props(info, streets.NAMES) | {"device": None},
        "facts": f"{info.name}, trained on {info.dataset} · weights: {info.license}",
        "start": START,
        "color_tables": colormaps.describe(),
        "readings": readings.describe(),
        "picture_light": picture_light(light_of(cast(Generator, checkpoint.load()))),
        "percentiles": list(info.ssim_percentiles),
        "percentiles_of": info.ssim_percentiles_of,
    }


def _draw_streets(info: CheckpointInfo, out: Path) -> dict[str, Any]:
    """Writes the starting streets and some random ones; where they are, as `page.json` says it."""
    size = canvas_size(info)

    def written(name: str, label_map: np.ndarray) -> str:
        place = f"{STREETS}/{name}.json"
        _write_json(out / place, encode_map(label_map))
        return place

    named = {n: written(re.sub(r"\W+", "-", n), streets.street(n, *size)) for n in streets.NAMES}
    seeds = range(RANDOM_STREETS)
    random = [written(f"random-{seed}", streets.random_street(seed, *size)) for seed in seeds]
    return {"streets": named, "random_streets": random}


def picture_light(light: Light | None) -> dict[str, Any] | None:
    """How to read the light of a picture, `Reading` in `standalone/light.js`; None where none is told."""
    if light is None:
        return None
    others = light.classes_from_overall()
    seen = len(others)
    return {
        "mean": light.mean[:seen].tolist(),
        "deviation": light.deviation[:seen].tolist(),
        "others": others.tolist(),
    }


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _write_readme(path: Path, info: CheckpointInfo, front_matter: dict[str, Any]) -> None:
    """The Space's card, whose front matter configures it."""
    settings = {name: front_matter[name] for name in SHARED if name in front_matter}
    tags = [tag for tag in front_matter.get("tags", []) if tag != "mcp-server"]
    path.write_text(
        f"# CityGAN\n\nPaint a street as a label map, and see it as a photo. The photos are made in your "
        f"browser, by {info.name}, and nothing that you paint leaves it.\n\n"
        f"Weights: {info.license}.\n\n"
        "It needs no more than a web server: `python -m http.server -d THIS_FOLDER`\n",
        encoding="utf-8",
    )
    metadata_save(path, settings | {"sdk": "static", "tags": tags, "custom_headers": HEADERS})
