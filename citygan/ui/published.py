"""Files that the page's own server gives to browsers."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import gradio as gr

from citygan.files import sha256


def publish(files: Mapping[str, Path]) -> str:
    """Lets Gradio serve files in a folder whose name is made from their names and content.

    So a browser never mixes files of two versions. The folder's path, which stands after `file=`, is relative
    to the working directory, as Gradio resolves it, and shows visitors nothing of the machine.

    Args:
        files: What each is called there, with `/` for folders, and where it lies.
    """
    digest = hashlib.sha256()
    for name, file in sorted(files.items()):
        digest.update(name.encode() + b"\0" + bytes.fromhex(sha256(file)))
    published = Path(".gradio", f"citygan-{digest.hexdigest()[:16]}")
    if not published.is_dir():
        published.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=published.parent))
        for name, file in files.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, fresh / name)
        try:
            fresh.rename(published)
        except OSError:  # another process published the same files first
            shutil.rmtree(fresh)
            if not published.is_dir():
                raise
    gr.set_static_paths(published)
    return published.as_posix()
