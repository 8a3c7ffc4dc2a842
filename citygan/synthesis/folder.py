"""`citygan synthesize`: a folder of label maps in, a folder of photos out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro
from PIL import Image
from tqdm import tqdm

from citygan.checkpoint import SHIPPED
from citygan.data.images import ImageError
from citygan.data.label_maps import read_label_map
from citygan.errors import CityGANError
from citygan.files import write_atomically
from citygan.synthesis.synthesizer import Synthesizer

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"))


@dataclass
class Done:
    """What became of the files of a folder."""

    made: int = 0
    skipped: int = 0  # their photos were there
    failed: dict[Path, str] = field(default_factory=dict)  # file -> why it gave no photo


def synthesize(
    labels_dir: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="LABELS_DIR")],
    out_dir: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUT_DIR")],
    *,
    model: str = str(SHIPPED),
    seed: int | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    pattern: str = "**/*",
    again: bool = False,
) -> int:
    """Makes the photo of every label map in a folder, as PNG under the same name.

    The same command again goes on: it skips what is done, unless the label map is newer. A file that
    cannot be used is listed at the end, and makes the exit status 1.

    Args:
        labels_dir: Label maps in the Cityscapes colours, or as label ids or train ids; above 2048 px a
            side they are reduced.
        out_dir: For the photos, in the same folders.
        model: A checkpoint, a path or a Hub id.
        seed: Of every photo.
        device: auto, cpu or cuda; auto is CUDA where there is one.
        pattern: Which files, for example "**/*_labelIds.png".
        again: Make photos anew that are there.
    """
    files = find_label_maps(labels_dir, out_dir, pattern)
    synthesizer = Synthesizer(model, device)
    done = synthesize_folder(
        lambda label_map: synthesizer(label_map, seed), files, labels_dir, out_dir, again=again
    )
    print(f"{done.made} made, {done.skipped} already there, {len(done.failed)} failed: {out_dir}")
    for file, reason in done.failed.items():
        print(f"{file}: {reason}", file=sys.stderr)
    return 1 if done.failed else 0


def find_label_maps(labels_dir: Path, out_dir: Path, pattern: str = "**/*") -> list[Path]:
    """The image files of a folder, sorted.

    Raises:
        CityGANError: no such folder, nothing in it, or photos would be written among the label maps.
    """
    if not labels_dir.is_dir():
        raise CityGANError(f"{labels_dir} is not a folder")
    if out_dir.resolve().is_relative_to(labels_dir.resolve()):
        raise CityGANError(f"{out_dir} lies in {labels_dir}, where photos would be taken for label maps")
    files = sorted(f for f in labels_dir.glob(pattern) if f.suffix.lower() in SUFFIXES and f.is_file())
    if not files:
        raise CityGANError(f"no image in {labels_dir} matches {pattern!r}")
    return files


def synthesize_folder(
    synthesize: Callable[[np.ndarray], np.ndarray],
    files: list[Path],
    labels_dir: Path,
    out_dir: Path,
    *,
    again: bool = False,
) -> Done:
    """Makes the photo of each file, with a progress bar on stderr; one bad file does not stop it.

    Args:
        synthesize: `(H, W) uint8` label map -> `(H, W, 3) uint8` photo.
        files: Label maps below `labels_dir`.
        labels_dir: What the photos' folders are named after.
        out_dir: For the photos.
        again: Make photos anew that are there.

    Raises:
        OSError: a photo could not be written, for example to a full disk.
    """
    done = Done()
    photos = {file: (out_dir / file.relative_to(labels_dir)).with_suffix(".png") for file in files}
    namesakes = Counter(photos.values())
    for file, photo in tqdm(photos.items(), desc="photos", unit="photo"):
        if namesakes[photo] > 1:
            done.failed[file] = f"another label map would also become {photo}; rename one"
        elif not again and photo.is_file() and photo.stat().st_mtime >= file.stat().st_mtime:
            done.skipped += 1
        else:
            try:
                pixels = synthesize(read_label_map(file).label_map)
            except ImageError as error:
                done.failed[file] = str(error)
            else:
                write_atomically(photo, lambda p, pixels=pixels: Image.fromarray(pixels).save(p, "PNG"))
                done.made += 1
    return done
